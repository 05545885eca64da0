import json

import pytest

import maskwright
from maskwright.cli.main import main
from maskwright.workflows import doctor as module
from maskwright.workflows.doctor import Installation


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An invented installation, which the command describes without looking at this machine."""
    system = {"python": "3.12.1", "system": "Linux", "cores": 2, "memory_gib": 8}
    device = {"device": "cpu", "name": "2 threads", "gflops": 41.4}
    weights = {"folder": "/weights", "files": 2, "bytes": 3_100_000}
    packages, extras = {"numpy": "2.1", "wandb": None}, {"train": [], "track": ["wandb"]}
    made = Installation(system, packages, extras, [weights], [device])
    monkeypatch.setattr(module, "doctor", lambda measure: made)
    return made


def test_everything_has_a_line(found: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"maskwright {maskwright.__version__}, Python 3.12.1, Linux",
        "2 cores, 8 GiB of memory",
        "packages: numpy 2.1",
        "extra train: installed",
        "extra track: lacks wandb: pip install 'maskwright[track]'",
        "device cpu: 2 threads, 41 GFLOP/s in 3 × 3 convolutions",
        "weights: 2 files, 3 MB in /weights",
    ]


def test_problems_end_with_1_and_are_in_the_json(found: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    found.problems.append("numpy is missing.")
    assert main(["doctor", "--json", "--no-speed"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["problems"] == ["numpy is missing."]
    assert shown["extras"]["track"] == {"installed": False, "missing": ["wandb"]}
