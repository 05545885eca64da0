import json
import subprocess
import sys
from pathlib import Path

import pytest

from maskwright.annotations.repair.repaired_file import repair_output, repairs_file
from maskwright.errors import UsageError
from maskwright.outputs.staging import staging_folder
from maskwright.workflows.check import check

BOXED = {"bbox": [10, 10, 10, 10], "area": 100}
FAULTY = (BOXED, BOXED | {"category_id": 2, "area": ...}, BOXED | {"segmentation": []}, BOXED | {"image_id": 9})


def test_the_repaired_file_and_the_list_of_repairs_lie_side_by_side(coco, tmp_path: Path):
    path = coco(*FAULTY)
    before = path.read_bytes()
    out = tmp_path / "new" / "fixed.json"
    summary = check(path, fix=out)
    assert path.read_bytes() == before
    assert sorted(each.name for each in out.parent.iterdir()) == ["fixed.json", "fixed.json.repairs.json"]
    listed = json.loads(repairs_file(out).read_text(encoding="utf-8"))
    assert listed == summary.to_json()["repairs"]
    assert listed["counts"] == {
        "in": 4,
        "used": 2,
        "skipped": 1,
        "repaired_away": 1,
        "repairs": 2,
        "errors_left": 1,
        "warnings_left": 0,
    }
    assert listed["by_code"] == {"missing_area": 1, "empty_segmentation": 1}
    assert listed["made"] == [
        {"code": "missing_area", "kind": "annotation", "id": 2, "done": "wrote area 100"},
        {
            "code": "empty_segmentation",
            "kind": "annotation",
            "id": 3,
            "done": "removed, because it draws nothing; its bbox was [10, 10, 10, 10]",
        },
    ]
    ((left),) = listed["left"]
    assert (left["code"], left["because"]) == ("unknown_image", "which image is meant is not known")
    assert left["messages"][0].startswith(f"{out}: annotation 4 ")


def test_lines_show_the_first_repairs_of_each_kind_and_what_was_left(coco, tmp_path: Path):
    out = tmp_path / "fixed.json"
    summary = check(coco(*[BOXED | {"iscrowd": ...}] * 5, *FAULTY[2:]), fix=out)
    assert summary.repairs is not None
    assert summary.repairs.lines() == [
        f"6 repairs in {out}, all listed in {out}.repairs.json",
        "  missing_iscrowd, 5",
        "    annotation 1: wrote iscrowd 0",
        "    annotation 2: wrote iscrowd 0",
        "    annotation 3: wrote iscrowd 0",
        "    … and 2 more",
        "  empty_segmentation, 1",
        "    annotation 6: removed, because it draws nothing; its bbox was [10, 10, 10, 10]",
        "  left: unknown_image, 1 (which image is meant is not known)",
    ]


def test_a_sound_file_is_copied_and_said_to_need_nothing(coco, tmp_path: Path):
    path = coco(BOXED, BOXED | {"category_id": 2})
    summary = check(path, fix=tmp_path / "fixed.json")
    assert json.loads((tmp_path / "fixed.json").read_text()) == json.loads(path.read_text())
    assert summary.repairs is not None
    assert summary.repairs.lines() == [f"nothing to repair: {tmp_path / 'fixed.json'} holds the same records"]


def test_nothing_that_is_there_is_written_over(coco, tmp_path: Path):
    path = coco(BOXED)
    for name in ("there.json", "free.json.repairs.json"):
        (tmp_path / name).write_text("mine")
    for out in (path, tmp_path, tmp_path / "there.json", tmp_path / "free.json"):
        with pytest.raises(UsageError):
            repair_output(out, [path], print)
    assert (tmp_path / "there.json").read_text() == "mine"
    repair_output(tmp_path / "new.json", [path], print)


def test_a_kill_between_the_two_renames_leaves_a_repair_that_can_be_repeated(coco, tmp_path: Path):
    path, out = coco(*FAULTY), tmp_path / "fixed.json"
    with staging_folder(repair_output(out, [path], print), tmp_path, out.name) as staging:
        pass
    staging.mkdir()
    for each in (out, repairs_file(out)):
        (staging / each.name).write_text("half")
    out.hardlink_to(staging / out.name)
    check(path, fix=out)
    assert {each.name for each in tmp_path.iterdir()} == {path.name, out.name, repairs_file(out).name}
    assert json.loads(out.read_text())["images"]


def test_when_writing_fails_neither_file_appears(coco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("maskwright.annotations.repair.repaired_file.write_json", fail)
    path = coco(*FAULTY)
    with pytest.raises(OSError, match="disk full"):
        check(path, fix=tmp_path / "fixed.json")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


# Ends the process as a kill would, after the first of its files has its name.
KILLED = """
import os, sys
from maskwright.workflows.check import check
link = os.link
def killed(source, target):
    link(source, target)
    os._exit(9)
os.link = killed
check(sys.argv[1], fix=sys.argv[2])
"""


def test_a_repair_that_is_killed_between_its_files_is_done_again_by_the_next(coco, tmp_path: Path):
    path, out = coco(*FAULTY), tmp_path / "fixed.json"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path), str(out)], check=False).returncode == 9
    assert out.exists() != repairs_file(out).exists()
    check(path, fix=out)
    check(path, fix=tmp_path / "again.json")
    assert out.read_bytes() == (tmp_path / "again.json").read_bytes()
    assert repairs_file(out).exists()
