"""The options before the commands: limits on input."""

import os

import pytest

from maskwright.cli.main import main
from maskwright.limits import INPUT_LIMITS, limit_variable


@pytest.fixture(autouse=True)
def _restored_environment(monkeypatch: pytest.MonkeyPatch):
    for name in INPUT_LIMITS:
        monkeypatch.setenv(limit_variable(name), "1")
        monkeypatch.delenv(limit_variable(name))


def test_limits_are_changed_before_the_command(coco, capsys: pytest.CaptureFixture[str]):
    labels = str(coco({}))
    assert main(["check", labels]) == 0
    assert main(["--limit", "image-pixels=48", "--limit", "name-letters=5", "check", labels]) == 1
    shown = capsys.readouterr().out
    assert "size of 1 to 48 pixels (see --limit image-pixels)" in shown
    assert "up to 5 letters (--limit name-letters)" in shown


def test_a_wrong_limit_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert main(["--limit", "image-pixel=48", "check", "labels.json"]) == 2
    assert "Nearest: image-pixels" in capsys.readouterr().err
    assert main(["--limit", "image-pixels=-1", "check", "labels.json"]) == 2
    assert "expected a whole number" in capsys.readouterr().err


def test_every_limit_is_named_by_the_help(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out.replace("\n", "").replace(" ", "")
    assert all(name in shown for name in INPUT_LIMITS), os.environ.get("COLUMNS")
