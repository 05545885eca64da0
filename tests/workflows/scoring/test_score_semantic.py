from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.errors import DataError, UsageError
from maskwright.files import write_json, write_text
from maskwright.progress import Reporter
from maskwright.structures import ClassTable
from maskwright.workflows.scoring.score_semantic import score_semantic

QUIET = Reporter(quiet=True)


def write_maps(folder: Path, maps: dict[str, Any], names: list[str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, pixels in maps.items():
        Image.fromarray(np.asarray(pixels, np.uint8)).save(folder / f"{name}.png")
    if names is not None:
        write_json(folder / "classes.json", ClassTable.from_names(names).to_json())
    return folder


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(2, 5))
def test_scores_are_those_of_all_pixels_of_the_data_set(
    tmp_path_factory: pytest.TempPathFactory, seed: int, classes: int
):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("maps")
    sizes = [rng.integers(1, 9, 2) for _ in range(3)]
    truth = [rng.choice([*range(classes), 255], size) for size in sizes]
    predicted = [rng.integers(0, classes, size) for size in sizes]
    names = [f"class {i}" for i in range(1, classes)]
    folders = [
        write_maps(folder / part, {str(i): each for i, each in enumerate(maps)}, names)
        for part, maps in (("truth", truth), ("predicted", predicted))
    ]
    scores = score_semantic(*folders, reporter=QUIET).scores
    true, found = (np.concatenate([each.ravel() for each in maps]) for maps in (truth, predicted))
    found = found[true != 255]
    true = true[true != 255]
    ious = []
    for label, name in enumerate(["background", *names]):
        union = ((true == label) | (found == label)).sum()
        expected = ((true == label) & (found == label)).sum() / union if union else None
        assert scores["classes"][name]["IoU"] == (expected if expected is None else pytest.approx(expected, abs=1e-12))
        ious += [] if expected is None else [expected]
    assert scores["mIoU"] == (pytest.approx(np.mean(ious), abs=1e-12) if ious else None)
    assert scores["pixel_accuracy"] == (pytest.approx((true == found).mean(), abs=1e-12) if true.size else None)
    assert np.sum(scores["confusion"]["pixels"]) == true.size


def test_predictions_that_number_the_classes_otherwise_meet_by_name(tmp_path: Path):
    truth = write_maps(tmp_path / "t", {"1": [[0, 1, 2, 2]]}, ["dog", "cat"])
    predicted = write_maps(tmp_path / "p", {"1": [[0, 3, 1, 2]]}, ["cat", "cow", "dog"])
    summary = score_semantic(truth, predicted, reporter=QUIET)
    assert summary.scores["classes"]["dog"]["IoU"] == 1.0
    assert summary.scores["classes"]["cat"]["IoU"] == 0.5
    assert any("the classes cow are not in the truth" in remark for remark in summary.remarks)
    assert summary.scores["confusion"]["columns"][-1] == "none of them"
    assert summary.scores["confusion"]["pixels"][2] == [0, 0, 1, 1]


def test_names_in_a_text_file_start_at_label_0(tmp_path: Path):
    truth, predicted = (write_maps(tmp_path / part, {"1": [[0, 1, 1, 7]]}) for part in "tp")
    write_text(tmp_path / "names.txt", "road\nsky\n")
    options: dict[str, Any] = {"classes": tmp_path / "names.txt", "ignore_index": 7, "reporter": QUIET}
    scores = score_semantic(truth, predicted, **options).scores
    assert (list(scores["classes"]), scores["mIoU"]) == (["road", "sky"], 1.0)
    ignoring = score_semantic(truth, predicted, ignore=["sky"], **options).scores
    assert (list(ignoring["classes"]), np.sum(ignoring["confusion"]["pixels"])) == (["road"], 1)


def test_boundaries_are_scored_on_request(tmp_path: Path):
    pixels = np.zeros((20, 20), np.uint8)
    pixels[5:15, 5:15] = 1
    truth = write_maps(tmp_path / "t", {"1": pixels}, ["dog"])
    predicted = write_maps(tmp_path / "p", {"1": np.roll(pixels, 1, 0)}, ["dog"])
    scores = score_semantic(truth, predicted, boundary=True, reporter=QUIET).scores
    assert scores["classes"]["dog"]["boundary_IoU"] < scores["classes"]["dog"]["IoU"] == pytest.approx(90 / 110)
    assert scores["boundary_mIoU"] is not None


def test_predictions_without_a_truth_are_named_and_not_scored(tmp_path: Path):
    truth = write_maps(tmp_path / "t", {"1": [[1]]}, ["dog"])
    predicted = write_maps(tmp_path / "p", {"1": [[1]], "2": [[0]]}, ["dog"])
    summary = score_semantic(truth, predicted, reporter=QUIET)
    assert summary.scores["images"] == 1
    assert "1 label maps have no truth and are not scored (2)" in summary.remarks[0]


def test_a_map_of_another_size_is_refused_by_name(tmp_path: Path):
    truth = write_maps(tmp_path / "t", {"1": [[1, 1]]}, ["dog"])
    predicted = write_maps(tmp_path / "p", {"1": [[1], [1]]}, ["dog"])
    with pytest.raises(DataError, match=r"p/1\.png: is 1×2 pixels, its truth .*t/1\.png 2×1"):
        score_semantic(truth, predicted, reporter=QUIET)


def test_a_label_without_a_name_is_refused_by_name(tmp_path: Path):
    truth = write_maps(tmp_path / "t", {"1": [[1, 9]]}, ["dog"])
    predicted = write_maps(tmp_path / "p", {"1": [[1, 1]]}, ["dog"])
    with pytest.raises(DataError, match=r"t/1\.png: has the label 9"):
        score_semantic(truth, predicted, reporter=QUIET)


def test_labels_need_names(tmp_path: Path):
    truth, predicted = (write_maps(tmp_path / part, {"1": [[1]]}) for part in "tp")
    with pytest.raises(UsageError, match="--classes FILE"):
        score_semantic(truth, predicted, reporter=QUIET)
    with pytest.raises(UsageError, match="--ignore-index 70000"):
        score_semantic(truth, predicted, ignore_index=70000, reporter=QUIET)
