from maskwright.annotations.faults import FAULTS, Fault
from maskwright.annotations.findings import Findings


def findings(*faults: tuple[str, str, int | None]) -> Findings:
    found = Findings("data/labels.json")
    found.add(*(Fault(code, kind, record, f"has {code}") for code, kind, record in faults))
    return found


def test_faults_are_counted_by_code_and_severity():
    found = findings(("rle_size", "annotation", 3), ("rle_size", "annotation", 4), ("no_pixels", "annotation", 5))
    assert dict(found.counts) == {"rle_size": 2, "no_pixels": 1}
    assert (found.number("error"), found.number("warning")) == (2, 1)


def test_errors_come_before_warnings_and_each_in_the_order_of_the_catalogue():
    found = findings(
        ("gray_image", "image", 1),
        ("rle_size", "annotation", 1),
        ("category_zero", "category", 0),
        ("json_bom", "file", None),
    )
    assert found.codes() == ["json_bom", "rle_size", "category_zero", "gray_image"]


def test_json_names_ids_of_records_and_the_file_for_its_own_faults():
    found = findings(("json_bom", "file", None), ("rle_size", "annotation", 2463))
    assert found.to_json() == [
        {
            "code": "json_bom",
            "severity": "error",
            "count": 1,
            "kind": "file",
            "examples": ["data/labels.json"],
            "messages": ["data/labels.json: has json_bom"],
            "remedy": FAULTS["json_bom"].remedy,
        },
        {
            "code": "rle_size",
            "severity": "error",
            "count": 1,
            "kind": "annotation",
            "examples": [2463],
            "messages": ["data/labels.json: annotation 2463 has rle_size"],
            "remedy": FAULTS["rle_size"].remedy,
        },
    ]


def test_ten_examples_are_kept_however_many_there_are():
    found = findings(*(("rle_size", "annotation", number) for number in range(1000)))
    (fault,) = found.to_json()
    assert (fault["count"], fault["examples"]) == (1000, list(range(10)))


def test_lines_show_ten_errors_and_three_warnings_with_file_and_id_and_the_remedy_once():
    errors = [("rle_size", "annotation", number) for number in range(12)]
    warnings = [("gray_image", "image", number) for number in range(12)]
    lines = findings(*errors, *warnings, ("category_zero", "category", 0)).lines()
    assert lines == [
        "error: rle_size, 12 annotations",
        *(f"  labels.json: annotation {number} has rle_size" for number in range(10)),
        "  … and 2 more",
        f"  remedy: {FAULTS['rle_size'].remedy}",
        "warning: category_zero",
        "  labels.json: category 0 has category_zero",
        f"  remedy: {FAULTS['category_zero'].remedy}",
        "warning: gray_image, 12 images",
        *(f"  labels.json: image {number} has gray_image" for number in range(3)),
        "  … and 9 more",
        f"  remedy: {FAULTS['gray_image'].remedy}",
    ]


def test_records_of_several_kinds_are_called_records():
    found = findings(("duplicate_id", "image", 1), ("duplicate_id", "annotation", 1))
    assert found.lines()[0] == "error: duplicate_id, 2 records"
    assert found.to_json()[0]["kind"] == "record"


def test_no_fault_no_line():
    assert findings().lines() == findings().to_json() == []
