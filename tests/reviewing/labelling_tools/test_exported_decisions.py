"""Decisions from exports of labelling tools: the same as the page's, to the bit; and what is refused."""

import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.repair.decisions import read_decisions
from maskwright.cli.main import main
from maskwright.errors import DataError, UsageError
from maskwright.reviewing.labelling_tools.exported_decisions import exported_decisions
from maskwright.reviewing.review import Review
from maskwright.workflows.check import check
from tests.reviewing.labelling_tools.reviews import QUIET, chosen, reviewed, saved_by_page


def label_studio(review: Review, verdicts: dict[str, str]) -> Path:
    """Write what Label Studio exports as JSON after the tasks are decided."""
    tasks = json.loads((review.path / "label-studio.json").read_text())
    for number, task in enumerate(tasks, start=1):
        verdict = verdicts.get(task["data"]["suspect"].partition("@")[0])
        choice = {"from_name": "decision", "to_name": "image", "type": "choices", "value": {"choices": [verdict]}}
        task |= {"id": number, "project": 1, "annotations": []}
        if verdict:
            task["annotations"] = [{"id": 7, "result": [choice], "was_cancelled": False, "completed_by": 1}]
    return written(review, "project-1.json", json.dumps(tasks).encode())


def label_studio_min(review: Review, verdicts: dict[str, str]) -> Path:
    tasks = json.loads((review.path / "label-studio.json").read_text())
    flat = [task["data"] | {"id": 1, "annotator": 1} for task in tasks]
    for task in flat:
        if verdict := verdicts.get(task["suspect"].partition("@")[0]):
            task["decision"] = verdict
    return written(review, "project-min.json", json.dumps(flat).encode())


def cvat(review: Review, verdicts: dict[str, str]) -> Path:
    root = ET.parse(review.path / "cvat.xml").getroot()
    for box in root.iter("box"):
        values = {each.get("name"): each for each in box}
        values["decision"].text = verdicts.get((values["key"].text or "").partition("@")[0], "undecided")
    return written(review, "annotations.xml", ET.tostring(root, encoding="utf-8", xml_declaration=True))


def cvat_archive(review: Review, verdicts: dict[str, str]) -> Path:
    path = review.path.parent / "task.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.xml", cvat(review, verdicts).read_bytes())
        archive.writestr("images/1.png", b"")
    return path


def written(review: Review, name: str, content: bytes) -> Path:
    path = review.path.parent / name
    path.write_bytes(content)
    return path


EXPORTS: list[Callable[[Review, dict[str, str]], Path]] = [label_studio, label_studio_min, cvat, cvat_archive]


@pytest.fixture
def review(tmp_path: Path) -> tuple[Path, Review]:
    return reviewed(tmp_path, "label-studio", "cvat")


@pytest.mark.parametrize("export", EXPORTS)
def test_decisions_and_the_corrected_file_are_those_of_the_page_to_the_bit(export, review, tmp_path: Path):
    labels, written_review = review
    verdicts = chosen(written_review)
    page, tool = saved_by_page(written_review, verdicts), export(written_review, verdicts)
    assert exported_decisions(tool, written_review.path, labels) == read_decisions(page, labels)
    check(labels, fix=tmp_path / "by-page.json", decisions=page, reporter=QUIET)
    check(labels, fix=tmp_path / "by-tool.json", decisions=tool, suspects=written_review.path, reporter=QUIET)
    assert (tmp_path / "by-tool.json").read_bytes() == (tmp_path / "by-page.json").read_bytes()
    assert (tmp_path / "by-tool.json").read_bytes() != labels.read_bytes()


def test_the_command_takes_the_export_with_the_suspects_and_refuses_one_alone(review, tmp_path: Path, capsys):
    labels, written_review = review
    tool = label_studio(written_review, chosen(written_review))
    words = ["check", str(labels), "--fix", str(tmp_path / "fixed.json"), "--quiet"]
    assert main([*words, "--decisions", str(tool)]) == 1
    assert "--suspects" in capsys.readouterr().err
    assert main([*words, "--suspects", str(written_review.path)]) == 2
    assert "--decisions" in capsys.readouterr().err
    suspects = str(written_review.path / "suspects.json")
    assert main([*words, "--decisions", str(tool), "--suspects", suspects]) == 0


def test_where_annotators_differ_a_suspect_is_unsure(review, tmp_path: Path):
    labels, written_review = review
    tasks = json.loads(label_studio(written_review, chosen(written_review)).read_text())
    reject = {"from_name": "decision", "type": "choices", "value": {"choices": ["reject"]}}
    tasks[0]["annotations"].append({"result": [reject]})
    export = written(written_review, "two.json", json.dumps(tasks).encode())
    by_suspect = {e.suspect: e.decision for e in exported_decisions(export, written_review.path, labels)}
    assert by_suspect == chosen(written_review) | {"s1": "unsure"}


def test_tasks_of_another_review_are_refused(review, tmp_path: Path):
    labels, written_review = review
    export = label_studio(written_review, chosen(written_review))
    suspects = json.loads((written_review.path / "suspects.json").read_text())
    suspects["suspects"][1]["changes"] = []
    other = written(written_review, "other.json", json.dumps(suspects).encode())
    with pytest.raises(DataError, match="another review"):
        exported_decisions(export, other, labels)
    labels.write_text(labels.read_text() + " ")
    with pytest.raises(DataError, match="another version"):
        exported_decisions(export, written_review.path, labels)


def _bomb(folder: Path) -> bytes:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("annotations.xml", "w") as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    return path.read_bytes()


def _archive_of(name: str, folder: Path) -> bytes:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "<annotations/>")
    return path.read_bytes()


BAD: dict[str, Any] = {
    "no JSON": b"{",
    "no list": b"{}",
    "deep": b"[" * 100_000,
    "no decision": b'[{"data": {"suspect": "s1@x"}}]',
    "a document type": b'<!DOCTYPE a [<!ENTITY b "c">]><annotations/>',
    "no XML": b"<annotations>",
    "no annotations.xml": lambda folder: _archive_of("other.xml", folder),
    "too large": _bomb,
    "a strange decision": b'[{"suspect": "s1@x", "decision": "perhaps"}]',
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_export_is_refused_by_the_name_of_the_file(content: Any, review, tmp_path: Path):
    labels, written_review = review
    export = tmp_path / "export"
    export.write_bytes(content if isinstance(content, bytes) else content(tmp_path))
    with pytest.raises(DataError, match="export"):
        exported_decisions(export, written_review.path, labels)


def test_a_missing_file_and_what_holds_no_suspects_are_refused(review, tmp_path: Path):
    labels, written_review = review
    export = label_studio(written_review, chosen(written_review))
    with pytest.raises(UsageError, match="does not exist"):
        exported_decisions(tmp_path / "none.json", written_review.path, labels)
    with pytest.raises(UsageError, match="does not exist"):
        exported_decisions(export, tmp_path, labels)
    with pytest.raises(DataError, match="no suspects"):
        exported_decisions(export, labels, labels)
