"""A page as the tests look at it: its tags, its text, and whether every tag is closed once."""

import base64
import hashlib
import re
from html.parser import HTMLParser

_VOID = {"meta", "img", "input", "br", "hr", "link"}


class Page(HTMLParser):
    """Tags with their attributes, the text outside styles, and tags left open or closed twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text, self.open, self.unbalanced = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def named(self, tag):
        """The attributes of each ``tag``."""
        return [attributes for name, attributes in self.tags if name == tag]


def assert_runs_only_its_own_script(html: str) -> None:
    """The page holds one script, without attributes, and its policy lets run only what has that script's hash."""
    assert len(re.findall(r"<script", html)) == 1
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for reaching_out in ("fetch", "XMLHttpRequest", "import", "eval", "innerHTML", "http", "document.write"):
        assert reaching_out not in script
