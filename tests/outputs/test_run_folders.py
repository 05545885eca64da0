"""Every command that writes a run folder, and everything that can be where it writes: what is there afterwards."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_command

from maskwright.cli.app import app
from maskwright.cli.main import main
from maskwright.outputs.staging import held_folder
from maskwright.synthetic.shapes import write_shapes
from tests.outputs.test_commands import IN_RUN_FOLDERS, no_file_above, state
from tests.small_runs import SHARED, SMALL

# The arguments of each command, and its run folder below --out.
COMMANDS = {
    "run": (["run", *SMALL["semantic"], *SHARED], ""),
    "sweep": (["run", *SMALL["semantic"], *SHARED, "--sweep", "seed=0,1"], ""),
    "train": (["train", *SMALL["semantic"], *SHARED], ""),
    "train on annotations": (["train", "labels.json", "--images", "images", "--task", "semantic", "--quiet"], ""),
    "demo": (["demo", "--quiet"], "demo-semantic-short"),
    "transfer": (["transfer", "shapes-transfer", "--quiet"], ""),
}
commands = pytest.mark.parametrize("name", COMMANDS)
ON_FINISHED_RUNS = pytest.mark.parametrize("name", ["evaluate", "report"])


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Calls a command with the output ``deep/out`` below the test's folder."""
    write_shapes(tmp_path / "data", 4, size=(64, 64)).rename(tmp_path / "data" / "labels.json")
    monkeypatch.chdir(tmp_path / "data")
    monkeypatch.setattr("maskwright.outputs.staging._SECONDS_TO_WAIT", 0)
    (tmp_path / "deep").mkdir()
    return lambda name: main([*COMMANDS[name][0], "--out", str(tmp_path / "deep" / "out")])


def run_folder(name: str, folder: Path) -> Path:
    """The run folder that the command will write, whose parent exists."""
    path = folder / "deep" / "out" / COMMANDS[name][1]
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_every_command_that_writes_run_folders_is_tried():
    verbs = {words[0] for words, _ in COMMANDS.values()} | {"evaluate", "report"}
    assert verbs == IN_RUN_FOLDERS
    assert verbs <= set(getattr(get_command(app), "commands", {}))


@commands
@pytest.mark.parametrize(
    "there",
    ["file", "link to file", "link to input", "device", "pipe", "link to nothing", "read-only", "folder", "recipe"],
)
def test_what_is_in_the_place_of_a_run_folder_stays(
    name: str, there: str, call: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = run_folder(name, tmp_path)
    (tmp_path / "mine").write_text("mine")
    match there:
        case "file":
            path.write_text("mine")
        case "link to file":
            path.symlink_to(tmp_path / "mine")
        case "link to input":
            path.symlink_to(tmp_path / "data")
        case "device":
            path.symlink_to("/dev/null")
        case "pipe":
            os.mkfifo(path)
        case "link to nothing":
            path.symlink_to("nothing")
        case "read-only":
            path.mkdir()
            path.chmod(0o555)
        case "folder":
            path.mkdir()
            (path / "mine.txt").write_text("mine")
        case "recipe":
            path.mkdir()
            (path / "recipe.yaml").write_text("name: mine\n")
    before = state(tmp_path)
    assert call(name) == 2
    assert state(tmp_path) == before
    assert str(path) in capsys.readouterr().err


@commands
def test_of_two_at_once_the_second_is_refused(
    name: str, call: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = run_folder(name, tmp_path)
    with held_folder(path):
        before = state(tmp_path)
        assert call(name) == 2
        assert state(tmp_path) == before
    said = capsys.readouterr().err
    # The fitted recipe lies beside the folder, which must be new.
    assert "another process is at work in it" in said or name == "train on annotations"


@commands
def test_a_full_disk_is_named_and_keeps_what_is_there(
    name: str, call: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    before = state(tmp_path)
    with no_file_above(1):
        assert call(name) == 1
    said = capsys.readouterr().err
    assert "File too large" in said
    assert "Traceback" not in said
    assert before.items() <= state(tmp_path).items()


@ON_FINISHED_RUNS
def test_of_two_on_one_finished_run_the_second_is_refused(
    name: str, semantic_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("maskwright.outputs.staging._SECONDS_TO_WAIT", 0)
    before = state(semantic_run)
    with held_folder(semantic_run):
        assert main([name, str(semantic_run), "--quiet"]) == 2
    assert "another process is at work in it" in capsys.readouterr().err
    assert state(semantic_run) == before


@ON_FINISHED_RUNS
def test_a_full_disk_leaves_a_finished_run_whole(
    name: str, semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    shutil.copytree(semantic_run, run)
    before = state(run)
    with no_file_above(1):
        assert main([name, str(run), "--quiet"]) == 1
    assert "File too large" in capsys.readouterr().err
    after = state(run)
    assert before.items() <= after.items()
    assert main([name, str(run), "--quiet"]) == 0
    assert state(run).keys() == before.keys()
