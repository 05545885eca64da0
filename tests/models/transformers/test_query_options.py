"""Options of query models: what is out of range is refused by name, and what no group has by its name."""

from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.models.transformers.query_options import SetPrediction, require_all_taken, take_group
from tests.models.transformers.small_queries import small_model


@pytest.mark.parametrize(
    "options",
    [
        {"queries": 0}, {"queries": 10**9}, {"queries": 2.5}, {"queries": True}, {"training_points": -1},
        {"oversample": 0.5}, {"oversample": 1e9}, {"importance": 1.5}, {"mask_weight": -1},
        {"no_object_weight": float("nan")}, {"dice_weight": "5"},
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SetPrediction(**options)


def test_a_group_takes_its_options_and_leaves_the_others() -> None:
    options: dict[str, Any] = {"queries": 5, "other": 1}
    assert take_group(SetPrediction, options).queries == 5
    assert options == {"other": 1}
    with pytest.raises(TypeError, match="unknown options: other"):
        require_all_taken(options)


@pytest.mark.parametrize("options", [{"queries": 0}, {"channels": 48}, {"attention_heads": 3}, {"decoder_layers": 0}])
def test_the_catalogue_tells_them_as_wrong_usage(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"cannot be built with the options.*{next(iter(options))}"):
        small_model(**options)
