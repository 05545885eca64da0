"""Ten first tries of a stranger: each answer names the cause and the whole next command, and that command works."""

import json
import re
import shlex
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from maskwright.cli.main import main
from maskwright.recipes.fitting.figures import StepCost
from maskwright.runs.starting import trial
from maskwright.synthetic.shapes import write_shapes
from maskwright.training import loop

# What makes a training short; it stands behind every command that trains.
SHORT = "--task semantic --minutes 0.2 --set train.epochs=1 --set report.panels=0 --size 32 --quiet"
TRAIN = "train labels.json --images photos"


def untouched() -> None:
    """Leave the folder as it is."""


def without_outlines() -> None:
    edit(lambda labels: [each.pop("segmentation") for each in labels["annotations"]])


def half_the_images() -> None:
    for path in sorted(Path("photos").iterdir())[::2]:
        path.unlink()


def names_of_windows() -> None:
    def rename(labels: dict) -> None:
        for image in labels["images"]:
            image["file_name"] = f"C:\\Users\\me\\photos\\{image['file_name']}"

    edit(rename)


def in_a_folder() -> None:
    Path("sets").mkdir()
    shutil.move("labels.json", "sets/labels.json")


def as_yolo() -> None:
    convert = "convert labels.json --from coco --to yolo --images photos --copy-images --out yolo --quiet"
    assert main(convert.split()) == 0


def a_models_results() -> None:
    labels = json.loads(Path("labels.json").read_text())
    keys = ("image_id", "category_id", "segmentation")
    found = [{key: each[key] for key in keys} | {"score": 0.9} for each in labels["annotations"] if not each["iscrowd"]]
    Path("results.json").write_text(json.dumps(found))


def yolo_and_results() -> None:
    as_yolo()
    a_models_results()


def a_finished_run() -> None:
    assert main(f"{TRAIN} {SHORT}".split()) == 0


def edit(change: Callable[[dict], object]) -> None:
    labels = json.loads(Path("labels.json").read_text())
    change(labels)
    Path("labels.json").write_text(json.dumps(labels))


@dataclass(frozen=True)
class Try:
    """A first try: what is wrong ``before``, what is ``typed``, the ``cause`` in the answer, and the ``line`` to type.

    ``code`` is the exit code of that line; 1 where it tells the faults of the data.
    """

    typed: str
    cause: str
    line: str
    before: Callable[[], None] = untouched
    code: int = 0


