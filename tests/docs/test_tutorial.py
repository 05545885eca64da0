"""The tutorial works word by word: the files are saved as it says, the commands run in its order."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maskwright.cli.main import main
from tests.docs.blocks import ROOT, blocks

BLOCKS = [block for block in blocks(ROOT / "docs" / "tutorial.md") if block.not_run is None]

# The same commands on less: what takes the reader minutes takes the tests seconds.
_LESS = {
    'write_shapes(Path("shapes"), 200)': 'write_shapes(Path("shapes"), 40)',
    "epochs: 20": "epochs: 1",
    "warmup_steps: 200": "warmup_steps: 1",
    "validate_every: 2": "validate_every: 1",
}
_LESS_OF = {
    "run demo-instance": ["train.epochs=1", "train.validate_every=1", "data.shapes.train=4", "data.shapes.validation=2"]
}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the reader."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(shorten: Callable[[str], str], options: Callable[[str], list[str]]) -> None:
    """Do what the tutorial says, with each file and each command as the two functions change them."""
    for block in BLOCKS:
        if block.title is not None:
            Path(block.title).write_text(shorten(block.text), encoding="utf-8")
            continue
        for line in block.commands:
            program, *arguments = shlex.split(line)
            if program == "python":
                path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
                environment = {**os.environ, "PYTHONPATH": path}
                command = [sys.executable, *arguments]
                print(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)
            elif program == "maskwright":
                assert main([*arguments, *options(line)]) == 0, line


def less(text: str) -> str:
    for whole, part in _LESS.items():
        text = text.replace(whole, part)
    return text


def less_of(line: str) -> list[str]:
    settings = next((settings for start, settings in _LESS_OF.items() if start in line), [])
    return [word for setting in settings for word in ("--set", setting)]


def test_what_is_shortened_stands_in_the_tutorial() -> None:
    text = "\n".join(block.text for block in BLOCKS)
    assert [key for key in (*_LESS, *_LESS_OF) if key not in text] == []


def test_the_tutorial_can_be_followed(reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    follow(less, less_of)
    shown = capsys.readouterr().out
    assert "0 errors, 1 warning in shapes/annotations.json" in shown
    for name in ("explored/explore.html", "parts/test.json", "runs/first/report.html", "runs/instances/report.html"):
        assert (reader / name).is_file(), name
    assert len(list((reader / "predicted" / "label_maps").iterdir())) == 40
    of_run, in_python = (
        re.search(rf"^{line}: ?(?:mIoU )?(0\.\d+)", shown, re.MULTILINE) for line in ("test", "mean IoU")
    )
    assert of_run is not None
    assert in_python is not None
    assert float(in_python[1]) == pytest.approx(float(of_run[1]), abs=0.0006)  # of three digits and of four


@pytest.mark.slow
@pytest.mark.timeout(3600)  # two whole trainings, as the other drills
def test_the_tutorial_reaches_what_it_says(reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    follow(str, lambda line: [])
    # Printed once by the run, and again when it is called a second time.
    scores = {line for line in capsys.readouterr().out.splitlines() if line.startswith("test: mIoU")}
    assert len(scores) == 1
    assert float(scores.pop().split()[2].rstrip(",")) > 0.6
