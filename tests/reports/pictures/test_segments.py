"""Overlays of panoptic maps: colours by class, white lines between segments, void as it is."""

import numpy as np

from maskwright.reports.pictures.segments import overlay_segments
from maskwright.structures import ClassTable, PanopticMap, PanopticSegment

TABLE = ClassTable.from_names(["car", "sky"]).with_stuff(["sky"])


def test_two_objects_of_a_class_are_separated_and_void_stays() -> None:
    ids = np.zeros((20, 40), np.int32)
    ids[5:15, 4:20], ids[5:15, 20:36] = 1, 2
    image = np.full((20, 40, 3), 100, np.uint8)
    drawn = overlay_segments(image, PanopticMap(ids, (PanopticSegment(1, 1), PanopticSegment(2, 1))), TABLE)
    assert drawn.shape == image.shape
    assert (drawn[5:15, 20] == 255).all()
    assert (drawn[:4] == 100).all()
    assert len(np.unique(drawn[8, 6:18].reshape(-1, 3), axis=0)) == 1
    assert (drawn[8, 10] != 100).any()


def test_a_legend_is_below() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    found = PanopticMap(np.ones((200, 300), np.int32), (PanopticSegment(1, 2),))
    assert len(overlay_segments(image, found, TABLE, with_legend=True)) > 200
