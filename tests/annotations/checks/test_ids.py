from maskwright.annotations.checks.ids import id_faults
from maskwright.annotations.coco.file import CocoFile, read_coco


def found(coco: CocoFile) -> list[tuple[str, str, int | None]]:
    return [(fault.code, fault.kind, fault.record) for fault in id_faults(coco)]


def test_positive_ids_are_no_fault(coco):
    assert found(read_coco(coco({}, {"id": 900100000544}))) == []


def test_the_id_zero_of_an_annotation_is_named_but_not_that_of_an_image(coco):
    path = coco({"id": 0, "image_id": 0}, images=[{"id": 0}])
    assert found(read_coco(path)) == [("id_zero", "annotation", 0)]


def test_negative_ids_are_named_in_every_list(coco):
    path = coco({"id": -1, "image_id": -2, "category_id": -3}, images=[{"id": -2}], categories={-3: "dog"})
    assert found(read_coco(path)) == [
        ("negative_id", "image", -2),
        ("negative_id", "category", -3),
        ("negative_id", "annotation", -1),
    ]


def test_a_file_without_annotations_is_told_apart_from_one_whose_annotations_are_all_bad(coco):
    assert found(read_coco(coco())) == [("no_annotations", "file", None)]
    assert found(read_coco(coco({"image_id": 9}))) == []
