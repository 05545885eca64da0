"""Commands that write are ended at random moments and repeated, and run two at once: the end is that of one alone."""

import json
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main
from tests.drills.warm import Running, Warm
from tests.models.tiny_zoo import SIZES, checkpoint
from tests.outputs.test_commands import CASES

pytestmark = pytest.mark.slow

OLD_RUN = Path(__file__).parents[1] / "runs" / "old_runs" / "semantic"
SETS = " ".join(f"--set {name}={json.dumps(value, separators=(',', ':'))}" for name, value in SIZES.items())
COMMANDS = {
    "convert": "convert IN/labels.json --from coco --to yolo --images IN/photos --copy-images --out OUT --quiet",
    "convert to a file": "convert IN/yolo --from yolo --to coco --images IN/photos --out OUT/out.json --quiet",
    "masks": "masks IN/labels.json --mode instance --workers 2 --out OUT --quiet",
    "split": "split IN/labels.json --out OUT --quiet",
    "subset": "subset IN/labels.json --max-images 150 --out OUT/part.json --quiet",
    "explore": "explore IN/labels.json --out OUT --quiet",
    "check": "check IN/labels.json --fix OUT/fixed.json --quiet",
    "score instance": "score instance IN/labels.json IN/results.json --out OUT --quiet",
    "compare": "compare IN/results.json IN/other.json --truth IN/labels.json --samples 100 --out OUT --quiet",
    "review": "review IN/labels.json IN/other.json --images IN/photos --tasks cvat --out OUT --quiet",
    "export": f"export {OLD_RUN / 'checkpoints' / 'best'} --to onnx --images IN/few --out OUT/out.onnx --quiet",
    "predict": "predict IN/model.safetensors IN/photos --score 0 --out OUT --quiet",
    "predict tiles": "predict IN/model.safetensors IN/few --tile auto --cutouts --score 0 --out OUT --quiet",
    "predict pixels": f"predict {OLD_RUN / 'checkpoints' / 'best'} IN/photos --out OUT --quiet",
    "weights convert": f"weights convert IN/model.pkl OUT/out.safetensors --classes a,b,c {SETS} --quiet",
    "recipes copy": "recipes copy demo-semantic --out OUT/mine.yaml",
    "init": "init IN/labels.json --images IN/photos --task semantic --minutes 900 --out OUT/fitted.yaml --quiet",
}
# Of each, and of each that works on a finished run: 233 in all, besides those of test_kill.py.
KILLS, KILLS_OF_A_RUN = 13, 6
# Of each, of two processes at once: 51 in all.
PAIRS = 3
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

ON_RUNS = ("evaluate", "report")

