"""Rendering of the page templates, with HTML escaping, a table of contents and the script of the pages."""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from maskwright.control_characters import escape_controls

# Sections of the templates: what users give is escaped, and can begin none.
_SECTION = re.compile(r'<section id="([^"]+)">\s*<h2>(.*?)</h2>', re.DOTALL)
_FEWEST_SECTIONS = 2


class PageScript(NamedTuple):
    """The script that pages hold, and its ``hash`` as a content security policy names it."""

    text: Markup
    hash: str


def render(template: str, **values: Any) -> str:
    """Return the HTML of ``template``, a file name in ``reports/templates``, filled with ``values``.

    Text is escaped unless it is ``Markup``: what HTML would read, and control characters. Above ``<main>`` stands a
    table of contents, a link to each section that has an id and a heading. Raises ``jinja2.UndefinedError`` when the
    template uses a name that ``values`` lacks, which is a fault of this package.
    """
    environment = Environment(
        loader=PackageLoader("maskwright.reports", "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["lines"] = _lines
    environment.globals["script"] = page_script()
    return _with_contents(environment.get_template(template).render(**values))


@cache
def page_script(name: str = "page.js") -> PageScript:
    """Return a script of ``reports/templates``; the policy of a page lets run only those that it names.

    ``page.js`` sorts and filters tables, ``review.js`` takes decisions.
    """
    text = (files("maskwright.reports") / "templates" / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return PageScript(Markup(text), f"sha256-{digest}")


def _with_contents(html: str) -> str:
    """Return the page with links to its sections before its main part."""
    links = [f'<li><a href="#{name}">{title}</a></li>' for name, title in _SECTION.findall(html)]
    if len(links) < _FEWEST_SECTIONS:
        return html
    contents = ['<nav class="contents" aria-label="Contents">', "<ul>", *links, "</ul>", "</nav>", "", "<main>"]
    return html.replace("<main>", "\n".join(contents), 1)


def _shown(value: Any) -> Any:
    """Escape the control characters of text; ``Markup`` was made here, and may have line breaks."""
    return escape_controls(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _lines(text: str | Iterable[str]) -> Markup:
    """Return ``text``, or its lines, for an element that keeps line breaks."""
    lines = text.split("\n") if isinstance(text, str) else text
    return Markup("\n").join(escape(escape_controls(line)) for line in lines)
