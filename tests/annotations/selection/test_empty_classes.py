import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.empty_classes import count_objects, require_masks, require_training_objects
from maskwright.errors import DataError


def test_a_file_of_boxes_is_refused_with_the_remedy(coco) -> None:
    with pytest.raises(
        DataError, match=r"holds boxes only: 1 annotation, none .* expected objects with masks\. Give a"
    ):
        require_masks(read_coco(coco({"segmentation": [], "bbox": [1, 1, 5, 5]})))
    require_masks(read_coco(coco({})))


def test_only_objects_with_a_segmentation_of_a_chosen_category_count(coco) -> None:
    file = read_coco(coco({}, {"iscrowd": 1}, {"segmentation": []}, {"category_id": 2}))
    assert count_objects(file, {1: 5}) == {5: 2}


@pytest.mark.parametrize(
    ("names", "counts", "grouped", "said"),
    [
        (
            ["a", "b", "c"],
            [3, 0, 1],
            False,
            r"no object of 1 of the 3 classes \(b\).*--set 'classes=\[a, c\]', or train",
        ),
        (["a", "b"], [0, 0], False, r"2 of the 2 classes \(a, b\); .* sees\. Train all the same with --allow-empty"),
        (["x", "y"], [0, 4], True, r"1 of the 2 groups \(x\); .* sees\. Train all the same"),
        ([str(i) for i in range(40)], [0] * 12 + [1] * 28, False, r"\(0, 1, 2, 3, 4, 5, 6, 7 and 4 more\).* Train all"),
    ],
)
def test_classes_without_an_object_are_named_with_what_to_do(
    names: list[str], counts: list[int], grouped: bool, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        require_training_objects(names, counts, "labels.json", grouped)


def test_classes_with_objects_pass() -> None:
    require_training_objects(["a", "b"], [1, 2], "labels.json", False)
