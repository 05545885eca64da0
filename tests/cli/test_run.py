"""``run --sweep`` as its user types it; what a sweep does is tested with the workflow."""

from pathlib import Path

import pytest

from maskwright.cli.main import main
from maskwright.reports.sweep.outcome import Outcome, Sweep
from maskwright.workflows import sweep as sweeping
from tests.reports.swept import a_sweep, semantic_outcome


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the command line asks for; the answer is a sweep of which one variant failed unless it asks for one."""
    seen: list[dict] = []

    def answer(recipe: str, sweeps: list[str], **options) -> Sweep:
        seen.append({"recipe": recipe, "sweeps": sweeps, **options})
        fine: tuple[Outcome, ...] = (semantic_outcome("ce", 0.5),)
        return a_sweep(*(fine if len(sweeps) == 1 else ()))

    monkeypatch.setattr(sweeping, "sweep", answer)
    return seen


def test_every_option_reaches_the_sweep(calls: list[dict]):
    options = ["--set", "seed=1", "--set", "train.epochs=2", "--out", "there", "--resume", "--devices", "2", "-q"]
    assert main(["run", "demo-semantic", "--sweep", "loss=ce,focal", "--sweep", "seed=0,1", *options]) == 1
    (call,) = calls
    assert call.pop("reporter").quiet
    assert call == {
        "recipe": "demo-semantic",
        "sweeps": ["loss=ce,focal", "seed=0,1"],
        "overrides": ["seed=1", "train.epochs=2"],
        "out": Path("there"),
        "resume": True,
        "devices": 2,
    }


@pytest.mark.usefixtures("calls")
def test_the_table_is_printed_and_the_page_named(capsys: pytest.CaptureFixture[str]):
    assert main(["run", "demo-semantic", "--sweep", "loss=ce"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("variant")
    assert "loss=ce (best)" in shown
    assert shown.endswith(f"page: {Path('runs/it/sweep.html')}\n")


def test_a_sweep_over_machines_is_refused(calls: list[dict], capsys: pytest.CaptureFixture[str]):
    assert main(["run", "demo-semantic", "--sweep", "loss=ce", "--nodes", "2"]) == 2
    assert "--nodes 2: a sweep runs on one machine" in capsys.readouterr().err
    assert not calls


def test_a_wrong_preset_is_answered_by_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["run", "demo-semantic", "--sweep", "model.loss=ce,dice", "--out", str(tmp_path / "out")]) == 2
    assert "Nearest: dice_ce" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
