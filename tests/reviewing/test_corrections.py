"""What accepting a suspect does to the file."""

from pathlib import Path

import pytest

from maskwright.reviewing.corrections import correction_text, corrections
from maskwright.reviewing.search import find_suspects
from tests.reviewing.scenes import read, written
from tests.reviewing.test_search import CASES

DOES = {
    "missing": [("add", None)],
    "spurious": [("remove", 104)],
    "wrong_class": [("class", 103)],
    "poor_outline": [("outline", 103)],
    "duplicate": [("remove", 104)],
    "merged": [("outline", 101), ("add", None)],
    "split": [("outline", 103), ("remove", 104)],
}


@pytest.mark.parametrize("kind", CASES)
def test_changes_are_in_the_ids_of_the_file_and_masks_boxes_and_areas_agree(kind: str, tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES[kind][0]))
    (suspect,) = find_suspects(truth, results)
    changes = corrections(suspect, truth, results)
    assert [(each["do"], each.get("annotation")) for each in changes] == DOES[kind]
    for each in changes:
        if "segmentation" in each:
            assert each["area"] == each["bbox"][2] * each["bbox"][3]  # they are rectangles
            assert isinstance(each["segmentation"]["counts"], str)
        if each["do"] in ("add", "class"):
            assert each["category_id"] == suspect.suggested
    assert correction_text(suspect, changes).endswith(".")


def test_no_outline_is_made_of_a_box(tmp_path: Path):
    truth, results = read(*written(tmp_path, CASES["missing"][0], masks=False))
    (suspect,) = find_suspects(truth, results)
    assert corrections(suspect, truth, results) == []
    assert "boxes alone" in correction_text(suspect, [])
