"""The block that the design of the Python face shows, whole: here, and with the package installed from its wheel."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from maskwright.cli.main import main
from tests.first_use import assert_same_scores, use

ROOT = Path(__file__).parents[1]
SCORE = ["score", "instance", "validation.json", "results.json", "--json", "--quiet"]


def test_the_block_of_the_design_and_its_scores_are_those_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    scores = use(tmp_path)
    assert json.loads(Path("scores.json").read_text()) == scores
    capsys.readouterr()
    assert main(SCORE) == 0
    assert_same_scores(scores, json.loads(capsys.readouterr().out))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The ``bin`` of a new environment with the package from its wheel, and this environment's other libraries."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path / "wheels"), str(ROOT)], check=True)
    (wheel,) = (tmp_path / "wheels").glob("maskwright-*.whl")
    environment = tmp_path / "env"
    venv.create(environment)
    python = str(environment / "bin" / "python")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # Its own packages come first; a line of a .pth file adds a folder without following that folder's .pth files.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return environment / "bin"


@pytest.mark.slow
def test_the_block_runs_as_the_package_is_installed_from_its_wheel(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "notebook"
    folder.mkdir()
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    script = [installed / "python", "-I", ROOT / "tests" / "first_use.py", folder]
    done = subprocess.run(script, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(installed.parent)
    command = [installed / "maskwright", *SCORE]
    scored = subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True, check=False)
    assert scored.returncode == 0, scored.stderr
    assert_same_scores(json.loads((folder / "scores.json").read_text()), json.loads(scored.stdout))