TRIES = {
    "a wrong path": Try(
        f"train lables.json --images photos {SHORT}", "lables.json: it does not exist", f"{TRAIN} {SHORT}"
    ),
    "a wrong folder": Try(
        f"train labels.json --images pictures {SHORT}", "pictures: it does not exist", f"{TRAIN} {SHORT}"
    ),
    "no folder": Try(
        f"train labels.json {SHORT}", "none of its 12 images is in", f"train labels.json {SHORT} --images photos"
    ),
    "a wrong class": Try(
        f"{TRAIN} --classes disk ring {SHORT}", "Unknown class 'disk'", f"{TRAIN} --classes disc ring {SHORT}"
    ),
    "a wrong class in a list": Try(
        f"{TRAIN} {SHORT} --set 'classes=[disk, ring]'",
        "Unknown class 'disk'",
        f"{TRAIN} {SHORT} --set 'classes=[disc, ring]'",
    ),
    "a wrong model": Try(f"{TRAIN} --model unett {SHORT}", "Unknown model 'unett'", "models"),
    "a model of no such kind": Try("models xyzzy", "Unknown model 'xyzzy'. Known: ", "models"),
    "a misspelt model": Try(
        f"{TRAIN} --model residual_atention_unet {SHORT}",
        "Unknown model 'residual_atention_unet'",
        f"{TRAIN} --model residual_attention_unet {SHORT}",
    ),
    "a model of the other task": Try(
        "init labels.json --images photos --task instance --model residual_attention_unet --minutes 0.2 --quiet",
        "is for task semantic, not instance",
        "init labels.json --images photos --model residual_attention_unet --minutes 0.2 --quiet --task semantic",
    ),
    "boxes only": Try(f"{TRAIN} {SHORT}", "holds boxes only", "check labels.json", without_outlines, 1),
    "half the images missing": Try(
        f"{TRAIN} {SHORT}", "6 of 12 images have no file", "check labels.json --images photos", half_the_images, 1
    ),
    "a YOLO folder": Try(
        "check yolo", "is a folder in YOLO's format", "convert yolo --from yolo --to coco --out yolo-coco", as_yolo
    ),
    "a YOLO file": Try(
        "masks yolo/data.yaml --out masks",
        "is a file in YOLO's format",
        "convert yolo/data.yaml --from yolo --to coco --out yolo-coco",
        as_yolo,
    ),
    "a YOLO folder to score on": Try(
        "score instance yolo results.json",
        "is a folder in YOLO's format",
        "convert yolo --from yolo --to coco --out yolo-coco",
        yolo_and_results,
    ),
    "a YOLO folder to run": Try("run yolo", "is no recipe", "train yolo", as_yolo),
    "a results file": Try(
        "train results.json", "results of a model", "score instance labels.json results.json", a_models_results
    ),
    "a Windows path": Try(
        f"train 'sets\\labels.json' --images photos {SHORT}",
        "it does not exist",
        f"train sets/labels.json --images photos {SHORT}",
        in_a_folder,
    ),
    "Windows paths in the file": Try(
        f"train labels.json {SHORT}",
        "none of its 12 images is in",
        f"train labels.json {SHORT} --images photos",
        names_of_windows,
    ),
    "no GPU": Try(
        f"{TRAIN} {SHORT} --set train.device=cuda", "train.device cuda", f"{TRAIN} {SHORT} --set train.device=auto"
    ),
    "a folder that is used": Try(
        f"{TRAIN} {SHORT}", "holds an earlier run", f"{TRAIN} {SHORT} --out runs/labels-2", a_finished_run
    ),
    "annotations to run": Try("run labels.json", "is no recipe", TRAIN),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory with ``labels.json`` and 12 images in ``photos``, on a machine without a GPU."""
    write_shapes(tmp_path, 12, size=(64, 80)).rename(tmp_path / "labels.json")
    (tmp_path / "images").rename(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trial, "try_steps", lambda recipe, *rest: StepCost(0.01, recipe.model.input.size))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def line_in(answer: str) -> str:
    """The whole command that an answer tells to type."""
    (line,) = re.findall(r"(?:^next|them all): (maskwright .*)$", answer, re.MULTILINE)
    return line


@pytest.mark.parametrize("name", TRIES)
def test_the_answer_names_the_cause_and_a_command_that_works(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    tried = TRIES[name]
    tried.before()
    capsys.readouterr()
    main(shlex.split(tried.typed))
    answer = capsys.readouterr().err
    assert tried.cause in answer
    line = line_in(answer)
    assert line == f"maskwright {tried.line}"
    words = shlex.split(line)[1:]
    short = shlex.split(SHORT) if words[0] == "train" and "--quiet" not in words else []
    assert main([*words, *short]) == tried.code


def test_ctrl_c_is_answered_with_the_command_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = loop.training_step

    def pressed(*arguments: object) -> object:
        signal.raise_signal(signal.SIGINT)
        return step(*arguments)

    monkeypatch.setattr(loop, "training_step", pressed)
    assert main(shlex.split(f"{TRAIN} {SHORT}")) == 128 + signal.SIGINT
    line = line_in(capsys.readouterr().err)
    assert line == f"maskwright {TRAIN} {SHORT} --resume"
    monkeypatch.setattr(loop, "training_step", step)
    assert main(shlex.split(line)[1:]) == 0
    assert Path("runs/labels/report.html").is_file()


@pytest.mark.parametrize("wrong", ["--set train.epoch=1", "--set model.weights=none.pth", "--set train.device=cuda"])
def test_a_try_that_ended_before_the_training_leaves_nothing_in_the_way(wrong: str) -> None:
    assert main(shlex.split(f"{TRAIN} {SHORT} {wrong}")) != 0
    assert not Path("runs/labels.yaml").exists()
    assert not Path("runs/labels-data").exists()
