"""The templates of the pages: how they are found, and what is escaped in them."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, **values: Any) -> str:
    """The HTML of ``template`` (a file name of the templates) with ``values``.

    Text is escaped unless it is ``Markup``. A name that the template uses and ``values`` lacks is an error of ours and
    raises ``jinja2.UndefinedError``.
    """
    environment = Environment(
        loader=PackageLoader("maskwright.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
