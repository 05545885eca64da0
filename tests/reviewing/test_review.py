"""A review from the files to the page, and its decisions back into the file."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.reviewing.review import write_review
from maskwright.workflows.check import check
from tests.reviewing.scenes import SIDE, written
from tests.reviewing.test_search import CASES

QUIET = Reporter(quiet=True)


@pytest.fixture
def data(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Labels with an error of each kind, predictions, and the images."""
    labels, predictions = written(tmp_path, *(case[0] for case in CASES.values()), clean=30)
    for image in json.loads(labels.read_text())["images"]:
        pixels = np.random.default_rng(image["id"]).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        cv2.imwrite(str(tmp_path / image["file_name"]), pixels)
    return labels, predictions, tmp_path


def reviewed(data: tuple[Path, Path, Path], out: Path, most: int = 200):
    return write_review(*data, out, most, False, QUIET)


def test_every_error_is_in_the_files_and_on_the_page(data, tmp_path: Path):
    found = reviewed(data, tmp_path / "out")
    assert {each["kind"] for each in found.suspects} == CASES.keys()
    assert [each["evidence"] for each in found.suspects] == sorted(
        (e["evidence"] for e in found.suspects), reverse=True
    )
    assert json.loads((tmp_path / "out" / "suspects.json").read_text()) == found.to_json()
    assert len((tmp_path / "out" / "suspects.csv").read_text().splitlines()) == 1 + len(found.suspects)
    page = found.page.read_text(encoding="utf-8")
    whole, subset = (json.loads(path.read_text()) for path in (data[0], tmp_path / "out" / "suspects.coco.json"))
    suspected = {each["image_id"] for each in found.suspects}
    assert subset["images"] == [each for each in whole["images"] if each["id"] in suspected]
    assert subset["annotations"] == [each for each in whole["annotations"] if each["image_id"] in suspected]
    assert subset["categories"] == whole["categories"]
    assert page.count("data:image/webp;base64,") == len(found.suspects)
    assert reviewed(data, tmp_path / "short", most=2).page.read_text(encoding="utf-8").count('class="suspect"') == 2


def test_accepted_decisions_correct_the_file_and_leave_all_else_to_the_byte(data, tmp_path: Path):
    labels, predictions, _ = data
    # An annotation that nobody touches, written as no program of ours writes.
    text = labels.read_text().replace('"id": 160,', '"id":160 , "mine" : {"b":1.50, "a":[ ]},')
    labels.write_text(text)
    found = reviewed(data, tmp_path / "out")
    assert len(found.suspects) == len(CASES)
    page = json.loads((tmp_path / "out" / "suspects.json").read_text())
    decisions = {
        "format": "maskwright review decisions",
        "annotations": page["annotations"],
        "decisions": [
            {
                "suspect": s["id"],
                "kind": s["kind"],
                "image": s["file_name"],
                "decision": "accept",
                "changes": s["changes"],
            }
            for s in page["suspects"]
        ],
    }
    decided = tmp_path / "decisions.json"
    decided.write_text(json.dumps(decisions))
    fixed = tmp_path / "fixed.json"
    done = check(labels, fix=fixed, decisions=decided, reporter=QUIET)
    assert done.exit_code == 0
    assert '"id":160 , "mine" : {"b":1.50, "a":[ ]},' in fixed.read_text()
    # The corrected labels are what the model sees: nothing is suspected any more.
    again = write_review(fixed, predictions, tmp_path, tmp_path / "again", 200, False, QUIET)
    assert again.suspects == []


def test_a_folder_of_predictions_will_do_and_what_is_missing_is_refused(data, tmp_path: Path):
    labels, predictions, images = data
    (tmp_path / "folds").mkdir()
    predictions.rename(tmp_path / "folds" / "instances.json")
    folder = (labels, tmp_path / "folds", images)
    assert len(reviewed(folder, tmp_path / "out").suspects) == len(CASES)
    with pytest.raises(UsageError, match="--max 0"):
        reviewed(folder, tmp_path / "other", most=0)
    with pytest.raises(UsageError, match="does not exist"):
        reviewed(data, tmp_path / "other")
    with pytest.raises(UsageError, match="images"):
        reviewed((labels, tmp_path / "folds", tmp_path / "none"), tmp_path / "other")


def test_results_of_no_image_are_refused_and_images_without_any_are_named(data, tmp_path: Path):
    _, predictions, _ = data
    found = json.loads(predictions.read_text())
    predictions.write_text(json.dumps([each for each in found if each["image_id"] != 9]))
    assert any("1 of 37 images have no detection" in each for each in reviewed(data, tmp_path / "o").numbers["remarks"])
    predictions.write_text(json.dumps([{**found[0], "image_id": 9999}]))
    with pytest.raises(DataError):
        reviewed(data, tmp_path / "out")
