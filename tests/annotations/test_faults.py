from pathlib import Path

import pytest

from maskwright.annotations.faults import FAULTS, IMPLIED, REPAIRABLE, STILL_USED, Audit, Fault


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
                "remedy": FAULTS["empty_segmentation"].remedy,
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
        f"  remedy: {FAULTS['rle_size'].remedy}.",
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


def test_a_fault_names_its_record_or_only_the_file():
    assert str(fault("rle_size", 5)) == "annotation 5 has something wrong"
    assert str(Fault("json_bom", "file", None, "begins with a mark")) == "begins with a mark"


def test_what_was_mended_in_the_text_is_told_as_read_all_the_same():
    audit = Audit("labels.json", faults=[Fault("json_bom", "file", None, "begins with a mark")])
    assert audit.lines() == ["labels.json: begins with a mark; read all the same."]


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_fault_has_a_severity_and_says_what_to_do_in_a_phrase(code: str):
    severity, remedy = FAULTS[code]
    assert severity in ("error", "warning")
    assert remedy[0].islower()
    assert remedy[-1] not in ".;,"


def test_a_warning_costs_no_record():
    assert {code for code, kind in FAULTS.items() if kind.severity == "warning"} <= STILL_USED


def test_what_a_repair_may_mend_is_said_to_be_mended_by_it():
    # Of these two, only what is missing or empty can be mended, and that has a code or a message of its own.
    promised = {code for code, kind in FAULTS.items() if "--fix" in kind.remedy}
    assert REPAIRABLE - {"bad_annotation", "bad_polygon"} <= promised
    of_file = {code for code in promised - REPAIRABLE if not code.startswith("json_")}
    assert of_file == {"backslash_path", "case_differs", "control_in_name", "unicode_form"}


def test_every_fault_is_in_the_page_about_check_or_of_another_format():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "check.md").read_text(encoding="utf-8")
    codes = list(FAULTS)
    others = codes[codes.index("unreadable_file") : codes.index("class_id_differs")]
    assert [code for code in codes if f"`{code}`" not in page and code not in others] == []


def test_a_file_of_another_kind_has_one_line_and_its_remedy():
    audit = Audit("labels.json", found=40)
    audit.faults.append(Fault("boxes_file", "file", None, "holds boxes only"))
    for record in range(40):
        audit.fault(fault("empty_segmentation", record))
    audit.fault(fault("rle_counts", 7))
    assert audit.lines() == [
        "labels.json: holds boxes only.",
        f"  remedy: {FAULTS['boxes_file'].remedy}.",
        "labels.json: annotation 7 has something wrong; skipped.",
        f"  remedy: {FAULTS['rle_counts'].remedy}.",
    ]


def test_the_faults_that_follow_from_a_kind_of_file_are_in_the_catalogue():
    assert set(IMPLIED) | set().union(*IMPLIED.values()) <= set(FAULTS)
