"""Small runs that several workflow tests look at."""

from pathlib import Path

import pytest

from maskwright.cli.main import main

SMALL = {
    "semantic": [
        "demo-semantic", "--set", "model.options.widths=[4, 8]", "--set", "model.options.bottleneck=8",
        "--set", "model.input.size=64", "--set", "train.schedule.warmup_steps=0",
    ],
    "instance": [
        "demo-instance", "--set", "model.input.size=64", "--set", "model.options.proposals_train=50",
        "--set", "model.options.proposals_test=20", "--set", "train.schedule.warmup_steps=0",
    ],
}  # fmt: skip
SHARED = [
    "--set", "data.shapes.train=8", "--set", "data.shapes.validation=6", "--set", "train.epochs=2",
    "--set", "train.batch_size=4", "--set", "train.validate_every=1", "--set", "report.panels=2", "--quiet",
]  # fmt: skip


def small_run(task: str, out: Path, *more: str, verb: str = "run") -> int:
    """Run the small recipe of ``task`` into ``out``; returns the exit code."""
    return main([verb, *SMALL[task], *SHARED, "--out", str(out), *more])


@pytest.fixture(scope="session")
def semantic_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small semantic run; do not change it."""
    out = tmp_path_factory.mktemp("runs") / "semantic"
    assert small_run("semantic", out) == 0
    return out


@pytest.fixture(scope="session")
def instance_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small instance run; do not change it."""
    out = tmp_path_factory.mktemp("runs") / "instance"
    assert small_run("instance", out) == 0
    return out


@pytest.fixture(scope="session")
def semantic_onnx(semantic_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small semantic run as an ONNX file, certified on its validation images; do not change it."""
    return _exported(semantic_run, tmp_path_factory)


@pytest.fixture(scope="session")
def instance_onnx(instance_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small instance run as an ONNX file, certified on its validation images; do not change it."""
    return _exported(instance_run, tmp_path_factory)


def _exported(run: Path, folders: pytest.TempPathFactory) -> Path:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package)
    out, data = folders.mktemp("exports") / f"{run.name}.onnx", run / "data" / "validation"
    on = ["--on", str(data / "annotations.json"), "--images", str(data / "images")]
    assert main(["export", str(run), "--to", "onnx", "--out", str(out), *on, "--quiet"]) == 0
    return out
