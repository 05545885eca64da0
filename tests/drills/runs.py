"""Small trainings for the drills, and what two of them that should be equal are compared by."""

import csv
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from maskwright.model_file import read_model_file
from maskwright.run_folder import MODEL_FILE
from maskwright.training.checkpoint import read_state, remove_partial_files
from tests.small_runs import SMALL

TINY = [
    "--set", "data.shapes={train: 12, validation: 3, seed: 0}", "--set", "train.batch_size=2",
    "--set", "train.validate_every=1", "--set", "train.workers=2", "--quiet",
]  # fmt: skip
TINY_MASK_RCNN = [
    "--set", "model.name=mask_rcnn_small", "--set", "model.options={pyramid_channels: 16, box_features: 32}",
    "--set", "model.options.mask_channels=[16]", "--set", "model.options.proposals_train=50",
]  # fmt: skip


def train_command(task: str, out: Path, *more: str, verb: str = "train") -> list[str]:
    """The command line of a tiny training into ``out``: 6 batches an epoch, 2 processes that load them."""
    return [verb, *SMALL[task], *TINY, *(TINY_MASK_RCNN if task == "instance" else []), *more, "--out", str(out)]


def assert_loadable(run: Path, copy: Path) -> list[str]:
    """Every checkpoint of ``run`` can be read, looked at in a ``copy``; returns their names."""
    shutil.copytree(run / "checkpoints", copy)
    remove_partial_files(copy)
    names = sorted(folder.name for folder in copy.iterdir())
    for name in names:
        assert (read_state(copy / name) is not None) == (name != "best"), name
        read_model_file(copy / name / MODEL_FILE)
    shutil.rmtree(copy)
    return names


def assert_equal_ends(one: Path, other: Path) -> None:
    """The trainings ended with the same weights bit for bit, the same state and the same metrics, time apart."""
    for name in ("last", "best"):
        first, second = (load_file(run / "checkpoints" / name / MODEL_FILE) for run in (one, other))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first)
        for state, expected in zip(*(_state(run, name).items() for run in (one, other)), strict=True):
            assert equal(state, expected), state[0]
    assert metrics(one) == metrics(other)
    assert events(one) == events(other)


def metrics(run: Path) -> list[dict[str, str]]:
    """The rows of ``metrics.csv`` without the time they took."""
    with (run / "metrics.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def events(run: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of the run, without the time it took."""
    accumulator = EventAccumulator(str(run / "tensorboard"))
    accumulator.Reload()
    tags = [tag for tag in accumulator.Tags()["scalars"] if tag != "seconds"]
    return {tag: [(event.step, event.value) for event in accumulator.Scalars(tag)] for tag in tags}


def _state(run: Path, name: str) -> dict[str, Any]:
    """The saved state without the time it took, and without random numbers, which the next epoch draws anew."""
    state = read_state(run / "checkpoints" / name) or {}
    return {key: value for key, value in state.items() if key not in ("seconds", "random")}


def equal(one: Any, other: Any) -> bool:
    """Whether two nested states are the same, tensors to the bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other
