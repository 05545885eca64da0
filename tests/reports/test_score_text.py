import re
from typing import Any

from maskwright.evaluation.cityscapes_ap import instance_scores
from maskwright.evaluation.cityscapes_pixels import PixelCounts, pixel_scores
from maskwright.evaluation.coco import STATISTICS
from maskwright.reports.score_text import cityscapes_lines, instance_lines, semantic_lines


def row(lines: list[str], name: str) -> list[str]:
    (found,) = [re.split(r"  +", line) for line in lines if re.split(r"  +", line)[0] == name]
    return found[1:]


def test_semantic_scores_are_a_table_with_absent_values_as_dashes():
    scores = {
        "classes": {"dog": {"IoU": 0.5, "Dice": 0.6, "precision": None, "recall": 1.0}},
        **{"mIoU": 0.5, "mean_dice": 0.6, "mean_precision": None, "mean_accuracy": 1.0, "pixel_accuracy": None},
        **{"images": 3, "protocol": "as agreed"},
    }
    lines = list(semantic_lines(scores))
    assert row(lines, "dog") == ["0.500", "0.600", "–", "1.000"]
    assert row(lines, "mean") == ["0.500", "0.600", "–", "1.000"]
    assert lines[-1] == "as agreed"


def instance(**more: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(STATISTICS, 0.25)
    return {
        "bbox": numbers,
        "segm": dict.fromkeys(STATISTICS),
        "classes": {
            "dog": {"instances": 2, "bbox": 0.25, "bbox50": 0.5, "segm": None, "segm50": None},
            "\x1b[31mcat": {"instances": 0, "bbox": None, "bbox50": None, "segm": None, "segm50": None},
        },
        "results": {"found": 3, "used": 2, "left_out": {"bad_box": {"count": 1}}},
        "protocol": "as agreed",
        **more,
    }


def test_instance_tables_leave_out_what_was_not_measured():
    lines = list(instance_lines(instance()))
    assert row(lines, "dog") == ["2", "0.250", "0.500"]
    assert not any("mask AP" in line for line in lines)
    assert "records: 3 found = 2 scored + 1 left out (1 bad_box)" in lines


def test_names_from_files_cannot_command_the_terminal():
    lines = list(instance_lines(instance()))
    assert any("1 classes have no object in the truth" in line for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_cityscapes_scores_are_tables_of_classes_and_pixels():
    lines = list(cityscapes_lines(instance_scores([]) | {"pixel": pixel_scores(PixelCounts())}))
    assert row(lines[:10], "motorcycle") == ["–", "–", "0", "0"]
    assert row(lines[10:], "motorcycle") == row(lines, "road") == ["–", "–"]
    assert row(lines, "category vehicle") == ["–", "–"]
    assert not any(line.startswith("average") for line in cityscapes_lines({"AP": None, "AP50": None, "classes": {}}))
