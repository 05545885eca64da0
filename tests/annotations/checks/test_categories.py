from typing import Any

import pytest

from maskwright.annotations.checks.categories import category_faults
from maskwright.annotations.coco.file import read_coco


def found(path: Any) -> list[tuple[str, Any]]:
    return [(fault.code, fault.record) for fault in category_faults(read_coco(path))]


def with_categories(coco: Any, categories: dict[int, str]) -> Any:
    return coco(*({"category_id": identity} for identity in categories), categories=categories)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ({1: "person", 2: "dog"}, []),
        ({5: "person", 6: "traffic light"}, []),
        ({0: "person", 1: "dog"}, [("category_zero", 0)]),
        ({1: "person", 4: "dog"}, [("category_gaps", None)]),
        ({299: "person", 300: "dog"}, [("category_over_255", 299), ("category_over_255", 300)]),
        ({1: "dog", 2: " dog"}, [("odd_name", 2), ("duplicate_name", 2)]),
        ({1: "cafe\u0301", 2: "café"}, [("odd_name", 1), ("duplicate_name", 2)]),
        ({1: "猫", 2: "naïve café/№ 5"}, []),
        ({1: "hot\u200bdog"}, [("odd_name", 1)]),
        ({1: "hot\ndog"}, [("control_in_name", 1)]),
        ({1: "hot dog\r\n"}, [("control_in_name", 1)]),
        ({1: "\x1b[2Jdog", 2: "cow\u2028"}, [("control_in_name", 1), ("control_in_name", 2)]),
        ({1: ""}, [("odd_name", 1)]),
        ({1: "background", 2: "dog"}, [("background_name", 1)]),
        ({}, []),
    ],
    ids=str,
)
def test_faults_of_categories(coco, categories: dict[int, str], expected: list[tuple[str, Any]]):
    assert found(with_categories(coco, categories)) == expected


def test_a_category_without_annotation_is_named_unless_there_are_none_at_all(coco):
    assert found(coco({"category_id": 1})) == [("unused_category", 2)]
    assert found(coco()) == []


def test_gaps_are_counted_and_the_first_are_named(coco):
    path = with_categories(coco, {identity: f"class {identity}" for identity in (*range(1, 12), 13, 90)})
    (fault,) = category_faults(read_coco(path))
    assert fault.message == "has category ids from 1 to 90, of which 77 are missing (after 11, 13)"


def test_a_huge_id_makes_one_fault_not_a_list_of_all_between(coco):
    assert found(with_categories(coco, {1: "dog", 10**15: "cat"})) == [
        ("category_over_255", 10**15),
        ("category_gaps", None),
    ]


def test_what_is_invisible_in_a_name_is_shown_on_one_line(coco):
    (fault,) = category_faults(read_coco(with_categories(coco, {1: " hot\u200bdog\n"})))
    assert str(fault).startswith(r"category 1 (' hot\u200bdog\n') has")
