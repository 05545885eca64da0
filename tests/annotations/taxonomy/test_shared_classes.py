"""The classes in which two data sets and several models are compared."""

from typing import Any

import pytest

from maskwright.annotations.taxonomy.shared_classes import (
    BY_NAME,
    drop_classes_without_objects,
    shared_classes,
    transfer_taxonomy,
)
from maskwright.errors import DataError, UsageError
from maskwright.structures import ClassTable

COCO = ClassTable.from_names(["person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck"])
CITY = ClassTable.from_names(["person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"])


def records(table: ClassTable, *names: str, **more: Any) -> list[dict[str, Any]]:
    """One record a name, side by side, all of one image."""
    return [
        {
            "image_id": 1,
            "category_id": table.index_of(name),
            "bbox": [50.0 * place, 0.0, 20.0, 40.0],
            "score": 0.9,
            **more,
        }
        for place, name in enumerate(names)
    ]


def names(shared: Any, found: list[dict[str, Any]]) -> list[str]:
    return [shared.names[each["category_id"] - 1] for each in found]


def city(rider: Any = None, models: dict[str, ClassTable] | None = None, wanted: list[str] | None = None) -> Any:
    tables = models or {"zoo": COCO}
    taxonomy = transfer_taxonomy(COCO, CITY, tables.values(), "coco-to-cityscapes", rider)
    return shared_classes(taxonomy, COCO, CITY, tables, wanted)


def test_by_name_only_what_all_have_is_compared_in_the_targets_order():
    source, target = ClassTable.from_names(["ring", "disc", "kite"]), ClassTable.from_names(["disc", "cake", "ring"])
    models = {"one": ClassTable.from_names(["ring", "disc"]), "other": ClassTable.from_names(["kite", "disc"])}
    taxonomy = transfer_taxonomy(source, target, models.values())
    shared = shared_classes(taxonomy, source, target, models)
    assert taxonomy.name == BY_NAME
    assert shared.names == ("disc",)
    assert shared.excluded == {"cake": "no class of the source becomes it", "ring": "other lacks it"}
    assert names(shared, shared.remap_records(records(source, "ring", "disc", "kite"), source).kept) == ["disc"]
    assert names(shared, shared.remap_records(records(target, "cake", "disc"), target, "target").kept) == ["disc"]


def test_nothing_in_common_is_an_error_that_shows_both():
    with pytest.raises(DataError, match=r"kite.*cake"):
        transfer_taxonomy(ClassTable.from_names(["kite"]), ClassTable.from_names(["cake"]), [])


def test_riders_by_name_need_a_rule():
    with pytest.raises(DataError, match="rider"):
        transfer_taxonomy(COCO, CITY, [])
    assert transfer_taxonomy(COCO, CITY, [], rider="absent").rider == "absent"


@pytest.mark.parametrize(
    ("rider", "truth", "has_riders"),
    [
        ("absent", ["person"], False),
        ("person", ["person", "person"], False),
        ("person-over-two-wheeler", ["person", "rider"], True),
    ],
)
def test_the_rule_for_riders_decides_what_the_targets_riders_are(rider: Any, truth: list[str], has_riders: bool):
    shared = city(rider)
    assert ("rider" in shared.names) == has_riders
    assert has_riders or "rider" in shared.excluded
    assert names(shared, shared.remap_records(records(CITY, "person", "rider"), CITY, "target").kept) == truth


def test_persons_on_two_wheelers_ride_on_the_source_only():
    shared = city("person-over-two-wheeler")
    on_it = [
        {"image_id": 1, "category_id": COCO.index_of("person"), "bbox": [0.0, 0.0, 20.0, 40.0], "score": 0.9},
        {"image_id": 1, "category_id": COCO.index_of("bicycle"), "bbox": [0.0, 15.0, 20.0, 30.0], "score": 0.9},
    ]
    assert names(shared, shared.remap_records(on_it, COCO).kept) == ["rider", "bicycle"]
    same = [{**each, "category_id": CITY.index_of(n)} for each, n in zip(on_it, ("person", "bicycle"), strict=True)]
    assert names(shared, shared.remap_records(same, CITY, "target").kept) == ["person", "bicycle"]


