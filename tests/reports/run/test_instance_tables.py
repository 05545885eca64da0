import pytest

from maskwright.reports.run.instance_tables import instance_tables
from tests.reports.conftest import details

BEST = {"score": 0.37, "F1": 0.71}
CLASSES = {
    "dog": {
        "instances": 9,
        "best_Dice": 0.61,
        "best_IoU": 0.53,
        "precision": 0.72,
        "recall": 0.5,
        "F1": 0.6,
        "best": BEST,
    },
    "cat": {
        "instances": 2,
        "best_Dice": 0.9,
        "best_IoU": 0.8,
        "precision": None,
        "recall": 0.7,
        "F1": 0.8,
        "best": BEST,
    },
    "cow": {"instances": 0, "best_Dice": None, "best_IoU": None, "best": dict.fromkeys(BEST)},
}


@pytest.fixture
def tables():
    return {each.title: each for each in instance_tables(details(("dog", "cat", "cow")) | {"classes": CLASSES})}


def test_every_number_beyond_ap_has_its_row_and_the_threshold_is_said(tables):
    beyond = tables["Beyond AP"]
    assert [row[1] for row in beyond.table.rows] == [
        "0.637",
        "0.701",
        "0.551",
        "0.662",
        "0.543",
        "0.810",
        "0.620",
        "0.700",
    ]
    assert "at least 0.4" in beyond.meaning
    assert "IoU of at least 0.5" in beyond.meaning
    for count in ("1,030 correct", "4 wrong", "5 objects missed"):
        assert count in beyond.meaning


def test_classes_that_have_objects_stand_by_their_f1(tables):
    found = tables["Per class at a threshold"]
    assert found.table.header[1:] == ["Dice", "greedy IoU", "precision", "recall", "best threshold", "F1 there"]
    assert found.table.rows == [
        ["cat", "0.900", "0.800", "–", "0.700", "0.370", "0.710"],
        ["dog", "0.610", "0.530", "0.720", "0.500", "0.370", "0.710"],
    ]


def test_each_error_has_what_it_costs(tables):
    found = tables["Errors and what they cost"]
    assert found.table.rows == [["class wrong, place right (Cls)", "0.012", "3"]]
    assert "AP50, now 0.550" in found.meaning


LRP = {"oLRP": 0.4, "localisation": 0.1, "FP": 0.2, "FN": 0.25, "score": 0.31}
FOUND = {"objects": 3, "true": 1.0, "detected": 1.5, "more": 0.5}


def test_classes_stand_by_their_optimal_lrp_with_its_threshold_and_protocol():
    classes = {
        "dog": {"instances": 9, "optimal_lrp": LRP, "fragments": FOUND},
        "cat": {"instances": 2, "optimal_lrp": LRP | {"oLRP": 0.3, "localisation": None}, "fragments": {}},
        "cow": {"instances": 0, "optimal_lrp": dict.fromkeys(LRP)},
    }
    overall = {"optimal_lrp": {"oLRP": 0.35, "protocol": "as agreed"}, "fragments": FOUND | {"protocol": "by parts"}}
    found = {each.title: each for each in instance_tables({**overall, "classes": classes})}
    table = found["Optimal LRP and its thresholds"]
    assert table.table.rows == [
        ["cat", "0.300", "–", "0.200", "0.250", "0.310", "–", "–"],
        ["dog", "0.400", "0.100", "0.200", "0.250", "0.310", "1.500", "1.000"],
    ]
    assert table.table.header[-3:] == ["threshold", "fragments", "in the truth"]
    for said in ("0.350", "as agreed", "by parts"):
        assert said in table.meaning


def test_all_rows_have_as_many_cells_as_the_header(tables):
    for each in tables.values():
        assert {len(row) for row in each.table.rows} == {len(each.table.header)}


@pytest.mark.parametrize("scores", [{}, {"bbox": {"AP": 0.5}, "classes": {"dog": {"segm": 0.4, "instances": 3}}}])
def test_an_old_run_has_none(scores):
    assert instance_tables(scores) == []


def test_without_an_object_there_is_nothing_per_class_and_no_error():
    empty = details(("dog",))
    empty |= {"tide": empty["tide"] | {"AP": None}, "worst_images": [], "classes": {"dog": CLASSES["cow"]}}
    assert [each.title for each in instance_tables(empty)] == ["Beyond AP"]


def test_with_nothing_found_misses_cost_an_unknown_amount_and_not_none():
    error = {"count": 830, "dAP": 0.0, "meaning": "object not found"}
    scores = details(("dog",))
    scores["tide"] |= {"AP": 0.0, "errors": {"Miss": error, "Bkg": error | {"count": 2}}}
    found = {each.title: each for each in instance_tables(scores)}["Errors and what they cost"]
    assert found.table.rows == [["object not found (Miss)", "–", "830"], ["object not found (Bkg)", "0.000", "2"]]
    assert "undefined" in found.meaning
    scores["tide"] |= {"AP": 0.1}
    found = {each.title: each for each in instance_tables(scores)}["Errors and what they cost"]
    assert found.table.rows[0][1] == "0.000"
    assert "undefined" not in found.meaning


def test_another_limit_of_detections_has_a_table_with_its_protocol():
    limited = {"limit": 1000, "segm": {"AP": 0.25, "APs": None}, "bbox": {"AP": 0.5, "APs": 0.125}, "protocol": "So"}
    table = instance_tables({"max_dets": limited})[0]
    assert (table.title, table.meaning) == ("At most 1,000 detections", "So.")
    assert table.table.header == ["score", "mask", "box"]
    assert table.table.rows == [["AP", "0.250", "0.500"], ["APs", "–", "0.125"]]
