import numpy as np
import pytest
from hotcoco import mask as coco_mask

from maskwright.annotations.taxonomy.class_remapping import Taxonomy
from maskwright.annotations.taxonomy.loading import make_taxonomy, read_taxonomy
from maskwright.errors import DataError, UsageError
from maskwright.structures import ClassTable, Instances

PETS = make_taxonomy("pets", {"pet": ["dog", "cat"], "plane": ["airplane"]}, ignored=["toy"], absent=["tree"])
TABLE = ClassTable.from_names(["tree", "cat", "toy", "airplane", "dog"], [(7,), (3,), (), (1,), (2, 9)])
OVER = read_taxonomy("coco-to-cityscapes", rider="person-over-two-wheeler")
STREET = ClassTable.from_names(["bicycle", "person", "motorcycle", "kite"])
BICYCLE, ON_IT, BESIDE = [100, 200, 200, 260], [130, 150, 170, 250], [300, 150, 340, 260]


def objects(labels: list[int], boxes=None, scores=None, crowd=None) -> Instances:
    """Objects of those labels, on 1 × n pixels, object i on pixel i."""
    count = len(labels)
    masks = [coco_mask.encode(np.asfortranarray(np.eye(1, count, i, dtype=np.uint8))) for i in range(count)]
    filled = np.zeros((count, 4), np.float32) if boxes is None else np.array(boxes, np.float32)
    return Instances((1, count), filled, np.array(labels), masks, scores, crowd)


def test_each_source_class_is_mapped_ignored_or_background():
    assert PETS.target_table().names == ["pet", "plane"]
    assert PETS.labels(TABLE) == {1: 0, 2: 1, 3: 255, 4: 2, 5: 1}


def test_the_target_table_gathers_the_ids_of_merged_classes_and_keeps_classes_that_the_source_lacks():
    assert [(c.name, c.source_ids) for c in PETS.target_table(TABLE)] == [("pet", (2, 3, 9)), ("plane", (1,))]
    assert PETS.target_table(ClassTable.from_names(["dog"])).names == ["pet", "plane"]


def test_source_classes_that_are_not_accounted_for_are_all_named_with_the_nearest():
    with pytest.raises(UsageError, match=r"pets does not account for .* doog, house;.*Nearest to 'doog': dog"):
        PETS.labels(ClassTable.from_names(["doog", "tree", "house"]))
    with pytest.raises(UsageError, match=r"the target class\(es\) dog;"):
        PETS.truth_labels(ClassTable.from_names(["pet", "dog"]))


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 3, 1]])
def test_the_order_of_the_source_table_does_not_matter(order: list[int]):
    names = [TABLE.names[i] for i in order]
    labels = PETS.labels(ClassTable.from_names(names))
    by_name = {name: labels[index] for index, name in enumerate(names, start=1)}
    assert by_name == {"tree": 0, "cat": 1, "toy": 255, "airplane": 2, "dog": 1}


def test_a_label_map_is_translated_pixel_by_pixel_and_ignored_pixels_stay_ignored():
    mapped = PETS.label_map(np.array([[0, 1, 2], [3, 4, 5], [255, 0, 2]], np.uint8), TABLE)
    assert mapped.dtype == np.uint8
    assert mapped.tolist() == [[0, 0, 1], [255, 2, 1], [255, 0, 1]]


def test_a_label_map_of_16_bits_becomes_one_of_8_where_the_target_has_few_classes():
    table = ClassTable.from_names([f"kind {i}" for i in range(300)])
    halves = make_taxonomy("halves", {"low": table.names[:150], "high": table.names[150:]})
    mapped = halves.label_map(np.array([[1, 150, 151, 300, 65535]], np.uint16), table)
    assert (mapped.dtype, mapped.tolist()) == (np.uint8, [[1, 1, 2, 2, 255]])


def test_a_label_map_with_a_foreign_label_or_a_rule_that_needs_objects_is_refused():
    with pytest.raises(DataError, match="holds 6; expected labels of the 5 source classes"):
        PETS.label_map(np.array([[6]], np.uint8), TABLE)
    with pytest.raises(DataError, match="person-over-two-wheeler"):
        OVER.label_map(np.array([[0]], np.uint8), STREET)


def test_every_object_is_kept_ignored_or_absent_and_keeps_its_mask():
    given = objects([5, 1, 3, 4, 2])
    translated = PETS.instances(given, TABLE)
    assert translated.kept.labels.tolist() == [1, 2, 1]
    assert translated.kept.masks == [given.masks[i] for i in (0, 3, 4)]
    assert (translated.ignored.labels.tolist(), translated.ignored.masks) == ([3], [given.masks[2]])
    assert (translated.absent.labels.tolist(), translated.absent.masks) == ([1], [given.masks[1]])
    assert given.labels.tolist() == [5, 1, 3, 4, 2]


