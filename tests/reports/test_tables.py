import math

import pytest

from maskwright.reports import tables


@pytest.mark.parametrize("value", [None, math.nan, math.inf, "0.5", True])
def test_what_was_not_measured_is_a_dash_and_never_a_zero(value):
    assert tables.score_cell(value) == "–"
    assert tables.count_cell(value) == "–"


def test_a_measured_zero_is_a_zero():
    assert tables.score_cell(0.0) == "0.000"
    assert tables.count_cell(0) == "0"


def test_semantic_classes_best_first_with_the_unmeasured_last():
    scores = {
        "classes": {
            "background": {"IoU": 0.9, "Dice": 0.95, "accuracy": 0.99},
            "cat": {"IoU": None, "Dice": math.nan},
            "dog": {"IoU": 0.95, "Dice": 0.97, "accuracy": 1.0},
            "cow": None,
        },
        "baseline": {"classes": {"background": 0.8, "dog": {"IoU": 0.0}}},
    }
    table = tables.semantic_classes(scores)
    assert table.header == ["class", "IoU", "Dice", "accuracy", "baseline IoU"]
    assert table.rows == [
        ["dog", "0.950", "0.970", "1.000", "0.000"],
        ["background", "0.900", "0.950", "0.990", "0.800"],
        ["cat", "–", "–", "–", "–"],
        ["cow", "–", "–", "–", "–"],
    ]


def test_semantic_summary_stands_beside_the_baseline():
    table = tables.semantic_summary({"mIoU": 0.61, "mean_dice": None, "baseline": {"mIoU": 0.14}})
    assert table.rows == [["mean IoU", "0.610", "0.140"], ["mean Dice", "–", "–"], ["pixel accuracy", "–", "–"]]


def test_boundaries_and_calibration_have_rows_and_a_column_where_they_were_measured():
    scores = {
        "boundary_mIoU": 0.25,
        "calibration": {"ECE": 0.031},
        "classes": {"dog": {"IoU": 0.5, "boundary_IoU": 0.3}, "cat": {"IoU": None, "boundary_IoU": None}},
    }
    assert tables.semantic_summary(scores).rows[3:] == [
        ["mean boundary IoU", "0.250", "–"],
        ["calibration error (ECE), 0 is best", "0.031", "–"],
    ]
    table = tables.semantic_classes(scores)
    assert table.header == ["class", "IoU", "Dice", "accuracy", "boundary IoU", "baseline IoU"]
    assert [row[4] for row in table.rows] == ["0.300", "–"]


def test_instance_classes_show_masks_before_boxes_and_the_count():
    scores = {"classes": {"dog": {"bbox": 0.4, "bbox50": 0.6, "segm": 0.3, "segm50": 0.5, "instances": 1200}}}
    table = tables.instance_classes(scores)
    assert table.header == ["class", "mask AP", "mask AP50", "box AP", "box AP50", "instances"]
    assert table.rows == [["dog", "0.300", "0.500", "0.400", "0.600", "1,200"]]


def test_the_caption_of_the_summary_says_how_masks_were_measured_and_what_objects_lack():
    assert tables.summary_caption({"mIoU": 0.5}) == tables.summary_caption({"area": None}) == "Over all classes"
    assert tables.summary_caption({"area": "mask", "truth": {"without_mask": [], "without_box": []}}) == (
        "Over all classes; sizes of detected masks by mask area"
    )
    caption = tables.summary_caption({"area": "box", "truth": {"without_mask": [7], "without_box": [1] * 1200}})
    assert "by box area" in caption
    assert "boxes only: 1;" in caption
    assert caption.endswith("that of their mask: 1,200")


def test_instance_summary_has_the_twelve_coco_numbers():
    table = tables.instance_summary({"segm": {"AP": 0.3, "ARl": 0.7}, "bbox": None})
    assert len(table.rows) == 12
    assert table.rows[0][1:] == ["0.300", "–"]
    assert table.rows[-1][1:] == ["0.700", "–"]


def test_every_row_is_as_long_as_its_header():
    statistics = {"train": {"images": 3, "classes": {"dog": {"instances": 2}}}, "validation": {}}
    found = [
        tables.semantic_summary({}),
        tables.instance_summary({}),
        tables.class_counts(statistics, ["dog", "cat"]),
        tables.split_sizes(statistics),
        tables.data_audit({"train": {}, "validation": {"counts": {"in": 1}}}),
    ]
    for table in found:
        assert {len(row) for row in table.rows} == {len(table.header)}
    assert found[2].rows == [["dog", "2", "–", "–", "–"], ["cat", "–", "–", "–", "–"]]
    assert found[3].rows == [["train", "3", "2"], ["validation", "–", "–"]]


def test_audit_counts_what_is_unaccounted_for():
    counts = {"in": 120, "used": 100, "skipped": {"crowd region": 15}}
    table = tables.data_audit({"train": {"images": 9, "counts": counts}})
    assert ["skipped: crowd region", "15"] in table.rows
    assert table.rows[-1] == ["unaccounted for", "5"]
    assert tables.unaccounted({"in": 1}) is None
