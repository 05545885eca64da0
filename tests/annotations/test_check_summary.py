from maskwright.annotations.check_summary import CheckSummary, records_found
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.findings import Findings


def test_rejected_records_count_as_found(coco) -> None:
    path = coco({"bbox": [10, 10, 10, 10]}, images=[{}, {"id": 1}, {"id": 3, "height": 0}])
    assert records_found(read_coco(path), "image") == 3
    assert records_found(read_coco(path), "category") == 2


def test_errors_decide_the_exit_code_and_are_counted_in_the_last_line() -> None:
    findings = Findings("labels.json")
    summary = CheckSummary(findings, Audit("labels.json"))
    assert (summary.errors, summary.exit_code, summary.lines()) == (0, 0, ["no fault in labels.json"])
    findings.add(Fault("json_invalid", "file", None, "is empty"))
    unread = CheckSummary(findings, Audit("labels.json"), fix_wanted=True)
    assert (unread.errors, unread.exit_code) == (1, 1)
    assert unread.lines()[-1] == "1 error, 0 warnings in labels.json; nothing was repaired: it cannot be read"
    assert unread.to_json()["counts"]["errors"] == 1
