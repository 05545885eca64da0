from pathlib import Path

import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.cityscapes.layout import (
    INSTANCE_IDS,
    LABEL_IDS,
    Prediction,
    frame_of,
    match_frames,
    prediction_files,
    read_predictions,
    truth_files,
)

FRAME = "aachen_000000_000019"


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("aachen_000000_000019_gtFine_instanceIds.png", FRAME),
        ("aachen_000000_000019.txt", FRAME),
        ("bad_homburg_000001_000019_pred.txt", "bad_homburg_000001_000019"),
        ("aachen_000000_0000190.png", None),
        ("readme.txt", None),
    ],
)
def test_the_frame_is_city_sequence_and_frame_number(name: str, frame: str | None):
    assert frame_of(name) == frame


def test_the_truth_is_found_from_the_folder_above_and_from_gt_fine_itself(tmp_path: Path):
    path = touch(tmp_path / "gtFine" / "val" / "aachen" / f"{FRAME}{INSTANCE_IDS}")
    for folder in (tmp_path, tmp_path / "gtFine", tmp_path / "gtFine" / "val" / "aachen"):
        assert truth_files(folder, None, INSTANCE_IDS) == {FRAME: path}


def test_of_several_splits_val_is_taken_unless_another_is_asked_for(tmp_path: Path):
    for split, frame in (("train", "ulm_000000_000019"), ("val", FRAME)):
        touch(tmp_path / "gtFine" / split / "city" / f"{frame}{INSTANCE_IDS}")
    assert list(truth_files(tmp_path, None, INSTANCE_IDS)) == [FRAME]
    assert list(truth_files(tmp_path, "train", INSTANCE_IDS)) == ["ulm_000000_000019"]
    with pytest.raises(UsageError, match="Nearest: train"):
        truth_files(tmp_path, "trian", INSTANCE_IDS)


def test_several_splits_without_val_need_a_choice(tmp_path: Path):
    for split in ("train", "test"):
        touch(tmp_path / split / "city" / f"{FRAME}{INSTANCE_IDS}")
    with pytest.raises(UsageError, match="Use --split"):
        truth_files(tmp_path, None, INSTANCE_IDS)


@pytest.mark.parametrize("split", [None, "val"])
def test_no_truth_at_all_says_what_was_expected(tmp_path: Path, split: str | None):
    with pytest.raises(UsageError, match=r"_gtFine_instanceIds\.png"):
        truth_files(tmp_path, split, INSTANCE_IDS)


def test_a_truth_of_label_ids_alone_is_named_where_objects_are_wanted(tmp_path: Path):
    path = touch(tmp_path / "val" / "city" / f"{FRAME}{LABEL_IDS}")
    assert truth_files(tmp_path, None, LABEL_IDS) == {FRAME: path}
    with pytest.raises(UsageError, match=r"instanceIds\.png, only label ids, which do not tell objects apart"):
        truth_files(tmp_path, None, INSTANCE_IDS)


def test_two_truths_of_one_frame_are_refused(tmp_path: Path):
    for city in ("one", "two"):
        touch(tmp_path / "val" / city / f"{FRAME}{INSTANCE_IDS}")
    with pytest.raises(DataError, match="both the truth of"):
        truth_files(tmp_path, None, INSTANCE_IDS)


def test_predictions_are_found_anywhere_but_in_the_truth(tmp_path: Path):
    touch(tmp_path / "gtFine" / "val" / f"{FRAME}_x.txt")
    mask = touch(tmp_path / "results" / f"{FRAME}_0.txt")
    kept = touch(tmp_path / "results" / "deep" / f"{FRAME}_pred.txt")
    assert prediction_files(tmp_path, ".txt", exclude=[mask]) == {FRAME: [kept]}


def test_frames_without_a_prediction_or_with_two_are_named(tmp_path: Path):
    one = touch(tmp_path / f"{FRAME}.txt")
    with pytest.raises(DataError, match=r"1 of 2 images \(ulm_000000_000019\)"):
        match_frames([FRAME, "ulm_000000_000019"], {FRAME: [one]}, tmp_path, "results file")
    with pytest.raises(DataError, match="expected one"):
        match_frames([FRAME], {FRAME: [one, tmp_path / "other"]}, tmp_path, "results file")


def test_lines_are_mask_label_and_confidence(tmp_path: Path):
    path = touch(tmp_path / "a.txt", "masks/0.png 26 0.5\n\nmasks/1.png 24.0 1e-3\n")
    assert read_predictions(path, tmp_path) == [
        Prediction(tmp_path / "masks/0.png", 26, 0.5),
        Prediction(tmp_path / "masks/1.png", 24, 0.001),
    ]


def test_of_lines_with_one_mask_the_last_counts_as_in_the_official_script(tmp_path: Path):
    path = touch(tmp_path / "a.txt", "0.png 26 0.5\n1.png 26 0.6\n0.png 24 0.7\n")
    assert [(p.mask.name, p.label) for p in read_predictions(path, tmp_path)] == [("0.png", 24), ("1.png", 26)]


@pytest.mark.parametrize("line", ["0.png 26", "0.png car 0.5", "0.png 26 nan", "0.png 26 0.5 x", "0.png 1e999 1"])
def test_a_line_that_does_not_fit_is_named(tmp_path: Path, line: str):
    with pytest.raises(DataError, match=r"a\.txt, line 2"):
        read_predictions(touch(tmp_path / "a.txt", f"0.png 26 0.5\n{line}\n"), tmp_path)


@pytest.mark.parametrize("mask", ["../secret.png", "/etc/hostname", "deep/../../secret.png"])
def test_a_mask_outside_the_results_folder_is_refused(tmp_path: Path, mask: str):
    path = touch(tmp_path / "results" / "a.txt", f"{mask} 26 0.5\n")
    with pytest.raises(DataError, match="lies outside"):
        read_predictions(path, tmp_path / "results")
