"""Decisions of a review, applied to a file: what changes, what stays to the byte, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.coco.document import read_document
from maskwright.annotations.repair.decisions import FORMAT, apply_decisions, read_decisions
from maskwright.cli.main import main
from maskwright.errors import DataError, UsageError
from maskwright.files import sha256_of
from maskwright.masks.rle import rasterise
from maskwright.workflows.check import check

# Three columns of four pixels, from column 1 and row 2 on, of 48 × 64.
COUNTS = rasterise({"size": [48, 64], "counts": [50, 4, 44, 4, 44, 4, 2922]}, 48, 64).rle["counts"].decode()
MASK = {"segmentation": {"size": [48, 64], "counts": COUNTS}, "bbox": [1.0, 2.0, 3.0, 4.0], "area": 12.0}
BOXED = {"bbox": [10, 10, 10, 10], "area": 100}


def decision(kind: str, *changes: dict[str, Any], verdict: str = "accept", suspect: str = "s1") -> dict[str, Any]:
    return {"suspect": suspect, "kind": kind, "image": "1.png", "decision": verdict, "changes": list(changes)}


def decided(labels: Path, *decisions: dict[str, Any], **more: Any) -> Path:
    content = {"format": FORMAT, "annotations": {"file": "labels.json", "sha256": sha256_of(labels)}} | more
    path = labels.with_name("decisions.json")
    path.write_text(json.dumps({**content, "decisions": list(decisions)}))
    return path


def records(labels: Path, *decisions: dict[str, Any]) -> list[bytes]:
    found = read_decisions(decided(labels, *decisions), labels)
    return [bytes(each) for each in apply_decisions(read_document(labels), found).document.annotations]


@pytest.fixture
def labels(coco) -> Path:
    """Three annotations, each with a field of its own and written with spaces of its own."""
    path = coco(*[BOXED | {"mine": {"b": 1.50, "a": []}}] * 3)
    path.write_text(path.read_text().replace('"mine": ', '"mine" :  '))
    return path


def test_what_no_accepted_decision_names_stays_to_the_byte(labels: Path) -> None:
    before = [bytes(each) for each in read_document(labels).annotations]
    rejected = decision("spurious", {"do": "remove", "annotation": 1}, verdict="reject")
    unsure = decision("spurious", {"do": "remove", "annotation": 2}, verdict="unsure")
    assert records(labels, rejected, unsure) == before
    after = records(
        labels, rejected, unsure, decision("wrong_class", {"do": "class", "annotation": 3, "category_id": 2})
    )
    assert after[:2] == before[:2]
    assert b'"mine" :  ' in before[2]
    # The field itself stays as it was written; only its record is written anew.
    assert json.loads(after[2]) == json.loads(before[2]) | {"category_id": 2}


def test_each_kind_of_change(labels: Path) -> None:
    changed = [
        json.loads(each)
        for each in records(
            labels,
            decision("missing", {"do": "add", "image_id": 1, "category_id": 2, **MASK}),
            decision("spurious", {"do": "remove", "annotation": 1}, suspect="s2"),
            decision("poor_outline", {"do": "outline", "annotation": 3, **MASK}, suspect="s3"),
        )
    ]
    assert [each["id"] for each in changed] == [2, 3, 4]
    assert {name: changed[1][name] for name in MASK} == MASK
    assert changed[1]["mine"] == {"b": 1.5, "a": []}
    assert changed[2] == {"id": 4, "image_id": 1, "category_id": 2, **MASK, "iscrowd": 0}


def test_repairs_are_counted_and_listed_with_those_of_faults(coco, tmp_path: Path, capsys) -> None:
    path = coco(BOXED, BOXED | {"area": ...}, BOXED)
    file = decided(
        path,
        decision("missing", {"do": "add", "image_id": 1, "category_id": 2, **MASK}),
        decision("spurious", {"do": "remove", "annotation": 3}, suspect="s2"),
    )
    out = tmp_path / "fixed.json"
    done = check(path, fix=out, decisions=file)
    assert done.repairs is not None
    assert dict(done.repairs.by_code) == {"review_missing": 1, "review_spurious": 1, "missing_area": 1}
    counts = done.to_json()["repairs"]["counts"]
    assert counts["in"] + counts["added"] == counts["used"] + counts["skipped"] + counts["repaired_away"] == 4
    assert json.loads(out.with_name("fixed.json.repairs.json").read_text())["made"][0]["code"] == "review_spurious"
    assert main(["check", str(path), "--fix", str(tmp_path / "2.json"), "--decisions", str(file)]) == 0
    assert "repaired:    3 found = 3 used + 0 skipped + 1 repaired away - 1 added by review" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "holds no decisions"),
        ('{"format": "other", "annotations": {"sha256": "0"}, "decisions": []}', "its format is 'other'"),
        (json.dumps({"format": FORMAT, "annotations": {"sha256": "0"}, "decisions": []}), "another version"),
        (json.dumps({"format": FORMAT}), "annotations"),
        ("[" * 100_000, "holds no decisions"),
    ],
)
def test_other_files_are_refused(content: str, says: str, labels: Path, tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    path.write_text(content)
    with pytest.raises(DataError, match=says):
        read_decisions(path, labels)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"do": "remove", "annotation": 9}, "names annotation 9"),
        ({"do": "class", "annotation": 1, "category_id": 9}, "names category 9"),
        ({"do": "add", "image_id": 9, "category_id": 1, **MASK}, "names image 9"),
        ({"do": "remove"}, "Expected annotation beside do: remove"),
        ({"do": "outline", "annotation": 1}, "Expected segmentation, bbox, area"),
        ({"do": "erase", "annotation": 1}, "erase"),
        ({"do": "remove", "annotation": 1, "more": 1}, "more"),
    ],
)
def test_changes_that_cannot_be_made_are_refused_and_nothing_is_written(
    change: dict[str, Any], says: str, labels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fixed.json"
    with pytest.raises(DataError, match=says):
        check(labels, fix=out, decisions=decided(labels, decision("missing", change)))
    assert not out.exists()


def test_two_decisions_on_one_annotation_are_refused(labels: Path) -> None:
    twice = [decision("spurious", {"do": "remove", "annotation": 1}, suspect=name) for name in ("s1", "s2")]
    with pytest.raises(DataError, match="two accepted decisions change annotation 1"):
        records(labels, *twice)


def test_decisions_need_a_copy_to_be_applied_to(labels: Path) -> None:
    with pytest.raises(UsageError, match="--decisions needs --fix"):
        check(labels, decisions=decided(labels))
    with pytest.raises(UsageError, match="does not exist"):
        check(labels, fix=labels.with_name("new.json"), decisions=labels.with_name("none.json"))
