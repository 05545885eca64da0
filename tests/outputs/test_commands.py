"""Every command that writes, and everything that can be where it writes: what is there afterwards."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.main import get_command

from maskwright.cli.app import app
from maskwright.cli.main import main
from maskwright.outputs.output import Output
from maskwright.outputs.writing import new_output_folder, output_files, output_folder
from maskwright.recipes.fitting.figures import StepCost
from maskwright.runs.starting import trial
from tests.models.tiny_zoo import SIZES, checkpoint

OLD_RUN = Path(__file__).parents[1] / "runs" / "old_runs" / "semantic"


def in_place(output: Output) -> AbstractContextManager[Path]:
    return output_folder(output, in_place=True)


@dataclass(frozen=True)
class Case:
    """A command: ``arguments`` with ``OUT`` for its output, of which ``place`` is a file, and a file that it ``reads``.

    ``place`` is empty where the output is one file of that ``name``. ``again`` is the exit code of the second of two
    equal calls, ``holds`` what holds the output for another process of the same ``command``.
    """

    command: str
    arguments: str
    place: str
    reads: str = "labels.json"
    name: str = "out"
    overwrites: bool = True
    again: int = 0
    beside: int = 0
    holds: Callable[[Output], AbstractContextManager[Path]] = output_folder


SETS = " ".join(f"--set {name}={json.dumps(value, separators=(',', ':'))}" for name, value in SIZES.items())

CASES = {
    "masks": Case("masks", "masks labels.json --out OUT", "classes.json", holds=in_place),
    "a label map": Case("masks", "masks labels.json --out OUT", "1.png", holds=in_place),
    "instances": Case("masks", "masks labels.json --mode instance --out OUT", "instances.json", holds=in_place),
    "split": Case("split", "split labels.json --ratios 1:1 --out OUT", "train.json"),
    "explore": Case("explore", "explore labels.json --out OUT", "explore.html"),
    "score": Case("score instance", "score instance labels.json results.json --no-details --out OUT", "scores.json"),
    "compare": Case(
        "compare",
        "compare results.json other.json --truth labels.json --samples 100 --out OUT",
        "compare.json",
        "results.json",
    ),
    "review": Case(
        "review", "review labels.json results.json --images photos --out OUT", "suspects.json", "results.json"
    ),
    "predict objects": Case(
        "predict", "predict instance.safetensors photos --no-overlays --out OUT", "instances.json", "photos/1.png"
    ),
    "predict tiles": Case(
        "predict",
        "predict instance.safetensors photos --tile auto --precision bf16 --cutouts --score 0 --no-overlays --out OUT",
        "objects.csv",
        "photos/1.png",
    ),
    "predict pixels": Case("predict", "predict semantic photos --out OUT", "label_maps/1.png", "photos/1.png"),
    "export": Case(
        "export",
        "export semantic --out OUT --images photos",
        "",
        "semantic/model.safetensors",
        "out.onnx",
        again=2,
        holds=output_files,
    ),
    "subset": Case("subset", "subset labels.json --out OUT", "", name="out.json", holds=output_files),
    "weights": Case(
        "weights convert",
        f"weights convert model.pkl OUT --classes a,b,c {SETS}",
        "",
        "model.pkl",
        "out.safetensors",
        holds=output_files,
    ),
    "convert": Case(
        "convert",
        "convert labels.json --from coco --to yolo --out OUT",
        "data.yaml",
        overwrites=False,
        again=2,
        beside=2,
        holds=new_output_folder,
    ),
    "convert to a file": Case(
        "convert",
        "convert yolo --from yolo --to coco --images photos --out OUT",
        "",
        "yolo/data.yaml",
        "out.json",
        overwrites=False,
        again=2,
        holds=output_files,
    ),
    "check": Case(
        "check", "check labels.json --fix OUT", "", name="out.json", overwrites=False, again=2, holds=output_files
    ),
    "recipes": Case(
        "recipes copy",
        "recipes copy demo-semantic --out OUT",
        "",
        name="out.yaml",
        overwrites=False,
        holds=output_files,
    ),
    "init": Case(
        "init",
        "init yolo --images photos --out OUT",
        "",
        "yolo/data.yaml",
        name="out.yaml",
        overwrites=False,
        again=2,
        holds=output_files,
    ),
}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES)

# What writes into a run folder has a table of its own, in test_run_folders.py. The weights that are fetched go to the
# user's cache, under the names of their publishers.
IN_RUN_FOLDERS = {"run", "train", "demo", "transfer", "evaluate", "report"}
ELSEWHERE = {"weights fetch"}
WRITE_NOTHING = {
    *(
        "models",
        "doctor",
        "serve",
        "score semantic",
        "score panoptic",
        "score cityscapes",
        "recipes",
        "recipes show",
        "recipes schema",
    ),
    "weights list",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands read."""
    folder = tmp_path_factory.mktemp("world")
    names = [f"{number}.png" for number in range(1, 5)]
    images = [{"id": i, "file_name": f"{i}.jpg", "height": 40, "width": 60} for i in range(1, 5)]
    square: dict[str, Any] = {"segmentation": [[5, 5, 25, 5, 25, 25, 5, 25]], "bbox": [5, 5, 20, 20]}
    common = square | {"category_id": 1, "area": 400, "iscrowd": 0}
    objects = [{"id": i, "image_id": i, **common} for i in range(1, 5)]
    content = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "disc"}]}
    (folder / "labels.json").write_text(json.dumps(content))
    found = [{"image_id": i, "category_id": 1, "bbox": [5, 5, 20, 20], "score": 0.9} for i in range(1, 5)]
    for name in ("results.json", "other.json"):
        (folder / name).write_text(json.dumps(found))
    (folder / "photos").mkdir()
    for name in names:
        pixels = np.random.default_rng(int(name[0])).integers(0, 256, (40, 60, 3), np.uint8)
        cv2.imwrite(str(folder / "photos" / name), pixels)
    shutil.copytree(OLD_RUN / "checkpoints" / "best", folder / "semantic")
    checkpoint(folder / "model.pkl")
    instance = f"weights convert {folder / 'model.pkl'} {folder / 'instance.safetensors'} --classes a,b,c {SETS}"
    assert main(instance.split()) == 0
    to_yolo = f"convert {folder / 'labels.json'} --from coco --to yolo --quiet --out {folder / 'yolo'}"
    assert main(to_yolo.split()) == 0
    return folder


