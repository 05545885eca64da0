import pytest

from maskwright.annotations.coco.not_finite import not_finite_faults

TEXT = (
    b'{"info": {"v": null}, "annotations": [{"id": 5, "bbox": [null, null]}, {"id": 6}, null, {"area": null}],'
    b' "images": [ {"id": 1, "w": null} ], "categories": 5}'
)


def offsets(*which: int) -> list[int]:
    found = [position for position in range(len(TEXT)) if TEXT.startswith(b"null", position)]
    return [found[i] for i in which]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ((1, 2), [("annotation", 5, "(record 0) holds 2 NaN or Infinity, read as null")]),
        ((3,), [("annotation", None, "(record 2) holds a NaN or Infinity, read as null")]),
        ((4,), [("annotation", None, "(record 3) holds a NaN or Infinity, read as null")]),
        ((0,), [("file", None, "holds a NaN or Infinity outside of its records")]),
        ((1, 5), [("image", 1, ""), ("annotation", 5, "")]),
    ],
)
def test_each_place_is_named_by_the_record_around_it(which: tuple[int, ...], expected: list[tuple[str, int, str]]):
    faults = not_finite_faults(TEXT, offsets(*which))
    assert [(fault.kind, fault.record) for fault in faults] == [(kind, record) for kind, record, _ in expected]
    assert all(fault.code == "json_not_finite" for fault in faults)
    assert all(message in fault.message for fault, (_, _, message) in zip(faults, expected, strict=True))


def test_text_that_is_no_object_makes_a_fault_of_the_file():
    (fault,) = not_finite_faults(b"[null]", [1])
    assert fault.kind == "file"
    (fault,) = not_finite_faults(b"{null", [1])
    assert fault.kind == "file"
