from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import draw_objects
from maskwright.evaluation.coco.incomplete_objects import IncompleteObjects
from maskwright.evaluation.coco.truth import read_truth
from tests.conftest import CocoFactory


def test_the_objects_of_a_run_and_of_a_truth_file_are_counted_alike(coco: CocoFactory):
    path = coco(
        {"id": 3},
        {"id": 5, "bbox": [10, 10, 10, 10]},
        {"id": 7, "segmentation": [], "bbox": [1, 2, 3, 4]},
        {"id": 8, "segmentation": []},
        {"id": 9, "bbox": [10, 10, 10, -1], "iscrowd": 1, "image_id": 2},
        images=[{}, {}],
    )
    read = read_coco(path)
    images = [draw_objects(i, read.by_image()[i.id], {1: 1}, Audit("")) for i in read.images]
    found = IncompleteObjects.among(images)
    assert found == read_truth(path).incomplete == IncompleteObjects([7], [3, 9])
    assert found.to_json() == {"without_mask": [7], "without_box": [3, 9]}
    assert found.lines("validation") == [
        "validation: 1 object has no mask that can be drawn (annotation 7); it counts for boxes only.",
        "validation: 2 objects have no box that can be used (annotations 3, 9); that of their masks is taken.",
    ]


def test_of_complete_objects_nothing_is_said(coco: CocoFactory):
    assert read_truth(coco({"bbox": [10, 10, 10, 10]})).incomplete.lines("truth") == []


def test_long_lists_are_cut_and_counted():
    (line,) = IncompleteObjects([], list(range(1, 9))).lines("truth")
    assert line.startswith("truth: 8 objects have no box")
    assert "3 more" in line
