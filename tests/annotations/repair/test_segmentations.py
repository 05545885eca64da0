import json
from typing import Any

import msgspec
import pytest

from maskwright.annotations.repair.edit import Edit
from maskwright.annotations.repair.segmentations import draws_nothing, repair_segmentation

SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]


def edit(segmentation: Any) -> Edit:
    record = {"id": 1} if segmentation is ... else {"id": 1, "segmentation": segmentation}
    return Edit.of("annotation", msgspec.Raw(json.dumps(record).encode()))


@pytest.mark.parametrize(
    ("segmentation", "expected", "codes"),
    [
        (SQUARE, [SQUARE], ["flat_polygon_list"]),
        ([SQUARE, [1, 2]], [SQUARE], ["dropped_parts"]),
        ([[None] * 6, SQUARE, [], SQUARE], [SQUARE, SQUARE], ["dropped_parts"]),
        ([SQUARE, ["1"] * 6], [SQUARE], ["dropped_parts"]),
        ([SQUARE], [SQUARE], []),
        ([[1, 2]], [[1, 2]], []),
        ([1, 2, 3, 4], [1, 2, 3, 4], []),
        ([1, 2, 3, 4, 5, None], [1, 2, 3, 4, 5, None], []),
        ({"size": [2, 2], "counts": [4]}, {"size": [2, 2], "counts": [4]}, []),
        ("text", "text", []),
    ],
    ids=str,
)
def test_what_can_be_drawn_is_kept_and_what_is_meant_by_the_rest_is_not_guessed(
    segmentation: Any, expected: Any, codes: list[str]
):
    mended = edit(segmentation)
    repair_segmentation(mended)
    assert json.loads(msgspec.json.encode(mended.record))["segmentation"] == expected
    assert [repair.code for repair in mended.repairs] == codes


def test_coordinates_keep_their_spelling():
    mended = Edit.of("annotation", msgspec.Raw(b'{"id":1,"segmentation":[[1.50,1e0,9,1,9,9],[1]]}'))
    repair_segmentation(mended)
    assert msgspec.json.encode(mended.record) == b'{"id":1,"segmentation":[[1.50,1e0,9,1,9,9]]}'


@pytest.mark.parametrize(
    ("segmentation", "expected"),
    [
        (..., True),
        (None, True),
        ([], True),
        ([[]], True),
        ([[], []], True),
        ("", True),
        (0, True),
        ([[0]], False),
        ([[0, 0, 0, 0]], False),
        ([0, 0], False),
        ({}, False),
        ({"size": [2, 2], "counts": [4]}, False),
        ([[], SQUARE], False),
        ([SQUARE * 50], False),
        ("text", False),
    ],
    ids=lambda value: str(value)[:40],
)
def test_nothing_is_drawn_where_there_is_no_coordinate(segmentation: Any, expected: bool):
    assert draws_nothing(edit(segmentation)) is expected
