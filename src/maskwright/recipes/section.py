"""The base class of every section of a recipe."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a recipe: unknown keys are errors, and values cannot be changed after validation.

    Pydantic raises ``ValidationError`` for a section built in code. :mod:`maskwright.recipes.loading` turns it into a
    ``UsageError`` that lists every fault with its path.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
