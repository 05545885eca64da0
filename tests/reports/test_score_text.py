import re
from typing import Any

from maskwright.evaluation.cityscapes.average_precision import instance_scores
from maskwright.evaluation.cityscapes.distances import add_distance_scores
from maskwright.evaluation.cityscapes.pixels import PixelCounts, pixel_scores
from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.reports.score_text import cityscapes_lines, detail_lines, instance_lines, semantic_lines
from tests.reports.conftest import details


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
    assert "records: 3 found = 2 scored + 1 rejected (1 bad_box)" in lines


def test_names_from_files_cannot_command_the_terminal():
    lines = list(instance_lines(instance()))
    assert any("1 class has no object in the truth" in line for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_optimal_lrp_and_fragments_have_a_line_each_above_their_protocol():
    lrp = {"oLRP": 0.4, "localisation": 0.1, "FP": 0.2, "FN": None, "protocol": "as the authors"}
    fragments = {"objects": 1200, "true": 1.0, "detected": 1.25, "more": 0.125, "protocol": "by parts"}
    lines = list(detail_lines(details(("dog",)) | {"optimal_lrp": lrp, "fragments": fragments}))
    at = lines.index("optimal LRP 0.400 (localisation 0.100, FP 0.200, FN –)")
    assert lines[at + 1] == "as the authors"
    assert "1.250, in the truth 1.000; more than in the truth for 0.125 of 1,200 objects" in lines[at + 2]
    assert lines[at + 3] == "by parts"


def test_panoptic_quality_has_a_line_with_its_interval_above_its_protocol():
    panoptic = {"PQ": 0.5, "SQ": 0.8, "RQ": 0.625, "protocol": "by objects"}
    lines = list(detail_lines(details(("dog",)) | {"panoptic": panoptic}))
    assert lines[lines.index("panoptic quality 0.500, SQ 0.800, RQ 0.625") + 1] == "by objects"
    intervals = {"level": 0.95, "panoptic": {"PQ": {"value": 0.5, "low": 0.4, "high": 0.6}}}
    lines = list(detail_lines(details(("dog",)) | {"panoptic": panoptic, "intervals": intervals}))
    assert "panoptic quality 0.500 (95 % interval [0.400, 0.600]), SQ 0.800, RQ 0.625" in lines


def test_several_classes_without_an_object_are_several():
    scores = instance()
    scores["classes"] |= {"cow": scores["classes"]["\x1b[31mcat"]}
    assert any(line.startswith("2 classes have no object in the truth (") for line in instance_lines(scores))


def tide_line(ap: float, **costs: tuple[int, float]) -> str:
    """The line on TIDE's errors, of ``costs`` counts and dAP by kind."""
    errors = {kind: {"count": number, "dAP": cost, "meaning": kind} for kind, (number, cost) in costs.items()}
    scores = details(("dog",)) | {"tide": {"AP": ap, "iou": 0.5, "errors": errors}}
    (found,) = [line for line in detail_lines(scores) if line.startswith("TIDE")]
    return found.partition(": ")[2]


def test_with_nothing_found_misses_are_not_said_to_cost_nothing():
    nothing = tide_line(0.0, Bkg=(0, 0.0), Miss=(830, 0.0))
    assert nothing.startswith("Bkg 0 (0.000), Miss 830 (undefined")
    assert tide_line(0.0, Loc=(5, 0.25), Miss=(1, 0.0)).startswith("Loc 5 (0.250), Miss 1 (undefined")


def test_calibration_is_said_where_there_is_a_detection_to_measure():
    for calibration, said in ((None, 0), ({"ECE": None}, 0), ({"ECE": 0.25}, 1)):
        lines = list(detail_lines(details(("dog",)) | {"calibration": calibration}))
        assert sum(line.startswith("calibration") for line in lines) == said


def test_what_misses_cost_is_said_where_it_is_defined():
    assert tide_line(0.5, Bkg=(2, 0.1), Miss=(8, 0.3)) == "Bkg 2 (0.100), Miss 8 (0.300)"
    assert tide_line(0.0, Cls=(1, 0.5), Miss=(0, 0.0)) == "Cls 1 (0.500), Miss 0 (0.000)"


def test_cityscapes_scores_are_tables_of_classes_and_pixels():
    lines = list(cityscapes_lines(instance_scores([]) | {"pixel": pixel_scores(PixelCounts())}))
    assert row(lines[:10], "motorcycle") == ["–", "–", "0", "0"]
    assert row(lines[10:], "motorcycle") == row(lines, "road") == ["–", "–"]
    assert row(lines, "category vehicle") == ["–", "–"]
    assert not any(line.startswith("average") for line in cityscapes_lines({"AP": None, "AP50": None, "classes": {}}))


def test_the_ap_of_near_objects_stands_beside_that_of_all():
    near = add_distance_scores(instance_scores([]) | {"AP": 0.5}, {"100m": [], "50m": []}) | {
        "AP_100m": 0.25,
        "AP_50m": 0.125,
    }
    lines = list(cityscapes_lines(near))
    assert row(lines, "class") == ["AP", "AP50", "AP_100m", "AP_50m", "AP50_50m", "objects", "predictions"]
    assert row(lines, "average") == ["0.500", "–", "0.250", "0.125", "–"]
