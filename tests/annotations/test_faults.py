import pytest

from maskwright.annotations.faults import REMEDIES, STILL_USED, Audit, Fault


def fault(code: str, record: int = 1) -> Fault:
    return Fault(code, "annotation", record, "has something wrong")


def test_an_audit_adds_up_only_when_every_annotation_is_accounted_for():
    audit = Audit("labels.json", found=3, used=1)
    audit.fault(fault("empty_segmentation"))
    assert not audit.adds_up
    audit.skip("other_class")
    assert audit.adds_up


def test_the_parts_of_a_file_add_up_to_the_whole():
    whole = Audit("labels.json", found=2, used=1)
    whole.skip("other_class")
    part = Audit("", found=3, used=1)
    part.skip("other_class")
    part.fault(fault("rle_size", 7))
    whole.add(part)
    assert (whole.found, whole.used, dict(whole.skipped)) == (5, 2, {"other_class": 2, "rle_size": 1})
    assert [f.record for f in whole.faults] == [7]
    assert whole.adds_up


def test_skipping_nothing_names_no_reason():
    audit = Audit("labels.json")
    audit.skip("other_class", 0)
    assert audit.to_json()["skipped"] == {}


def test_json_gives_every_fault_with_its_id_and_remedy():
    audit = Audit("labels.json", found=1)
    audit.fault(fault("empty_segmentation", 2463))
    assert audit.to_json() == {
        "in": 1,
        "used": 0,
        "skipped": {"empty_segmentation": 1},
        "faults": [
            {
                "code": "empty_segmentation",
                "kind": "annotation",
                "id": 2463,
                "message": "annotation 2463 has something wrong",
                "remedy": REMEDIES["empty_segmentation"],
            }
        ],
    }


def test_lines_name_file_and_id_of_each_fault_and_the_remedy_once():
    audit = Audit("labels.json")
    audit.fault(fault("rle_size", 5))
    audit.fault(fault("rle_size", 6))
    assert audit.lines() == [
        "labels.json: annotation 5 has something wrong; skipped.",
        "labels.json: annotation 6 has something wrong; skipped.",
        f"  remedy: {REMEDIES['rle_size']}.",
    ]


def test_many_faults_of_one_kind_are_cut_but_counted():
    audit = Audit("labels.json")
    for record in range(25):
        audit.fault(fault("rle_size", record))
    lines = audit.lines(limit=10)
    assert len(lines) == 12
    assert lines[-2] == "labels.json: … and 15 more of rle_size."


@pytest.mark.parametrize("code", sorted(STILL_USED))
def test_objects_that_are_still_used_are_not_called_skipped(code: str):
    audit = Audit("labels.json", found=1, used=1, faults=[fault(code, 8)])
    assert audit.lines() == [f"labels.json: 1 used with {code} (annotations 8)."]
    assert audit.adds_up
