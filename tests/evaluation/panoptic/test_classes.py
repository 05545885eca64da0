import json
from pathlib import Path

import pytest

from maskwright.annotations.coco.panoptic_file import PanopticCategory
from maskwright.annotations.groups import Group, Grouping
from maskwright.errors import DataError, UsageError
from maskwright.evaluation.panoptic.classes import NOT_SCORED, classes_of_files, classes_of_tables
from maskwright.structures import ClassTable

TRUTH, FOUND = Path("truth.json"), Path("found.json")
CATEGORIES = [PanopticCategory(7, "road", 0), PanopticCategory(26, "car", 1), PanopticCategory(33, "bicycle")]


def test_without_names_the_predictions_ids_are_the_truths():
    classes = classes_of_files(TRUTH, CATEGORIES, FOUND, [])
    assert classes.names == ("road", "car", "bicycle")
    assert classes.things == (False, True, None)
    assert classes.truth == classes.predictions == {7: 1, 26: 2, 33: 3}
    assert classes_of_files(TRUTH, CATEGORIES, FOUND, [PanopticCategory(7), PanopticCategory(26)]) == classes


def test_predicted_categories_meet_by_name():
    found = [PanopticCategory(1, " car "), PanopticCategory(2, "moon")]
    classes = classes_of_files(TRUTH, CATEGORIES, FOUND, found)
    assert classes.predictions == {1: 2, 2: NOT_SCORED}
    assert classes.foreign == ("moon",)


def test_a_classes_file_beside_the_predictions_names_their_ids(tmp_path: Path):
    table = ClassTable.from_names(["car", "road"]).with_category_ids([5, 6])
    (tmp_path / "classes.json").write_text(json.dumps(table.to_json()))
    classes = classes_of_files(TRUTH, CATEGORIES, tmp_path / "panoptic.json", [])
    assert classes.predictions == {5: 2, 6: 1}


def test_groups_are_scored_and_predictions_may_be_of_groups_or_of_classes():
    grouping = Grouping(
        "g.yaml", (Group("wheels", 1, ("car", "bicycle")), Group("ground", 1, ("road",))), frozenset({"ground"})
    )
    classes = classes_of_files(TRUTH, [*CATEGORIES, PanopticCategory(2, "sky")], FOUND, [], grouping)
    assert (classes.names, classes.things) == (("wheels", "ground"), (True, False))
    assert classes.truth == {7: 2, 26: 1, 33: 1, 2: NOT_SCORED}
    assert classes.joined == {2}
    found = [PanopticCategory(1, "ground"), PanopticCategory(2, "car"), PanopticCategory(3, "sky")]
    grouped = classes_of_files(TRUTH, [*CATEGORIES, PanopticCategory(2, "sky")], FOUND, found, grouping)
    assert grouped.predictions == {1: 2, 2: 1, 3: NOT_SCORED}
    assert grouped.foreign == ()
    with pytest.raises(DataError, match=r"No class of the truth is in a group of g\.yaml"):
        classes_of_files(TRUTH, [PanopticCategory(2, "sky")], FOUND, [], grouping)


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([], "no categories"),
        ([CATEGORIES[0], PanopticCategory(7, "rail")], "two categories with the id '7'"),
        ([CATEGORIES[0], PanopticCategory(8, "road")], "two categories with the name 'road'"),
    ],
)
def test_categories_that_are_not_clear_are_refused(categories: list[PanopticCategory], message: str):
    with pytest.raises(DataError, match=rf"truth\.json: has {message}"):
        classes_of_files(TRUTH, categories, FOUND, [])


def test_predictions_of_other_classes_alone_are_refused():
    with pytest.raises(DataError, match=r"found\.json: has the classes moon, the truth road, car, bicycle"):
        classes_of_files(TRUTH, CATEGORIES, FOUND, [PanopticCategory(1, "moon")])


def test_tables_in_memory_meet_by_name_and_stuff_is_named():
    table = ClassTable.from_names(["road", "car"])
    classes = classes_of_tables(table, ["road"], ClassTable.from_names(["car"]), "predictions")
    assert (classes.things, classes.truth, classes.predictions) == ((False, True), {1: 1, 2: 2}, {1: 2})
    with pytest.raises(UsageError, match=r"Unknown stuff class 'raod'.*Nearest: road"):
        classes_of_tables(table, ["raod"], None, "predictions")
    with pytest.raises(UsageError, match="class table is empty"):
        classes_of_tables(ClassTable(()), [], None, "predictions")
