"""A trial says what a step costs, for either task, and leaves no trace."""

from pathlib import Path

import pytest
import torch

from maskwright.recipes.loading import load_recipe
from maskwright.runs.starting import trial
from maskwright.runs.starting.trial import this_machine, try_steps
from maskwright.synthetic.shapes import write_shapes

SMALL = {
    "demo-semantic": ["model.options={widths: [4], bottleneck: 4}", "model.input.size=32", "loss.name=dice_ce"],
    "demo-instance": [
        "model.input={size: 64, longest: 96}", "model.options.proposals_train=20", "model.options.rois_per_image=8",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_step_of_either_task_is_tried_and_the_random_numbers_stay(name: str, tmp_path: Path) -> None:
    write_shapes(tmp_path, 1)
    files = [tmp_path / "images" / "000000.jpg", tmp_path / "annotations.json"]
    recipe = load_recipe(name, [*SMALL[name], "classes=[disc, ring]", "model.weights=imagenet"])
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    cost = try_steps(recipe, 0.3, 2, files, seconds=0)
    assert torch.equal(torch.rand(1), expected)
    assert (cost.measured, cost.size) == (True, recipe.model.input.size)
    assert cost.seconds > 0
    assert cost.loading > 0  # of the file that is an image


@pytest.mark.parametrize(("wanted", "threads"), [("free", 1), ("3", 3)])
def test_a_trial_has_the_threads_of_the_run(wanted: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, before = [], torch.get_num_threads()
    monkeypatch.setattr(trial, "free_threads", lambda: 1)
    monkeypatch.setattr(trial, "_step", lambda *_: lambda: seen.append(torch.get_num_threads()))
    recipe = load_recipe("demo-semantic", [f"train.threads={wanted}"])
    try_steps(recipe, 0.3, 2, seconds=0)
    assert seen == [threads, threads]
    assert torch.get_num_threads() == before


def test_this_machine_has_a_device_with_cores_and_memory() -> None:
    machine = this_machine()
    assert machine.device in ("cpu", "cuda", "mps")
    assert machine.cores >= 1
    assert machine.memory_gib is None or machine.memory_gib > 0.1
