"""Rendering of the page templates, with HTML escaping."""

from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from maskwright.control_characters import escape_controls


def render(template: str, **values: Any) -> str:
    """Return the HTML of ``template``, a file name in ``reports/templates``, filled with ``values``.

    Text is escaped unless it is ``Markup``: what HTML would read, and control characters. Raises
    ``jinja2.UndefinedError`` when the template uses a name that ``values`` lacks, which is a fault of this package.
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
    return environment.get_template(template).render(**values)


def _shown(value: Any) -> Any:
    """Escape the control characters of text; ``Markup`` was made here, and may have line breaks."""
    return escape_controls(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _lines(text: str | Iterable[str]) -> Markup:
    """Return ``text``, or its lines, for an element that keeps line breaks."""
    lines = text.split("\n") if isinstance(text, str) else text
    return Markup("\n").join(escape(escape_controls(line)) for line in lines)
