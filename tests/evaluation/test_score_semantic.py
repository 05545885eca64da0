import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError, UsageError
from maskwright.evaluation.score_semantic import score_semantic
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import encode_png
from maskwright.progress import Reporter
from maskwright.structures import ClassTable, LabelMap
from maskwright.synthetic.shapes import write_shapes
from maskwright.workflows.masks import masks
from maskwright.workflows.scoring import score_semantic as command
from tests.conftest import CocoFactory

NAMES = ["background", "road", "sky"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> CocoDataset:
    return CocoDataset.open(write_shapes(tmp_path_factory.mktemp("shapes"), 8))


def spoilt(maps: dict[str, LabelMap], classes: int, seed: int = 0) -> dict[str, LabelMap]:
    """Predictions with a fifth of the pixels of some other class."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, labels in maps.items():
        other = rng.integers(0, classes + 1, labels.shape).astype(labels.dtype)
        found[name] = np.where((rng.random(labels.shape) < 0.2) | (labels > classes), other, labels)
    return found


@pytest.mark.parametrize(
    "options",
    [{}, {"boundary": True}, {"ignore": ["background", "ring"]}, {"ignore_index": 255}],
    ids=["", "edges", "ignored", "index"],
)
def test_the_scores_are_those_of_the_command_to_the_last_bit(
    data: CocoDataset, tmp_path: Path, options: dict[str, Any]
):
    truth = data.to_json(tmp_path / "truth.json")
    masks(truth, tmp_path / "truth", workers=0)
    found = spoilt({sample.name: sample.label_map() for sample in data}, len(data.classes))
    files = mask_files(data.names)
    (tmp_path / "found").mkdir()
    for name, labels in found.items():
        (tmp_path / "found" / files[name]).write_bytes(encode_png(Path(files[name]), labels))
    by_command = command.score_semantic(
        tmp_path / "truth", tmp_path / "found", reporter=Reporter(quiet=True), **options
    ).to_json()
    scores = score_semantic(data, found, **options)
    assert 0 < scores["mIoU"] < 1
    by_command["remarks"] = [line.replace(str(tmp_path / "found"), "predictions") for line in by_command["remarks"]]
    assert json.loads(json.dumps(scores)) == json.loads(json.dumps(by_command))


def test_truth_may_be_label_maps_with_the_names_of_their_labels():
    truth = {"a": np.array([[0, 1], [2, 255]], np.uint8)}
    found = {"a": np.array([[0, 1], [1, 2]], np.int64)}
    scores = score_semantic(truth, found, classes=NAMES)
    assert scores["pixel_accuracy"] == 2 / 3
    assert scores["classes"]["road"]["IoU"] == 0.5
    assert scores == score_semantic(truth, found, classes=ClassTable.from_names(NAMES[1:]))


def test_other_classes_meet_the_truth_by_name():
    truth = {"a": np.array([[0, 1], [2, 2]], np.uint8)}
    found = {"a": np.array([[0, 2], [1, 3]], np.uint8)}
    table = ClassTable.from_names(["sky", "road", "tree"])
    scores = score_semantic(truth, found, classes=NAMES, prediction_classes=table)
    assert scores["pixel_accuracy"] == 3 / 4
    assert any("tree" in remark for remark in scores["remarks"])


def test_rules_for_overlaps_and_crowds_decide_the_truth(coco: CocoFactory):
    crowd = {"segmentation": {"size": [48, 64], "counts": [0, 480, 2592]}, "iscrowd": 1}
    data = CocoDataset.open(coco({}, {"category_id": 2}, crowd))
    found = {sample.name: sample.label_map("first", "include") for sample in data}
    assert score_semantic(data, found, overlap="first", crowd="include")["mIoU"] == 1
    assert score_semantic(data, found, overlap="last", crowd="include")["mIoU"] < 1
    assert score_semantic(data, found, overlap="first", crowd="skip")["mIoU"] < 1


def test_a_missing_prediction_is_refused_by_name_and_one_without_truth_is_remarked():
    maps = {"a": np.zeros((2, 2), np.uint8), "b": np.ones((2, 2), np.uint8)}
    with pytest.raises(DataError, match=r"1 of 2.*\(b\)"):
        score_semantic(maps, {"a": maps["a"]}, classes=NAMES)
    scores = score_semantic({"a": maps["a"]}, maps, classes=NAMES)
    assert scores["images"] == 1
    assert [remark for remark in scores["remarks"] if "(b)" in remark]


@pytest.mark.parametrize(
    ("labels", "error", "named"),
    [
        (np.zeros((3, 2), np.uint8), DataError, "prediction 'a'"),
        (np.full((2, 2), 7), DataError, "label 7"),
        (np.full((2, 2), -1), DataError, "-1"),
        (np.full((2, 2), 70_000), DataError, "70000"),
        (np.zeros((2, 2)), UsageError, "float64"),
        (np.zeros((1, 2, 2), np.uint8), UsageError, "score_instances"),
    ],
    ids=["size", "unknown label", "negative", "past 16 bits", "floats", "three dimensions"],
)
def test_what_is_no_label_map_of_the_image_is_refused(labels: Any, error: type[Exception], named: str):
    with pytest.raises(error, match=named):
        score_semantic({"a": np.zeros((2, 2), np.uint8)}, {"a": labels}, classes=NAMES)


def test_labels_need_names():
    maps = {"a": np.zeros((2, 2), np.uint8)}
    with pytest.raises(UsageError, match="ClassTable"):
        score_semantic(maps, maps)
    with pytest.raises(DataError, match="road"):
        score_semantic(maps, maps, classes=["background", "road", "road"])


def test_a_truth_without_images_is_refused():
    with pytest.raises(DataError, match="no image"):
        score_semantic({}, {}, classes=NAMES)
