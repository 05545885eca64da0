"""Segment ids that bear their class: coded, decoded, and as label maps."""

import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.masks.segment_coding import MOST_CLASSES, classes_of_pixels, coded_ids, decode_segments
from maskwright.structures import ClassTable, PanopticMap, PanopticSegment

TABLE = ClassTable.from_names(["car", "person", "sky"]).with_stuff(["sky"])


def test_things_are_numbered_by_class_and_stuff_is_one_segment() -> None:
    assert coded_ids([1, 2, 1, 3, 3], TABLE) == [4097, 8193, 4098, 12288, 12288]


def test_crowd_regions_of_a_class_have_one_id_and_those_of_stuff_are_the_stuff() -> None:
    assert coded_ids([1, 1, 3], TABLE, crowd=True) == [8191, 8191, 12288]


def test_ids_decode_to_their_classes_and_crowds() -> None:
    ids = np.array([[0, 4097, 4098], [8191, 12288, 12288]], np.uint32)
    found = decode_segments(ids)
    assert [(s.id, s.label, s.crowd) for s in found.segments] == [
        (4097, 1, False),
        (4098, 1, False),
        (8191, 1, True),
        (12288, 3, False),
    ]


def test_more_objects_than_can_be_numbered_are_refused() -> None:
    assert len(coded_ids([1] * 4094, TABLE)) == 4094
    with pytest.raises(DataError, match="'car'"):
        coded_ids([1] * 4095, TABLE)
    assert len(set(coded_ids([3] * 5000, TABLE))) == 1


def test_more_classes_than_can_be_numbered_are_refused() -> None:
    many = ClassTable.from_names([f"class {number}" for number in range(MOST_CLASSES + 1)])
    with pytest.raises(DataError, match=f"{MOST_CLASSES}"):
        coded_ids([1], many)


def test_the_largest_id_fits_into_24_bits() -> None:
    table = ClassTable.from_names([f"class {number}" for number in range(MOST_CLASSES)])
    assert coded_ids([MOST_CLASSES], table, crowd=True) == [256**3 - 1]


def test_pixels_get_the_class_of_their_segment() -> None:
    found = PanopticMap(
        np.array([[0, 7, 7], [3, 9, 5]]),
        (PanopticSegment(9, 3), PanopticSegment(7, 1), PanopticSegment(3, 1, crowd=True)),
    )
    assert classes_of_pixels(found, TABLE).tolist() == [[0, 1, 1], [255, 3, 0]]
    assert classes_of_pixels(found, TABLE, void=255).tolist() == [[255, 1, 1], [255, 3, 255]]


def test_a_map_without_segments_is_void() -> None:
    assert not classes_of_pixels(PanopticMap(np.zeros((2, 3), np.int32), ()), TABLE).any()
