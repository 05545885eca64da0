"""The scores of a run in a terminal: a line for each part, and where the page is."""

from pathlib import Path

import pytest

from maskwright.files import write_json
from maskwright.run_folder import RunFolder
from maskwright.runs.score_summary import score_summary


def lines_of(folder: Path, scores: dict[str, object]) -> list[str]:
    write_json(folder / "scores.json", scores)
    return score_summary(RunFolder(folder))


def test_each_part_has_a_line_with_the_scores_of_its_task(tmp_path: Path) -> None:
    semantic = {"mIoU": 0.71234, "mean_dice": 0.8, "pixel_accuracy": 0.95}
    instance = {"segm": {"AP": 0.4, "AP50": 0.6}, "bbox": {"AP": 0.44449}}
    assert lines_of(tmp_path, {"validation": semantic, "test": instance}) == [
        "validation: mIoU 0.7123, mean Dice 0.8000, pixel accuracy 0.9500",
        "test: mask AP 0.4000, mask AP50 0.6000, box AP 0.4445",
        f"page: {tmp_path / 'report.html'}",
    ]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (
            {"mIoU": 0.2, "baseline": {"mIoU": 0.31234}},
            "below its baseline: an all-background prediction scores mIoU 0.3123",
        ),
        ({"mIoU": 0.3, "baseline": {"mIoU": 0.3}}, "no better than its baseline: an all-background"),
        (
            {"segm": {"AP": 0.0, "AP50": 0.0}, "bbox": {"AP": 0.1}},
            "no better than its baseline: a model that finds nothing",
        ),
    ],
)
def test_a_run_that_is_no_better_than_its_baseline_says_so(scores: dict, said: str, tmp_path: Path) -> None:
    _, line, page = lines_of(tmp_path, {"validation": scores})
    assert line.startswith(f"  {said}")
    assert "train.epochs" in line
    assert page.startswith("page: ")


@pytest.mark.parametrize(
    "scores",
    [
        {"mIoU": 0.4, "baseline": {"mIoU": 0.3}},
        {"mIoU": 0.2, "baseline": {"mIoU": None}},
        {"mIoU": None, "baseline": {"mIoU": 0.3}},
        {"segm": {"AP": 0.001, "AP50": 0.0}, "bbox": {"AP": 0.1}},
        {"segm": {"AP": None, "AP50": None}, "bbox": {"AP": None}},
    ],
)
def test_a_run_above_its_baseline_or_without_one_says_nothing_of_it(scores: dict, tmp_path: Path) -> None:
    assert len(lines_of(tmp_path, {"validation": scores})) == 2  # the scores and the page


def test_a_score_that_is_undefined_is_absent_and_not_zero(tmp_path: Path) -> None:
    line, _ = lines_of(tmp_path, {"validation": {"mIoU": None, "pixel_accuracy": 0.0}})
    assert line == "validation: mIoU absent, mean Dice absent, pixel accuracy 0.0000"


@pytest.mark.parametrize(("rider", "said"), [("person", "person"), (None, "no rule")])
def test_the_taxonomy_of_a_cross_evaluation_is_said(rider: str | None, said: str, tmp_path: Path) -> None:
    scores = {"mIoU": 0.5, "taxonomies": [{"name": "coco-to-voc", "rider": rider}]}
    line, _ = lines_of(tmp_path, {"other-coco-to-voc": scores})
    assert line.endswith(f"(taxonomy coco-to-voc, rider: {said})")


def test_details_of_instances_stand_between_their_scores_and_the_page(instance_run: Path) -> None:
    short = score_summary(RunFolder(instance_run))
    long = score_summary(RunFolder(instance_run), details=True)
    assert len([line for line in short if "baseline" not in line]) == 2
    assert (long[0], long[-1]) == (short[0], short[-1])
    assert any("TIDE errors" in line for line in long)


def test_panoptic_scores_have_a_line_and_a_baseline_of_nothing(tmp_path: Path) -> None:
    part = {"PQ": 0.5, "SQ": 0.8, "RQ": 0.625}
    first, *_ = lines_of(tmp_path, {"validation": {**part, "things": part, "stuff": {"PQ": None}}})
    assert first == "validation: PQ 0.5000, SQ 0.8000, RQ 0.6250, PQ of things 0.5000, PQ of stuff absent"
    _, below, *_ = lines_of(tmp_path, {"validation": {"PQ": 0.0, "SQ": 0.0, "RQ": 0.0}})
    assert "PQ 0" in below
