"""Rendering of the page templates, with HTML escaping."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **values: Any) -> str:
    """Return the HTML of ``template``, a file name in ``reports/templates``, filled with ``values``.

    Text is escaped unless it is ``Markup``. Raises ``jinja2.UndefinedError`` when the template uses a name that
    ``values`` lacks, which is a fault of this package.
    """
    environment = Environment(
        loader=PackageLoader("maskwright.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
