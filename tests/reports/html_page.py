"""A page as the tests look at it: its tags, its text, and whether every tag is closed once."""

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
        if "style" not in self.open:
            self.text.append(data)

    def named(self, tag):
        """The attributes of each ``tag``."""
        return [attributes for name, attributes in self.tags if name == tag]