@pytest.fixture
def call(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Calls the command of a case with the output ``deep/<name>`` below the test's folder."""
    monkeypatch.chdir(world)
    monkeypatch.setattr("maskwright.outputs.staging._SECONDS_TO_WAIT", 0)
    # No model is built to see how long it takes.
    monkeypatch.setattr(trial, "try_steps", lambda recipe, *rest: StepCost(0.01, recipe.model.input.size))

    def called(case: Case, *more: str) -> int:
        return main([word.replace("OUT", str(output(case, tmp_path))) for word in case.arguments.split()] + [*more])

    return called


def output(case: Case, folder: Path) -> Path:
    return folder / "deep" / case.name


def place(case: Case, folder: Path) -> Path:
    """The path of a file that the command writes, in a folder that exists."""
    path = output(case, folder) / case.place if case.place else output(case, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def state(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What kind each thing below ``folder`` is, where it leads, and what it holds."""
    found = {}
    for path in folder.rglob("*"):
        kind = path.lstat().st_mode
        content = path.read_bytes() if path.is_file() else b""
        found[path.relative_to(folder).as_posix()] = (kind, os.readlink(path) if path.is_symlink() else "", content)
    return found


def told(case: Case) -> list[str]:
    return ["--overwrite"] if case.overwrites else []


@cases
def test_an_equal_call_gives_equal_files(case: Case, call: Callable[..., int], tmp_path: Path):
    assert call(case) == 0
    assert not list(tmp_path.rglob("*.part"))
    before = {name: each for name, each in state(tmp_path).items() if "/.m" not in name}
    assert call(case) == case.again
    after = {name: each for name, each in state(tmp_path).items() if "/.m" not in name}
    assert after.keys() == before.keys()
    # Figures and pages bear no time, but a page's numbers may be written in another order.
    assert {name for name in after if after[name] != before[name]} <= {"deep/out/explore.html"}


@cases
def test_a_file_of_the_user_is_refused_and_replaced_when_told_to(case: Case, call: Callable[..., int], tmp_path: Path):
    path = place(case, tmp_path)
    path.write_text("mine")
    before = state(tmp_path)
    assert call(case) == 2
    assert state(tmp_path) == before
    if case.overwrites:
        assert call(case, "--overwrite") == 0
        assert path.read_bytes() != b"mine"


@cases
def test_other_files_of_the_folder_stay(case: Case, call: Callable[..., int], tmp_path: Path):
    mine = place(case, tmp_path).parent / "mine.txt"
    mine.write_text("mine")
    assert call(case, *told(case)) == case.beside
    assert mine.read_text() == "mine"


@cases
@pytest.mark.parametrize(
    "there", ["input", "link to input", "device", "pipe", "link to nothing", "read-only", "folder", "file as folder"]
)
def test_what_is_never_replaced(case: Case, there: str, call: Callable[..., int], world: Path, tmp_path: Path):
    path, read = place(case, tmp_path), world / case.reads
    match there:
        case "input":
            os.link(read, path)
        case "link to input":
            path.symlink_to(read)
        case "device":
            path.symlink_to("/dev/null")
        case "pipe":
            os.mkfifo(path)
        case "link to nothing":
            path.symlink_to("nothing")
        case "read-only":
            path.write_text("mine")
            path.chmod(0o444)
        case "folder":
            (path / "mine").mkdir(parents=True)
        case "file as folder":
            path.parent.rmdir()
            path.parent.write_text("mine")
    before, inputs = state(tmp_path), state(world)
    assert call(case, *told(case)) == 2
    assert state(tmp_path) == before
    assert state(world) == inputs


@cases
def test_a_link_is_refused_or_replaced_and_never_written_through(case: Case, call: Callable[..., int], tmp_path: Path):
    path, mine = place(case, tmp_path), tmp_path / "mine"
    mine.write_text("mine")
    path.symlink_to(mine)
    before = state(tmp_path)
    assert call(case) == 2
    assert state(tmp_path) == before
    assert call(case, *told(case)) == (0 if case.overwrites else 2)
    assert mine.read_text() == "mine"


@cases
def test_of_two_at_once_the_second_is_refused(
    case: Case, call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = output(case, tmp_path)
    with case.holds(Output(case.command, out, print)) as staging:
        (staging / "mine.txt").write_text("of the first")
        assert call(case) == 2
        assert (staging / "mine.txt").read_text() == "of the first"
    assert f"another `maskwright {case.command}` is" in capsys.readouterr().err
    written = (out if out.is_dir() else out.parent) / "mine.txt"
    assert written.read_text() == "of the first"
    assert [path.name for path in written.parent.iterdir() if not path.name.startswith(".maskwright")] == ["mine.txt"]


def test_the_folder_of_another_model_is_refused_and_that_of_the_same_model_gets_more(
    call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    one, rest = (["predict", "semantic", images, "--out", str(out)] for images in ("photos/1.png", "photos/[2-4].png"))
    assert main(one) == main(rest) == 0
    assert len(list((out / "label_maps").iterdir())) == len(list((out / "overlays").iterdir())) == 4
    before = state(tmp_path)
    other = ["predict", "instance.safetensors", "photos/1.png", "--out", str(out), "--no-overlays"]
    assert main(other) == 2
    assert "holds the results of another model and other classes" in capsys.readouterr().err
    assert state(tmp_path) == before
    assert main([*other, "--overwrite"]) == 0
    assert {path.name for path in out.rglob("*") if path.is_file()} == {
        *(".maskwright-predict", "classes.json", "classes.txt", "instances.json", "objects.csv")
    }


def names_of(command: Any, before: str = "") -> set[str]:
    """The names of the commands that can be called."""
    found = set()
    for name, child in getattr(command, "commands", {}).items():
        full = f"{before} {name}".strip()
        inner = names_of(child, full)
        found |= inner if inner and not child.invoke_without_command else {full, *inner}
    return found


def test_every_command_is_in_a_table_of_what_it_writes():
    tried = {case.command for case in CASES.values()}
    assert names_of(get_command(app)) == tried | IN_RUN_FOLDERS | ELSEWHERE | WRITE_NOTHING


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Nothing may write a file of more than ``size`` bytes, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


# The files that `masks` has finished stay, for the next call to go on; so does the journal that names them.
KEPT_BY_MASKS = {".masks.jsonl", "1.png", "2.png", "3.png", "4.png"}


def without_work_in_progress(state: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {name: each for name, each in state.items() if Path(name).name not in KEPT_BY_MASKS}


@cases
@pytest.mark.parametrize("fits", ["nothing", "all but the largest file"])
def test_a_full_disk_is_named_and_leaves_nothing_new(
    case: Case, fits: str, call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert call(case) == 0
    whole = state(tmp_path)
    largest = max(len(content) for _, _, content in whole.values())
    shutil.rmtree(tmp_path / "deep")
    with no_file_above(1 if fits == "nothing" else largest - 1):
        assert call(case) == 1
    assert "File too large" in capsys.readouterr().err
    left = state(tmp_path)
    assert without_work_in_progress(left).keys() <= ({"deep", "deep/out"} if case.command == "masks" else set())
    assert all(left[name] == whole[name] for name in left if name.endswith(".png"))
    assert call(case) == 0
    assert state(tmp_path).keys() == whole.keys()


@cases
def test_a_full_disk_keeps_the_results_that_are_there(
    case: Case, call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert call(case) == 0
    before = state(tmp_path)
    with no_file_above(1):
        assert call(case, *told(case)) in (1, 2)
    after = state(tmp_path)
    kept = without_work_in_progress(before) if case.command == "masks" else before
    assert kept.items() <= after.items()
