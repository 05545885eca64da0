"""The overlaps of a scene, against areas counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.reviewing.image_evidence import evidence_of_images
from tests.reviewing.scenes import CLEAN, read, written


def test_overlaps_shares_and_matches(tmp_path: Path):
    scene = (
        [(3, (0.0, 0.0, 20.0, 20.0)), (7, (50.0, 50.0, 20.0, 20.0))],
        [(3, 0.9, (0.0, 0.0, 20.0, 10.0)), (3, 0.8, (0.0, 0.0, 20.0, 20.0)), (3, 0.7, (50.0, 50.0, 20.0, 20.0))],
    )
    image = next(evidence_of_images(*read(*written(tmp_path, scene))))
    assert image.ious.tolist() == [[0.5, 0], [1, 0], [0, 1]]
    assert image.shares().tolist() == [[1, 0], [1, 0], [0, 1]]
    assert image.shares(of_objects=True).tolist() == [[0.5, 0], [1, 0], [0, 1]]
    # By COCO's rule the more confident detection takes the object first; another class finds nothing.
    assert image.match.tolist() == [0, -1, -1]
    assert image.matched_by.tolist() == [0, -1]
    assert image.same.tolist() == [[True, False], [True, False], [True, False]]
    assert image.twin.tolist() == [-1, -1]
    assert image.found_ious[0].tolist() == [1, 0.5, 0]


def test_agreement_is_the_smaller_of_both_ious_where_there_are_masks(tmp_path: Path):
    scene = ([(3, (0.0, 0.0, 60.0, 60.0))], [(3, 0.9, (3.0, 3.0, 60.0, 60.0))])
    masks = next(evidence_of_images(*read(*written(tmp_path, scene))))
    assert masks.agreement(0, 0) < masks.ious[0, 0]
    assert masks.matched_agreement.tolist() == [masks.agreement(0, 0)]
    boxes = next(evidence_of_images(*read(*written(tmp_path, scene, masks=False))))
    assert boxes.agreement(0, 0) == boxes.ious[0, 0]
    assert np.isclose(boxes.ious[0, 0], 57 * 57 / (2 * 3600 - 57 * 57))


def test_the_twin_of_an_object_is_the_earlier_one_of_its_class_that_it_overlaps_most(tmp_path: Path):
    box, half, away = (0.0, 0.0, 20.0, 20.0), (0.0, 0.0, 20.0, 10.0), (60.0, 60.0, 20.0, 20.0)
    scene = ([(3, half), (7, box), (3, box), (3, away), (3, box)], [])
    image = next(evidence_of_images(*read(*written(tmp_path, scene))))
    assert image.twin.tolist() == [-1, -1, 0, -1, 2]
    assert image.twin_ious.tolist() == [0, 0, 0.5, 0, 1]


def test_the_agreement_of_an_object_that_nothing_finds_is_0(tmp_path: Path):
    scene = ([(3, (0.0, 0.0, 60.0, 60.0))], [(3, 0.9, (40.0, 40.0, 60.0, 60.0))])
    image = next(evidence_of_images(*read(*written(tmp_path, scene))))
    assert image.matched_agreement.tolist() == [0]


def test_more_pairs_with_detections_than_the_limit_are_refused(tmp_path: Path, monkeypatch):
    scene = ([(3, (0.0, 0.0, 20.0, 20.0))] * 3, [(3, 0.9, (0.0, 0.0, 20.0, 20.0))] * 2)
    monkeypatch.setenv("MASKWRIGHT_LIMIT_SCORED_PAIRS", "5")
    with pytest.raises(DataError, match=r"3 objects and 2 detections.*scored-pairs"):
        list(evidence_of_images(*read(*written(tmp_path, scene))))


def test_every_image_has_evidence_in_the_order_of_the_file(tmp_path: Path):
    found = list(evidence_of_images(*read(*written(tmp_path, ([], []), clean=2))))
    assert [each.position for each in found] == [0, 1, 2]
    assert [len(each.objects) for each in found] == [0, len(CLEAN[0]), len(CLEAN[0])]
