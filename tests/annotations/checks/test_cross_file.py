from maskwright.annotations.checks.cross_file import class_faults, compare_classes, same_file_names
from maskwright.annotations.coco.file import read_coco


def test_classes_are_matched_by_name_and_ids_compared(coco):
    here = read_coco(coco(categories={1: "person", 2: "dog", 3: "cat"}, name="here.json"))
    there = read_coco(coco(categories={2: " dog", 5: "person", 6: "bird"}, name="there.json"))
    classes = compare_classes(here, there)
    assert classes.to_json() == {
        "shared": 2,
        "differing_ids": {"person": [1, 5]},
        "only_here": ["cat"],
        "only_there": ["bird"],
    }
    assert [(fault.code, fault.kind, fault.record) for fault in class_faults(classes, there)] == [
        ("class_id_differs", "category", 1),
        ("class_only_here", "category", 3),
        ("class_only_there", "category", 6),
    ]


def test_a_file_does_not_differ_from_itself_but_shares_its_images(coco):
    read = read_coco(coco(images=[{}, {}]))
    assert list(class_faults(compare_classes(read, read), read)) == []
    assert [fault.record for fault in same_file_names(read, read)] == [1, 2]


def test_equal_categories_and_ids_in_both_files_are_no_fault(coco):
    here = read_coco(coco({}, images=[{}], name="here.json"))
    there = read_coco(coco({}, images=[{"file_name": "other.png"}], name="there.json"))
    assert list(class_faults(compare_classes(here, there), there)) == []
    assert list(same_file_names(here, there)) == []


def test_a_shared_file_name_is_named_with_the_image_it_is_there(coco):
    here = read_coco(coco(images=[{"file_name": "a.jpg"}, {"file_name": "b.jpg"}], name="here.json"))
    there = read_coco(coco(images=[{"id": 8, "file_name": "b.jpg"}], name="there.json"))
    (fault,) = same_file_names(here, there)
    assert str(fault) == f"image 2 ('b.jpg') has the file name of image 8 of {there.path}"


def test_of_categories_with_one_name_the_first_id_counts(coco):
    here = read_coco(coco(categories={3: "dog", 4: "dog"}, name="here.json"))
    there = read_coco(coco(categories={3: "dog"}, name="there.json"))
    assert compare_classes(here, there).shared == {"dog": (3, 3)}
