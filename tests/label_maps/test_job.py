import contextlib
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.annotations.faults import Fault
from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.files import sha256_of
from maskwright.label_maps.drawing import DrawnChunk
from maskwright.label_maps.job import NAME, MaskJob

SETTINGS = {"mode": "multiclass", "weights": [1.0, 2.5], "classes": [{"index": 1, "name": "café"}], "audit": False}
FIRST, SECOND = ("1.png", "2.png"), ("3.png",)
FAULT = Fault("empty_segmentation", "annotation", 7, "(image 1) has an empty segmentation")


def job(folder: Path, **changes: Any) -> MaskJob:
    return MaskJob(folder, {**SETTINGS, **changes}, [FIRST, SECOND])


def write(folder: Path, *files: str) -> None:
    folder.mkdir(exist_ok=True)
    for file in files:
        (folder / file).write_bytes(b"a label map")


def done(files: tuple[str, ...]) -> DrawnChunk:
    return DrawnChunk(list(files), 5, 3, {"other_class": 1, "empty_segmentation": 1}, [FAULT], shared=9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which a job has done both of its parts."""
    out = tmp_path / "out"
    started = job(out)
    started.start([])
    for files in (FIRST, SECOND):
        write(out, *files)
        started.add(done(files))
    return out


def test_a_folder_that_is_new_or_empty_has_nothing_finished(tmp_path: Path):
    assert job(tmp_path).finished() == job(tmp_path / "new").finished() == {}
    assert not (tmp_path / "new").exists()


def test_the_parts_of_the_same_job_come_back_whole(folder: Path):
    assert job(folder).finished() == {FIRST: done(FIRST), SECOND: done(SECOND)}


def test_with_overwrite_nothing_is_finished(folder: Path):
    assert job(folder).finished(overwrite=True) == {}


def test_a_part_that_lacks_a_file_is_not_finished(folder: Path):
    (folder / "2.png").unlink()
    assert list(job(folder).finished()) == [SECOND]


@pytest.mark.parametrize("kept", [0, 1, 7, -1])
def test_half_a_line_is_passed_over(folder: Path, kept: int):
    *lines, last = (folder / NAME).read_bytes().splitlines(keepends=True)
    (folder / NAME).write_bytes(b"".join(lines) + last[:kept])
    if kept != -1:  # label maps get their names once the line is written
        (folder / "3.png").unlink()
    found = job(folder).finished()
    assert list(found) == ([FIRST, SECOND] if kept == -1 else [FIRST])


def test_a_line_cut_within_a_letter_is_passed_over(folder: Path):
    with (folder / NAME).open("ab") as journal:
        journal.write('{"files":["é'.encode()[:-1])
    assert list(job(folder).finished()) == [FIRST, SECOND]


def test_a_part_entered_twice_counts_once(folder: Path):
    job(folder).add(done(FIRST))
    assert list(job(folder).finished()) == [FIRST, SECOND]


def test_parts_cut_otherwise_are_not_finished(folder: Path):
    assert MaskJob(folder, SETTINGS, [("1.png",), ("2.png", "3.png")]).finished() == {}


def test_start_writes_the_journal_anew(folder: Path):
    found = job(folder).finished()
    (folder / NAME).write_bytes((folder / NAME).read_bytes() + b'{"files":')
    job(folder).start(found.values())
    assert (folder / NAME).read_bytes().count(b"\n") == 3
    assert job(folder).finished() == found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode": "binary"}, "(mode 'multiclass', now 'binary')"),
        ({"audit": True, "weights": []}, "(weights [1.0, 2.5], now []; audit False, now True)"),
        ({"classes": [{"index": 1, "name": "dog"}, {"index": 2, "name": "cat"}]}, "(other classes)"),
        ({"new": 1}, "(new None, now 1)"),
    ],
    ids=str,
)
def test_the_folder_of_another_job_is_refused_with_what_differs(folder: Path, changes, message: str):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UsageError) as caught:
        job(folder, **changes).finished()
    assert str(folder) in str(caught.value)
    assert message in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("journal", [None, b"", b"no JSON\n", b"\xff\n", b"[1]\n"])
def test_files_of_these_names_that_no_job_wrote_are_refused(tmp_path: Path, journal: bytes | None):
    write(tmp_path, "1.png", "3.png", "other.png")
    if journal is not None:
        (tmp_path / NAME).write_bytes(journal)
    with pytest.raises(UsageError, match=r"did not write \(2, such as 1\.png\); expected another"):
        job(tmp_path).finished()
    assert job(tmp_path).finished(overwrite=True) == {}


def test_other_files_of_the_folder_do_not_matter(tmp_path: Path):
    write(tmp_path, "1.jpg", "9.png")
    assert job(tmp_path).finished() == {}
    job(tmp_path).start([])
    assert (tmp_path / "9.png").exists()


def test_another_job_removes_what_it_will_not_write_and_nothing_else(folder: Path, tmp_path: Path):
    write(folder, "mine.png", "classes.json")
    write(tmp_path, "outside.png")
    with (folder / NAME).open("ab") as journal:
        journal.write(b'{"files":["../outside.png","/outside.png","classes.json","mine.png/../mine.png"]}\n')
    MaskJob(folder, {**SETTINGS, "mode": "binary"}, [("2.png",)]).start([])
    assert sorted(path.name for path in folder.iterdir()) == [NAME, "classes.json", "mine.png"]
    assert (tmp_path / "outside.png").exists()


def test_the_same_job_removes_only_the_label_maps_of_parts_that_are_not_finished(folder: Path):
    write(folder, "instances.json", f".{'0a' * 16}.part")
    (folder / "2.png").unlink()
    started = job(folder)
    started.start(list(started.finished().values()))
    assert {path.name for path in folder.iterdir()} == {NAME, *SECOND, "instances.json", f".{'0a' * 16}.part"}


def test_a_file_that_appeared_since_the_job_was_killed_is_refused(folder: Path):
    lines = (folder / NAME).read_bytes().splitlines(keepends=True)
    (folder / NAME).write_bytes(b"".join(lines[:2]))
    with pytest.raises(UsageError, match=r"did not write \(1, such as 3\.png\)"):
        job(folder).finished()
    assert job(folder).foreign() == ["3.png"]


def test_a_hash_is_that_of_the_content(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# A real job, killed by the system.


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """480 images, fifteen parts, with a fault among their annotations."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("annotations")
    images = [{"id": i, "file_name": f"{i}.jpg", "height": 200, "width": 250} for i in range(24)]
    points = (rng.random((200, 16)) * 250).round(1).tolist()
    objects = [
        {"id": i, "image_id": i % 24, "category_id": 1 + i % 3, "iscrowd": int(i % 50 == 0), "segmentation": [each]}
        for i, each in enumerate(points)
    ]
    objects += [{"id": 1000, "image_id": 3, "category_id": 1, "segmentation": [], "iscrowd": 0}]
    categories = [{"id": i, "name": f"class {i}"} for i in (1, 2, 3)]
    source = folder / "source.json"
    source.write_text(json.dumps({"images": images, "annotations": objects, "categories": categories}))
    return repeated(source, 20, folder / "labels.json")


def repeated(source: Path, repeat: int, target: Path) -> Path:
    """What the benchmark repeats: many images under new ids."""
    path = Path(__file__).parents[2] / "benchmarks" / "masks.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_masks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.repeated(source, repeat, target)


def command(annotations: Path, out: Path, workers: int) -> list[str]:
    options = ["--mode", "instance", "--audit", "--json", "--quiet", "--workers", str(workers)]
    return ["masks", str(annotations), "--out", str(out), *options]


def killed_after(lines: int, annotations: Path, out: Path, workers: int) -> None:
    """Run the command until its journal has so many lines more, then kill it."""
    script = "import sys; from maskwright.cli.main import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    before = entries(out)
    running = subprocess.Popen(
        [sys.executable, "-c", script, *command(annotations, out, workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    while entries(out) < before + lines and running.poll() is None:
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL


def entries(out: Path) -> int:
    return (out / NAME).read_bytes().count(b"\n") if (out / NAME).exists() else 0


def result(annotations: Path, out: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Run the command to its end; the files it leaves, journal and record apart, and what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        assert main(command(annotations, out, 0)) == 0
    files = {path.name: path.read_bytes() for path in out.iterdir() if not path.name.startswith(".")}
    return files, {**json.loads(printed.getvalue()), "folder": ""}


@pytest.fixture(scope="module")
def whole(annotations: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, Any]]:
    """What a job leaves and prints that nobody killed."""
    return result(annotations, tmp_path_factory.mktemp("whole"))


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_job_killed_several_times_ends_like_one_that_was_not(annotations: Path, whole, tmp_path: Path, workers: int):
    for lines in (2, 1, 2):
        killed_after(lines, annotations, tmp_path, workers)
    files, printed = result(annotations, tmp_path)
    assert 0 < printed["kept"] < printed["files"] == 480
    assert printed["annotations"]["in"] == printed["annotations"]["used"] + 20 == 4020
    assert (files, {**printed, "kept": 0}) == whole


def test_a_label_map_that_was_deleted_is_drawn_again_with_its_part(annotations: Path, whole, tmp_path: Path):
    result(annotations, tmp_path)
    for name in ("0-0.png", "7-3.png"):
        (tmp_path / name).unlink()
    files, printed = result(annotations, tmp_path)
    assert printed["kept"] == 480 - 64
    assert (files, {**printed, "kept": 0}) == whole


def test_a_job_that_was_finished_draws_nothing_again(annotations: Path, whole, tmp_path: Path):
    result(annotations, tmp_path)
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")}
    files, printed = result(annotations, tmp_path)
    assert (files, {**printed, "kept": 0}) == whole
    assert printed["kept"] == 480
    drawn = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*-*.png")}
    assert drawn.items() <= written.items()
