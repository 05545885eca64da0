from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.coco.panoptic_file import (
    PanopticCategory,
    PanopticFile,
    PanopticImage,
    PanopticRecord,
    writing_panoptic,
)
from maskwright.errors import UsageError
from maskwright.evaluation.panoptic.files import PanopticFiles, load_pair, panoptic_pairs
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.structures import PanopticMap, PanopticSegment


def files(*records: tuple[int | str, str], images: tuple[PanopticImage, ...] = (), name: str = "t") -> PanopticFiles:
    path = Path(f"{name}.json")
    return PanopticFiles(PanopticFile(path, [PanopticRecord(i, n, []) for i, n in records], list(images)), Path(name))


def test_predictions_are_found_by_the_id_of_the_image_before_the_name():
    pairs, findings = panoptic_pairs(files((1, "a.png"), (2, "b.png")), files((2, "a.png"), (1, "b.png"), name="p"))
    assert [(pair.truth.file_name, pair.prediction.file_name) for pair in pairs] == [
        ("a.png", "b.png"),
        ("b.png", "a.png"),
    ]
    assert findings.counts == {"other_name": 2}


def test_where_ids_differ_names_decide():
    pairs, findings = panoptic_pairs(files(("ulm_1", "a.png")), files((1, "sub/a.png"), (2, "b.png"), name="p"))
    assert [pair.prediction.image_id for pair in pairs] == [1]
    assert findings.counts == {"no_truth": 1}


def test_a_prediction_is_that_of_one_image_only():
    pairs, findings = panoptic_pairs(files((5, "a.png"), (6, "a.png"), (1, "b.png")), files((1, "a.png"), name="p"))
    assert [pair.truth.image_id for pair in pairs] == [1]
    assert findings.counts["missing_prediction"] == 2
    pairs, findings = panoptic_pairs(files((5, "a.png"), (6, "a.png")), files((1, "a.png"), name="p"))
    assert [pair.truth.image_id for pair in pairs] == [5]
    assert findings.counts == {"missing_prediction": 1}


def test_images_without_a_partner_are_named():
    images = (PanopticImage(1, "a.jpg", 2, 3), PanopticImage(9))
    pairs, findings = panoptic_pairs(files((1, "a.png"), (2, "b.png"), images=images), files((1, "a.png"), name="p"))
    assert [pair.size for pair in pairs] == [(2, 3)]
    assert findings.examples == {
        "missing_prediction": ["p.json: has none of the image 2 (b.png)"],
        "not_annotated": ["9"],
    }
    with pytest.raises(UsageError, match=r"t\.json: has no annotations"):
        panoptic_pairs(files(), files(name="p"))


def test_maps_are_read_from_the_folder_beside_the_file(tmp_path: Path):
    found = PanopticMap(np.array([[1, 1, 0]]), (PanopticSegment(1, 7),))
    with writing_panoptic(tmp_path / "panoptic.json", [PanopticCategory(7, "road", 0)]) as write:
        write(1, "a.jpg", found)
    both = PanopticFiles.read(tmp_path, None)
    [pair], findings = panoptic_pairs(both, both)
    maps = load_pair(both, both, pair, findings)
    assert maps is not None
    assert (maps[0].ids == found.ids).all()
    assert maps[0].segments == (PanopticSegment(1, 7, area=2),)
    assert not findings.counts


def test_a_size_other_than_the_stated_one_is_a_finding(tmp_path: Path):
    with writing_panoptic(tmp_path / "panoptic.json", [PanopticCategory(7, "road", 0)]) as write:
        write(1, "a.jpg", PanopticMap(np.array([[1, 1, 0]]), (PanopticSegment(1, 7),)))
    both = PanopticFiles.read(tmp_path / "panoptic.json", tmp_path / "panoptic")
    both.file.images[0].width = 4
    [pair], _ = panoptic_pairs(both, both)
    findings = PanopticFindings()
    assert load_pair(both, both, pair, findings) is None
    assert "is 3×1 pixels, its record in images 4×1" in findings.examples["wrong_size"][0]
