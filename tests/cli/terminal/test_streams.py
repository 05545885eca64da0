"""The standard streams of a real process: closed, broken, full, and in an encoding that lacks letters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def maskwright(
    *arguments: str, shell: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line; ``shell`` is what stands behind the command, such as ``2>&-``."""
    command = f'exec "$0" -m maskwright "$@" {shell}' if "|" not in shell else f'"$0" -m maskwright "$@" {shell}'
    return subprocess.run(
        ["bash", "-c", command, sys.executable, *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
    )


@pytest.fixture
def labels(coco) -> str:
    return str(coco({}, {"category_id": 2}, categories={1: "√…", 2: "猫😀"}))


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}])
def test_what_the_encoding_lacks_is_escaped_and_json_stays_json(labels: str, environment: dict[str, str]):
    environment |= {"PYTHONCOERCECLOCALE": "0"}
    shown = maskwright("explore", labels, environment=environment)
    assert shown.returncode == 0, shown.stderr
    if "PYTHONIOENCODING" in environment:
        assert b"\\u221a\\u2026" in shown.stdout
    as_json = maskwright("explore", labels, "--json", environment=environment)
    assert {"√…", "猫😀"} <= set(json.loads(as_json.stdout)["classes"])


def test_a_closed_standard_error_neither_ends_the_work_nor_gives_its_number_to_a_file(labels: str, tmp_path: Path):
    done = maskwright("masks", labels, "--out", str(tmp_path / "masks"), "--json", shell="2>&-")
    assert done.returncode == 0
    json.loads(done.stdout)
    assert maskwright("masks", "nothing.json", "--out", "nowhere", shell="2>&-").returncode == 2
    assert maskwright("explore", labels, shell=">&- 2>&- <&-").returncode == 0


@pytest.mark.parametrize("shell", ["| head -c 5", "2>&1 | head -c 0", "> /dev/full", "2> /dev/full"])
def test_no_stream_leads_to_a_traceback(labels: str, shell: str):
    done = maskwright("recipes", shell=shell)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert done.returncode in (0, 1)
    if shell.startswith(">"):
        assert done.returncode == 1
        assert b"standard output" in done.stderr
