"""Files in other classes: every annotation has a place, and riders are those the rule names."""

import pytest

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.selection.select import select
from maskwright.annotations.taxonomy.loading import make_taxonomy, read_taxonomy
from maskwright.annotations.taxonomy.remapped_file import remap_coco_file
from maskwright.errors import UsageError

PETS = make_taxonomy("pets", {"pet": ["dog", "cat"], "plane": ["airplane"]}, ignored=["toy"], absent=["tree"])
CATEGORIES = {4: "dog", 9: "cat", 2: "airplane", 7: "toy", 0: "tree"}


def named(coco: CocoFile) -> dict[int, str]:
    """The class of each annotation by its id."""
    names = {each.id: each.name for each in coco.categories}
    return {each.id: names[each.category_id] for each in coco.annotations}


@pytest.fixture
def pets(coco) -> CocoFile:
    return read_coco(coco(*({"category_id": i} for i in (9, 4, 7, 0, 2, 7)), categories=CATEGORIES))


def test_categories_are_called_as_what_they_become_and_keep_their_ids(pets: CocoFile):
    after = remap_coco_file(pets, PETS)
    assert [(each.id, each.name) for each in after.categories] == [(2, "plane"), (4, "pet"), (9, "pet")]
    table = class_table(after, PETS.shared)
    assert [(each.name, each.source_ids) for each in table] == [("pet", (4, 9)), ("plane", (2,))]
    assert list(named(after).values()) == ["pet", "pet", "plane"]


def test_every_annotation_has_a_place(pets: CocoFile):
    after = remap_coco_file(pets, PETS)
    assert [each.category_id for each in after.ignored] == [7, 7]
    assert after.rejected == {"absent_class": 1}
    assert len(after.annotations) + len(after.ignored) + 1 == len(pets.annotations)
    audit = select(after, class_table(after, ["pet"])).audit
    assert audit.adds_up
    assert (audit.found, audit.used) == (6, 4)
    assert audit.skipped == {"absent_class": 1, "other_class": 1}
    assert len(pets.annotations) == 6


def test_ignored_objects_have_a_mask_and_no_class(pets: CocoFile):
    after = remap_coco_file(pets, PETS)
    (objects,) = select(after, class_table(after, PETS.shared)).images
    assert objects.labels == [1, 1, 2]
    assert len(objects.ignored) == 2
    assert all(drawn.area > 0 for drawn in objects.ignored)


def test_a_file_in_the_target_s_classes_loses_only_what_is_not_shared(coco):
    categories = {1: "person", 2: "rider", 3: "car"}
    file = read_coco(coco(*({"category_id": i} for i in categories), categories=categories))
    by_rule = {
        rule: named(remap_coco_file(file, read_taxonomy("coco-to-cityscapes", rule))) for rule in ("absent", "person")
    }
    assert by_rule["absent"] == {1: "person", 3: "car"}
    assert by_rule["person"] == {1: "person", 2: "person", 3: "car"}
    over = read_taxonomy("coco-to-cityscapes", "person-over-two-wheeler")
    assert named(remap_coco_file(file, over)) == {1: "person", 2: "rider", 3: "car"}
    assert named(remap_coco_file(file, over, side="target")) == {1: "person", 2: "rider", 3: "car"}


def test_persons_over_two_wheelers_become_riders_with_a_category_of_their_own(coco):
    def polygon(x1, y1, x2, y2):
        return [[x1, y1, x2, y1, x2, y2, x1, y2]]

    bicycle, rider, walker = (10, 30, 40, 46), (15, 10, 25, 44), (44, 10, 56, 46)
    records = [
        {"id": 5, "category_id": 2, "segmentation": polygon(*bicycle)},
        {"id": 6, "category_id": 1, "segmentation": polygon(*rider)},
        {"id": 7, "category_id": 1, "segmentation": polygon(*walker)},
        # Without a box, the mask's counts.
        {"id": 8, "category_id": 1, "segmentation": polygon(*rider), "bbox": ...},
        {"id": 9, "category_id": 1, "segmentation": polygon(*rider), "iscrowd": 1},
        {"id": 11, "category_id": 1, "segmentation": [], "bbox": ...},
    ]
    for record in records:
        x, y = record["segmentation"][0][:2] if record["segmentation"] else (0, 0)
        if "bbox" not in record:
            x2, y2 = record["segmentation"][0][4:6]
            record["bbox"] = [x, y, x2 - x, y2 - y]
    file = read_coco(coco(*records, categories={1: "person", 2: "bicycle"}))
    after = remap_coco_file(file, read_taxonomy("coco-to-cityscapes", "person-over-two-wheeler"), side="source")
    assert named(after) == {5: "bicycle", 6: "rider", 7: "person", 8: "rider", 9: "person", 11: "person"}
    assert len({each.id for each in after.categories}) == 3
    assert {each.category_id for each in file.annotations} == {1, 2}


def test_a_class_that_is_not_accounted_for_is_named(coco):
    with pytest.raises(UsageError, match=r"does not account for the source class\(es\) ant"):
        remap_coco_file(read_coco(coco(categories=CATEGORIES | {20: "ant"})), PETS)
