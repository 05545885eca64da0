"""A section of a recipe rejects unknown keys and cannot be changed."""

import pytest
from pydantic import ValidationError

from maskwright.recipes.section import Section


class Part(Section):
    model_name: str = "unet"


def test_an_unknown_key_is_an_error_that_names_it() -> None:
    with pytest.raises(ValidationError) as caught:
        Part.model_validate({"model_nam": "unet"})
    assert [(each["loc"], each["type"]) for each in caught.value.errors()] == [(("model_nam",), "extra_forbidden")]


def test_a_value_cannot_be_changed_after_validation() -> None:
    part = Part()
    with pytest.raises(ValidationError):
        part.model_name = "other"
    assert part.model_name == "unet"
