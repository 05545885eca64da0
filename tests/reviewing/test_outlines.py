"""Outlines of masks and boxes as rings of points."""

from typing import Any

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.reviewing.outlines import outline_rings


def record(mask: np.ndarray) -> Any:
    return {"segmentation": coco_mask.encode(np.asfortranarray(mask.astype(np.uint8))), "bbox": [0.0, 0.0, 3.0, 2.0]}


def test_a_mask_has_its_outer_ring_and_its_hole_which_can_be_left_out():
    mask = np.ones((20, 30), bool)
    mask[5:15, 5:20] = False
    outer, hole = outline_rings(record(mask), 0.5)
    assert sorted(map(tuple, outer.tolist())) == [(0, 0), (0, 20), (30, 0), (30, 20)]
    assert sorted(map(tuple, hole.tolist())) == [(5, 5), (5, 15), (20, 5), (20, 15)]
    assert [ring.tolist() for ring in outline_rings(record(mask), 0.5, holes=False)] == [outer.tolist()]


def test_a_box_is_taken_where_there_is_no_mask():
    boxed = record(np.ones((4, 4), bool))
    del boxed["segmentation"]
    assert [ring.tolist() for ring in outline_rings(boxed, 0.5)] == [[[0, 0], [3, 0], [3, 2], [0, 2]]]


def test_points_within_the_tolerance_of_a_line_are_left_out():
    steps = np.tril(np.ones((40, 40), bool))
    (fine,), (coarse,) = outline_rings(record(steps), 0.1), outline_rings(record(steps), 2.0)
    assert len(coarse) < len(fine) / 5
