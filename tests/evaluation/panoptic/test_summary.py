import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.evaluation.panoptic.classes import PanopticClasses
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.panoptic.summary import PanopticMatches, match_image, summarise_panoptic
from maskwright.structures import PanopticMap, PanopticSegment

CLASSES = PanopticClasses(("sky", "car"), (False, None), {1: 1, 2: 2}, {1: 1, 2: 2}, ("moon",))
MAP = PanopticMap(np.array([[1, 2]]), (PanopticSegment(1, 1), PanopticSegment(2, 2)))


def test_counts_of_images_add_up_and_remarks_name_what_is_not_scored():
    images = [match_image(MAP, MAP, CLASSES, ("t", "p")), PanopticMatches({1: MatchCounts(0, 1, 0, 0.0)})]
    summary = summarise_panoptic(images, CLASSES, PanopticFindings(), "found.json")
    assert summary.scores["images"] == 2
    assert summary.scores["classes"]["sky"]["PQ"] == pytest.approx(1 / 1.5)
    assert summary.to_json()["remarks"] == [
        "found.json: the classes moon are not in the truth; their pixels count as void.",
        "1 classes have no isthing and are neither things nor stuff (car).",
    ]


def test_an_image_of_another_size_has_no_counts_and_ends_the_scoring():
    image = match_image(MAP, PanopticMap(np.array([[1], [2]]), MAP.segments), CLASSES, ("t.png", "p.png"))
    assert image.counts == {}
    with pytest.raises(DataError, match=r"p\.png: is 1×2 pixels, its truth t\.png 2×1"):
        summarise_panoptic([image], CLASSES, PanopticFindings(), "found.json")