def test_a_model_that_speaks_the_targets_language_takes_part():
    shared = city(models={"zoo": COCO, "bound": CITY})
    assert names(shared, shared.remap_records(records(CITY, "rider", "car"), CITY, "target").kept) == ["car"]


def test_a_model_of_neither_language_is_refused():
    with pytest.raises(UsageError, match="disc"):
        city(models={"other": ClassTable.from_names(["disc", "car"])})


def test_chosen_classes_keep_their_order_and_a_wrong_one_says_why():
    shared = city(wanted=["car", "person"])
    assert shared.names == ("car", "person")
    assert shared.excluded["bus"] == "not among the classes asked for"
    assert names(shared, shared.remap_records(records(COCO, "person", "bus", "car"), COCO).kept) == ["person", "car"]
    with pytest.raises(UsageError, match="rider: absent"):
        city(wanted=["rider"])
    with pytest.raises(UsageError, match="Nearest: car"):
        city(wanted=["cars"])


def test_other_fields_and_order_stay():
    shared = city()
    (only,) = shared.remap_records(records(COCO, "car", segmentation="kept"), COCO).kept
    assert only["segmentation"] == "kept"
    assert only["score"] == 0.9


def test_the_json_says_taxonomy_rule_and_what_is_left_out():
    found = city("person").to_json()
    assert found["taxonomy"] == "coco-to-cityscapes"
    assert found["rider"] == "person"
    assert any("riders count as persons" in line for line in found["rule"])
    assert found["left_out"] == {"rider": "rider: person, riders count as persons"}


def test_a_class_without_objects_on_one_side_is_left_out_of_both():
    source = records(COCO, "person", "car", "bus", "airplane")
    target = [*records(CITY, "person", "car", "train"), *records(CITY, "truck", iscrowd=1)]
    found = drop_classes_without_objects(city(), {"source": (source, COCO), "target": (target, CITY)})
    assert found.names == ("person", "car")
    assert found.excluded == {
        "rider": city().excluded["rider"],
        "truck": "the source and the target have no object of it",
        "bus": "the target has no object of it",
        "train": "the source has no object of it",
        "motorcycle": "the source and the target have no object of it",
        "bicycle": "the source and the target have no object of it",
    }
    assert names(found, found.remap_records(records(CITY, "train", "car"), CITY, "target").kept) == ["car"]


@pytest.mark.parametrize(("left", "compared"), [(0.0, ("rider", "bicycle")), (90.0, ("person", "bicycle"))])
def test_persons_that_ride_are_the_sources_objects_of_riders(left: float, compared: tuple[str, ...]):
    def pair(table: ClassTable, other: str) -> list[dict[str, Any]]:
        boxes = {"person": [left, 0.0, 20.0, 40.0], "bicycle": [0.0, 15.0, 20.0, 30.0]}
        rows = [{"image_id": 1, "category_id": table.index_of(name), "bbox": box} for name, box in boxes.items()]
        return [*rows, *records(table, other)]

    shared = city("person-over-two-wheeler")
    sides: Any = {"source": (pair(COCO, "car"), COCO), "target": (pair(CITY, "rider"), CITY)}
    found = drop_classes_without_objects(shared, sides)
    # On the target a person on a bicycle stays one: it has a class for riders.
    assert found.names == compared
    assert set(found.excluded) == set(shared.names) - set(compared)


def test_no_object_on_both_sides_is_an_error_that_says_so():
    with pytest.raises(DataError, match=r"person: the target has no object of it.*images with objects"):
        drop_classes_without_objects(city(), {"source": (records(COCO, "person"), COCO), "target": ([], CITY)})
