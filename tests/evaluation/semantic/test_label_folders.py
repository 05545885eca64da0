from pathlib import Path

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.semantic.label_folders import classes_file, label_map_pairs, label_maps


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_label_maps_belong_together_by_name(tmp_path: Path):
    truth, predicted = (
        touch(tmp_path / "t", "b.png", "a.png", "classes.json"),
        touch(tmp_path / "p", "a.PNG", "b.png", "c.png"),
    )
    pairs, without_truth = label_map_pairs(truth, predicted)
    assert [(p.name, p.truth.name, p.prediction.name) for p in pairs] == [
        ("a", "a.png", "a.PNG"),
        ("b", "b.png", "b.png"),
    ]
    assert without_truth == ["c"]


def test_subfolders_count_where_there_is_nothing_above(tmp_path: Path):
    assert list(label_maps(touch(tmp_path / "deep", "x/1.png", "y/1.png"), "truth")) == ["x/1", "y/1"]
    assert list(label_maps(touch(tmp_path / "flat", "1.png", "audit/panel.png"), "truth")) == ["1"]


def test_what_predict_writes_is_found(tmp_path: Path):
    folder = touch(tmp_path, "label_maps/1.png", "classes.json", "overlays/1.jpg")
    assert list(label_maps(folder, "predictions")) == ["1"]
    assert classes_file(folder) == classes_file(folder / "label_maps") == folder / "classes.json"


def test_classes_of_another_folder_are_not_taken(tmp_path: Path):
    folder = touch(tmp_path, "classes.json", "masks/1.png")
    assert classes_file(folder / "masks") is None


def test_truth_without_a_prediction_is_refused_and_named(tmp_path: Path):
    truth, predicted = touch(tmp_path / "t", "1.png", "2.png"), touch(tmp_path / "p", "1.png", "2_pred.png")
    with pytest.raises(DataError, match=r"for 1 of 2 .*\(2\).*Nearest to '2': 2_pred"):
        label_map_pairs(truth, predicted)


def test_folders_that_are_missing_or_empty_are_usage_errors(tmp_path: Path):
    touch(tmp_path / "t", "1.png")
    with pytest.raises(UsageError, match="does not exist"):
        label_map_pairs(tmp_path / "t", tmp_path / "q")
    with pytest.raises(UsageError, match="holds no PNG"):
        label_map_pairs(tmp_path / "t", touch(tmp_path / "p", "1.jpg"))