# Whose files appear one by one; the next call completes them, or begins again.
ONE_BY_ONE = ("masks", "check", "init", "export")
NEW_FILES_ONLY = ("convert", "convert to a file", "check", "init", "export")
# The numbers of the page may be in another order. A recipe rests on what was measured.
VARIES = {"explore": "explore.html", "init": "fitted.yaml"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred images with a few objects each, in two formats, results for them, and a model that predicts them."""
    folder, rng = tmp_path_factory.mktemp("world"), np.random.default_rng(0)
    (folder / "photos").mkdir()
    images, objects = [], []
    for number in range(1, 201):
        images.append({"id": number, "file_name": f"{number}.png", "height": 48, "width": 64})
        cv2.imwrite(str(folder / "photos" / f"{number}.png"), rng.integers(0, 256, (48, 64, 3), np.uint8))
        for x in (2, 20, 40):
            square = {"segmentation": [[x, 5, x + 15, 5, x + 15, 25, x, 25]], "bbox": [x, 5, 15, 20], "area": 300}
            more: dict[str, Any] = {"id": len(objects) + 1, "image_id": number, "category_id": 1 + x % 3, "iscrowd": 0}
            objects.append(square | more)
    categories = [{"id": i, "name": name} for i, name in enumerate(("disc", "ring", "square"), start=1)]
    content = {"images": images, "annotations": objects, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content))
    (folder / "results.json").write_text(json.dumps([{**each, "score": 0.5} for each in objects]))
    (folder / "other.json").write_text(json.dumps([{**each, "score": 0.5} for each in objects[::2]]))
    shutil.copytree(folder / "photos", folder / "few", ignore=lambda _, names: sorted(names)[8:])
    checkpoint(folder / "model.pkl")
    files = f"{folder / 'model.pkl'} {folder / 'model.safetensors'}"
    assert main(f"weights convert {files} --classes a,b,c {SETS}".split()) == 0
    assert main(f"convert {folder / 'labels.json'} --from coco --to yolo --out {folder / 'yolo'} --quiet".split()) == 0
    return folder


def test_every_command_of_the_table_is_killed() -> None:
    assert {name.replace(" to a file", "").replace(" pixels", "").replace(" tiles", "") for name in COMMANDS} == {
        case.command for case in CASES.values()
    }
    assert len(COMMANDS) * KILLS + len(ON_RUNS) * KILLS_OF_A_RUN >= 200


def called(name: str, world: Path, out: Path, machine: Warm) -> Running:
    words = COMMANDS[name].replace("IN/", f"{world}/").split()
    return machine.start([word.replace("OUT", str(out)) for word in words])


def files(out: Path, name: str) -> dict[str, bytes]:
    """What the command wrote, without the records of when and where, and without what differs from call to call."""
    found = (path for path in out.rglob("*") if path.is_file() and "/." not in f"/{path.relative_to(out).as_posix()}")
    written = {path.relative_to(out).as_posix(): path.read_bytes().replace(str(out).encode(), b"") for path in found}
    return {file: content if file != VARIES.get(name) else b"" for file, content in written.items()}


def wait_for_staging(folder: Path, until: float) -> None:
    """Wait until the command has a hidden folder somewhere below ``folder``, or until it must have ended."""
    while time.monotonic() < until and not any(path.is_dir() for path in folder.rglob(".*.part")):
        time.sleep(0.001)


def assert_ended_by(number: signal.Signals, running: Running) -> None:
    """It ended by the signal, or was done before."""
    code = running.wait()
    assert code in (0, 1, 130 if number == signal.SIGINT else 1, -number), running.said()
    # Python itself says so of a Ctrl-C that comes within a fork, and goes on.
    assert "Traceback" not in running.said() or "Exception ignored in" in running.said()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_ended_at_random_moments_ends_as_if_it_was_not(
    name: str, world: Path, tmp_path: Path, machine: Warm
) -> None:
    started = time.monotonic()
    whole = called(name, world, tmp_path / "whole", machine)
    assert whole.wait(300) in (0, 1), whole.said()
    life, chance = time.monotonic() - started, random.Random(len(name))
    expected = files(tmp_path / "whole", name)
    left = 0
    for number in range(KILLS):
        out, by = tmp_path / f"killed-{number}", SIGNALS[number % len(SIGNALS)]
        (tmp_path / f".{number:032x}.part").write_text("mine")
        running = called(name, world, out, machine)
        if number % 2:
            time.sleep(chance.uniform(0.1, 1) * life)
        else:
            wait_for_staging(tmp_path, time.monotonic() + 2 * life)
            time.sleep(chance.choice((0, 0.005, 0.02, 0.1, 0.3)))
        running.signal(by)
        assert_ended_by(by, running)
        there = files(out, name) if out.exists() else {}
        if name in ONE_BY_ONE:
            assert not (other := [file for file in there if there[file] != expected.get(file)]), other
        else:
            assert there in ({}, expected)
        hidden = [path for path in tmp_path.rglob(".*.part") if path.is_dir() and any(path.rglob("*.*"))]
        assert not hidden or by != signal.SIGINT
        left += bool(hidden)
        again = called(name, world, out, machine)
        refused = there == expected and name in NEW_FILES_ONLY
        assert again.wait(300) in ((2,) if refused else (0, 1)), again.said()
        assert (found := files(out, name)).keys() == expected.keys()
        assert not (other := [file for file in found if found[file] != expected[file]]), other
        assert not [path for path in tmp_path.rglob(".*.part") if path.is_dir()], again.said()
        assert not hidden or "was killed; removed" in again.said()
        assert (tmp_path / f".{number:032x}.part").read_text() == "mine"
        shutil.rmtree(out)
    # The others write within milliseconds, or move their files at once.
    assert left or name not in ("convert", "predict"), "no kill came while the command was writing"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", COMMANDS)
def test_of_two_processes_at_once_each_leaves_the_whole_result_or_nothing(
    name: str, world: Path, tmp_path: Path, machine: Warm
) -> None:
    whole = called(name, world, tmp_path / "whole", machine)
    assert whole.wait(300) in (0, 1), whole.said()
    expected, ended = files(tmp_path / "whole", name), []
    for number in range(PAIRS):
        out = tmp_path / str(number)
        pair = [called(name, world, out, machine) for _ in range(2)]
        ended.append(sorted(running.wait(300) for running in pair))
        said = "\n".join(running.said() for running in pair)
        assert "Traceback" not in said
        # The second waits for the first, and is refused where that takes longer or where files must be new.
        assert ended[-1] in ([0, 0], [0, 2], [1, 1], [1, 2]), said
        assert (found := files(out, name)).keys() == expected.keys(), said
        assert not (other := [file for file in found if found[file] != expected[file]]), other
        assert not list(tmp_path.rglob(".*.part"))
    assert name not in NEW_FILES_ONLY or all(codes[1] == 2 for codes in ended)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("verb", ON_RUNS)
def test_a_run_whose_evaluation_was_ended_is_evaluated_by_the_next_call(
    verb: str, semantic_run: Path, tmp_path: Path, machine: Warm
) -> None:
    whole, chance = tmp_path / "whole", random.Random(3)
    shutil.copytree(semantic_run, whole)
    started = time.monotonic()
    assert machine.run([verb, str(whole), "--quiet"])[0] == 0
    life = time.monotonic() - started
    names = {path.relative_to(whole) for path in whole.rglob("*")}
    for number in range(KILLS_OF_A_RUN):
        run, by = tmp_path / str(number), SIGNALS[number % len(SIGNALS)]
        shutil.copytree(semantic_run, run)
        running = machine.start([verb, str(run), "--quiet"])
        time.sleep(chance.uniform(0.1, 1) * life)
        running.signal(by)
        assert_ended_by(by, running)
        code, said = machine.run([verb, str(run), "--quiet"])
        assert code == 0, said
        assert {path.relative_to(run) for path in run.rglob("*")} == names
        assert (run / "scores.json").read_bytes() == (whole / "scores.json").read_bytes()
        shutil.rmtree(run)
