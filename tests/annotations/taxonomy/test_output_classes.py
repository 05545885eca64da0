import numpy as np
import pytest

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.select import select
from maskwright.annotations.taxonomy.loading import make_taxonomy, read_taxonomy
from maskwright.annotations.taxonomy.output_classes import OutputClasses, output_classes
from maskwright.annotations.taxonomy.remapped_file import remap_coco_file
from maskwright.errors import UsageError
from maskwright.structures import ClassTable, Instances, Rle

PETS = make_taxonomy("pets", {"pet": ["dog", "cat"], "plane": ["airplane"]}, ignored=["toy"], absent=["tree"])
OWN = ClassTable.from_names(["tree", "cat", "toy", "airplane", "dog"])
CATEGORIES = {1: "tree", 2: "cat", 3: "toy", 4: "airplane", 5: "dog"}


def found(*labels: int) -> Instances:
    masks = [Rle(size=[1, 1], counts=b"01")] * len(labels)
    scores = np.linspace(0.9, 0.1, len(labels), dtype=np.float32)
    return Instances((1, 1), np.zeros((len(labels), 4), np.float32), np.array(labels), masks, scores)


def test_results_stay_as_they_are_without_a_taxonomy():
    own = output_classes(OWN, None, "semantic")
    label_map, instances = np.array([[1, 5, 255]], np.uint8), found(1, 5)
    assert own.table is OWN
    assert own.label_map(label_map) is own.true_label_map(label_map) is label_map
    assert own.instances(instances) is instances


def test_merged_objects_keep_their_scores_and_order_and_nothing_is_suppressed():
    classes = output_classes(OWN, PETS, "instance")
    given = found(5, 2, 3, 1, 4, 5)
    kept = classes.instances(given)
    assert kept.labels.tolist() == [1, 1, 2, 1]
    assert kept.scores.tolist() == given.scores[[0, 1, 4, 5]].tolist()


def test_ignored_pixels_are_background_in_predictions_and_ignored_in_truth():
    classes = output_classes(OWN, PETS, "semantic")
    given = np.arange(6, dtype=np.uint8)[None]
    assert classes.label_map(given).tolist() == [[0, 0, 1, 0, 2, 1]]
    assert classes.true_label_map(given).tolist() == [[0, 0, 1, 255, 2, 1]]


def test_a_model_of_the_target_s_classes_keeps_them():
    classes = output_classes(ClassTable.from_names(["plane", "pet"]), PETS, "semantic")
    assert classes.table.names == ["pet", "plane"]
    assert classes.label_map(np.array([[0, 1, 2]], np.uint8)).tolist() == [[0, 2, 1]]


def test_riders_of_objects_need_objects():
    street = ClassTable.from_names(["person", "bicycle"])
    over = read_taxonomy("coco-to-cityscapes", "person-over-two-wheeler")
    with pytest.raises(UsageError, match="person-over-two-wheeler"):
        output_classes(street, over, "semantic")
    assert output_classes(street, over, "instance").table.names[:2] == ["person", "rider"]


def test_true_objects_are_those_of_the_translated_file(coco):
    squares = [[[x, 2, x + 8, 2, x + 8, 12, x, 12]] for x in range(0, 60, 10)]
    records = [
        {"category_id": c, "segmentation": s, "bbox": [c, 2, 8, 10]}
        for c, s in zip((5, 3, 1, 4, 2, 3), squares, strict=True)
    ]
    records.insert(3, {"category_id": 2, "segmentation": [], "bbox": [1, 2, 3, 4]})
    file = read_coco(coco(*records, categories=CATEGORIES))
    (drawn,) = select(file, class_table(file)).images
    ours = OutputClasses(class_table(file), PETS).true_objects(drawn)
    (theirs,) = select(remap_coco_file(file, PETS), PETS.target_table()).images
    assert (ours.ids, ours.labels, ours.areas, ours.crowd) == (theirs.ids, theirs.labels, theirs.areas, theirs.crowd)
    assert [each.rle for each in ours.drawn] == [each.rle for each in theirs.drawn]
    assert [each.rle for each in ours.ignored] == [each.rle for each in theirs.ignored]
    assert (ours.boxes, ours.ignored_boxes) == (theirs.boxes, theirs.ignored_boxes)
    assert ours.box_only == theirs.box_only
    assert (len(ours.ignored), len(ours.box_only)) == (2, 1)
    assert ours.used == 5
    assert len(drawn.ids) == 6


def test_riders_go_by_the_files_boxes_and_so_do_persons_without_a_mask(coco):
    file = read_coco(
        coco(
            # By its box the person begins above the bicycle; its mask lies lower.
            {"category_id": 1, "segmentation": [[10, 20, 18, 20, 18, 26, 10, 26]], "bbox": [10, 2, 8, 28]},
            {"category_id": 1, "segmentation": [], "bbox": [12, 2, 6, 28]},
            {"category_id": 2, "segmentation": [[6, 12, 26, 12, 26, 34, 6, 34]], "bbox": [6, 12, 20, 22]},
            categories={1: "person", 2: "bicycle"},
        )
    )
    rule = read_taxonomy("coco-to-cityscapes", "person-over-two-wheeler")
    (drawn,) = select(file, class_table(file)).images
    classes = output_classes(class_table(file), rule, "instance")
    ours = classes.true_objects(drawn)
    assert [classes.table.names[label - 1] for label in ours.labels] == ["rider", "bicycle"]
    assert [classes.table.names[each.label - 1] for each in ours.box_only] == ["rider"]
    (theirs,) = select(remap_coco_file(file, rule), rule.target_table()).images
    assert (theirs.labels, theirs.box_only) == (ours.labels, ours.box_only)
