"""Which recipes have a slice for each process, and the Fabric of a process alone."""

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs import processes
from maskwright.runs.folder import create_run
from maskwright.runs.processes import (
    build_fabric,
    free_threads,
    require_devices,
    sync_batch_norm,
    threads_of,
    torch_threads,
)
from maskwright.training import device
from tests.parallel.launched import LAUNCHED, launched


def recipe_of(*settings: str) -> Recipe:
    return load_recipe("demo-semantic", [*settings, "train.device=cpu"])


@pytest.mark.parametrize(
    ("batch_size", "devices", "nodes", "remedy"),
    [(4, 1, 3, "Use 3 or 6"), (1, 1, 2, "Use 2."), (6, 2, 2, "Use 4 or 8"), (9, 3, 2, "Use 6 or 12")],
)
def test_a_batch_without_equal_slices_is_refused_with_the_nearest_that_has_them(
    batch_size: int, devices: int, nodes: int, remedy: str
) -> None:
    recipe = recipe_of(f"train.batch_size={batch_size}", f"train.devices={devices}")
    with pytest.raises(
        UsageError, match=rf"train\.batch_size {batch_size}: .* multiple of {devices * nodes}.*{remedy}"
    ):
        require_devices(recipe, nodes)


def test_a_batch_with_a_slice_for_each_is_accepted() -> None:
    require_devices(recipe_of("train.batch_size=12", "train.devices=2"), nodes=3)


def test_launched_by_hand_the_batch_is_checked_before_the_others_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched(monkeypatch)
    with pytest.raises(UsageError, match=r"train\.batch_size 3: .* multiple of 2"):
        build_fabric(recipe_of("train.batch_size=3"))


def test_a_process_alone_gets_a_fabric_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in LAUNCHED:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: True)
    fabric = build_fabric(recipe_of("train.precision=bf16-mixed"))
    assert (fabric.world_size, fabric.device.type) == (1, "cpu")
    with fabric.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16


def test_processes_of_one_machine_meet_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launched(monkeypatch, WORLD_SIZE="1")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    processes._meet(tmp_path / "file", torch.device("cpu"))
    try:
        numbers = torch.ones(3)
        torch.distributed.all_reduce(numbers)
        assert numbers.tolist() == [1, 1, 1]
        assert (tmp_path / "file").is_file()
    finally:
        torch.distributed.destroy_process_group()


class Detector(torch.nn.Linear):
    def forward(self, images: list[torch.Tensor], targets: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        self.seen = images[0], targets[0]["boxes"]
        return {"product": super().forward(images[0])}


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_mixed_precision_leaves_the_inputs_of_a_model_as_they_are(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in LAUNCHED:
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: True)
    model = Detector(4, 1)
    wrapped = build_fabric(recipe_of(f"train.precision={precision}")).setup_module(model)
    image, box = torch.rand(2, 4), torch.tensor([[478.0, 427.0, 483.0, 428.0]])  # bfloat16 has no 427 and no 483
    assert wrapped([image], [{"boxes": box}])["product"].dtype is torch.float32
    assert [seen.dtype for seen in model.seen] == [torch.float32] * 2
    assert torch.equal(model.seen[0], image)
    assert torch.equal(model.seen[1], box)


def test_a_number_of_threads_holds_inside_and_none_changes_nothing() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 2):
        assert torch.get_num_threads() == before + 2
        with torch_threads(None):
            assert torch.get_num_threads() == before + 2
    assert torch.get_num_threads() == before


def test_free_threads_are_settled_once_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(processes, "free_cores", iter([3]).__next__)
    with torch_threads(4):
        assert threads_of(create_run(recipe_of("train.threads=free"), tmp_path / "run", Reporter())) == 3
    run = create_run(recipe_of("train.threads=free"), tmp_path / "run", Reporter())  # goes on
    assert threads_of(run) == 3
    assert run.card().get("threads") == 3
    assert capsys.readouterr().err.count("threads: 3") == 1
    assert threads_of(create_run(recipe_of("train.threads=2"), tmp_path / "run", Reporter())) == 2
    assert threads_of(create_run(recipe_of(), tmp_path / "other", Reporter())) is None


def test_free_threads_are_no_more_than_the_environment_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "free_cores", lambda: 8)
    with torch_threads(3):
        assert free_threads() == 3


class Several:
    """Stands for the fabric of one of two processes."""

    world_size = 2

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)


@pytest.mark.parametrize(
    ("fabric", "expected"),
    [
        (Several("cuda"), nn.SyncBatchNorm),
        (Several("cpu"), nn.BatchNorm2d),
        (Fabric(accelerator="cpu", devices=1), nn.BatchNorm2d),
    ],
)
def test_batchnorm_is_joined_where_several_gpus_share_a_batch(fabric: Fabric, expected: type) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    joined = sync_batch_norm(model, fabric)
    assert isinstance(joined, nn.Sequential)
    assert type(joined[1]) is expected
    assert joined.state_dict().keys() == model.state_dict().keys()
