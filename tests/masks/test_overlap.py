import pytest

from maskwright.errors import UsageError
from maskwright.masks.overlap import OVERLAP_RULES, paint_order

LABELS, AREAS, WEIGHTS = [2, 1, 2, 3, 1], [50, 40, 40, 60, 9], [1.0, 2.5, 1.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("rule", "order"),
    [
        ("last", [0, 1, 2, 3, 4]),
        ("first", [4, 3, 2, 1, 0]),
        ("smallest", [3, 0, 1, 2, 4]),
        ("highest-index", [1, 4, 0, 2, 3]),
        ("priority", [3, 0, 2, 4, 1]),
    ],
)
def test_the_winner_of_each_rule_is_painted_last_and_of_equals_the_later_one(rule: str, order: list[int]):
    assert list(paint_order(rule, LABELS, AREAS, WEIGHTS)) == order


@pytest.mark.parametrize("rule", OVERLAP_RULES)
def test_no_objects_have_no_order(rule: str):
    assert list(paint_order(rule, [], [])) == []


def test_an_unknown_rule_is_answered_with_the_nearest_and_exit_code_2():
    with pytest.raises(UsageError, match="smallest") as caught:
        paint_order("smalest", LABELS, AREAS)
    assert caught.value.exit_code == 2