def test_objects_carry_the_classes_of_their_labels():
    given = objects([5, 1, 3, 4, 2])
    given.classes = TABLE
    translated = PETS.instances(given, TABLE)
    assert translated.kept.classes == PETS.target_table()
    assert translated.ignored.classes is translated.absent.classes is TABLE


def test_an_image_without_objects_has_none_afterwards():
    for taxonomy, table in ((PETS, TABLE), (OVER, STREET)):
        assert len(taxonomy.instances(Instances.empty((4, 4)), table).kept) == 0
        assert taxonomy.records([], table).kept == []


def names_after(taxonomy: Taxonomy, given: Instances) -> list[str]:
    kept = taxonomy.instances(given, STREET).kept
    return [taxonomy.target_table().names[label - 1] for label in kept.labels]


def test_only_the_person_on_the_two_wheeler_becomes_a_rider():
    given = objects([1, 2, 2], [BICYCLE, ON_IT, BESIDE])
    assert names_after(OVER, given) == ["bicycle", "rider", "person"]
    assert names_after(OVER, objects([3, 2], [BICYCLE, ON_IT])) == ["motorcycle", "rider"]
    for rule in ("absent", "person"):
        assert names_after(read_taxonomy("coco-to-cityscapes", rule), given) == ["bicycle", "person", "person"]


def test_a_kite_carries_nobody():
    assert names_after(OVER, objects([4, 2], [BICYCLE, ON_IT])) == ["person"]


@pytest.mark.parametrize(("score", "name"), [(0.5, "rider"), (0.49, "person")])
def test_a_doubtful_two_wheeler_makes_no_rider_but_a_doubtful_person_rides_a_certain_one(score: float, name: str):
    scores = np.array([score, 0.1], np.float32)
    assert names_after(OVER, objects([1, 2], [BICYCLE, ON_IT], scores)) == ["bicycle", name]


@pytest.mark.parametrize("crowd", [[True, False], [False, True]])
def test_crowds_neither_ride_nor_are_ridden(crowd: list[bool]):
    given = objects([1, 2], [BICYCLE, ON_IT], crowd=np.array(crowd))
    assert names_after(OVER, given) == ["bicycle", "person"]


def record(category_id: int, box: list[int], image_id: int = 1, **more: object) -> dict[str, object]:
    x1, y1, x2, y2 = box
    return {"image_id": image_id, "category_id": category_id, "bbox": [x1, y1, x2 - x1, y2 - y1], "score": 0.9, **more}


def test_records_are_translated_in_order_with_their_other_fields():
    rows = [record(i, BICYCLE, file_name=f"{i}.jpg") for i in (4, 3, 5, 1, 2)]
    translated = PETS.records(rows, TABLE)
    assert [(row["category_id"], row["file_name"]) for row in translated.kept] == [
        (2, "4.jpg"),
        (1, "5.jpg"),
        (1, "2.jpg"),
    ]
    assert [row["category_id"] for row in translated.ignored] == [3]
    assert [row["category_id"] for row in translated.absent] == [1]
    assert [row["category_id"] for row in rows] == [4, 3, 5, 1, 2]


def test_records_and_instances_agree_and_images_do_not_mix():
    rows = [record(2, ON_IT, 1), record(1, BICYCLE, 2), record(2, ON_IT, 2), record(2, BESIDE, 2)]
    names = OVER.target_table().names
    assert [names[row["category_id"] - 1] for row in OVER.records(rows, STREET).kept] == [
        "person",
        "bicycle",
        "rider",
        "person",
    ]


def test_a_record_without_a_box_is_judged_by_its_mask():
    dense = np.zeros((300, 300), np.uint8)
    dense[150:250, 130:170] = 1
    mask = coco_mask.encode(np.asfortranarray(dense))
    bare = {"image_id": 1, "category_id": 2, "score": 0.9}
    text = {"size": mask["size"], "counts": mask["counts"].decode()}
    for segmentation in (mask, text):
        kept = OVER.records([record(1, BICYCLE), bare | {"segmentation": segmentation}], STREET).kept
        assert kept[1]["category_id"] == OVER.target_table().index_of("rider")
    with pytest.raises(DataError, match="neither bbox nor segmentation"):
        OVER.records([bare], STREET)


def test_a_class_that_the_source_table_does_not_have_is_refused():
    with pytest.raises(DataError, match="Object 1 is of class 18; expected 1 to 5"):
        PETS.records([record(1, BICYCLE), record(18, BICYCLE)], TABLE)
    with pytest.raises(DataError, match="Object 0 is of class 0"):
        PETS.instances(objects([0]), TABLE)
