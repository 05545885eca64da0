"""How often a training step waits for the device, and what it copies there, counted on an invented one.

The invented device refuses operations on tensors of two devices as a GPU does, so that these trainings also show that
everything is put where it belongs.
"""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.runs import training as workflow
from maskwright.runs.context import build_model
from maskwright.runs.experiment import Experiment
from maskwright.runs.training_data import build_loader
from maskwright.training.loop import train_epoch
from maskwright.training.state import Training
from tests.runs.small_experiments import begun, with_masks
from tests.training.fake_device import Counts, invented_device, invented_fabric

IMAGES, BATCH = 10, 2
STEPS = IMAGES // BATCH
PLAIN = (f"train.batch_size={BATCH}", "train.schedule.warmup_steps=0", "model.input.size=64")
# What torchvision's detectors wait for, because the size of a result depends on values: which anchors and proposals
# match, which are sampled, which survive NMS, on which level of the pyramid each is pooled; and whether a true box is
# empty. Only other models can do without. That many for each image of a batch, and for the batch.
TORCHVISIONS = {"generalized_rcnn.py", "_utils.py", "boxes.py", "poolers.py", "roi_heads.py", "rpn.py"}


def experiment_of(task: str, folder: Path, *overrides: str) -> Experiment:
    if task == "semantic":
        return with_masks(folder, *overrides)
    small = ["model.options.proposals_train=50", "model.options.proposals_test=20"]
    return begun(folder, *overrides, *small, recipe="demo-instance")


def training_on(experiment: Experiment) -> Training:
    model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
    return workflow._build_training(experiment, invented_fabric(), model)


def counted_epoch(make: Callable[[], Experiment]) -> tuple[Counts, Training, dict[str, float]]:
    """What the second epoch waits for and copies; the first one fills caches."""
    experiment = make()
    with invented_device() as counts:
        training = training_on(experiment)
        for epoch in (1, 2):
            counts.clear()
            training.position.batch, training.sums = 0, {}
            losses = train_epoch(training, epoch)
        counts_of_epoch = Counts(
            Counter(counts.waits), Counter(counts.to_device), Counter(counts.to_host), list(counts.uploaded)
        )
    return counts_of_epoch, training, losses


@pytest.mark.parametrize(
    ("overrides", "in_loss"),
    [
        ([], 0),
        (["train.clip_norm=1", "train.ema=0.9", "train.accumulate=2"], 0),
        (["loss.name=dice_ce", "loss.class_weights=median_frequency", "loss.boundary_weight=5"], 0),
        (["loss.name=focal_tversky"], 0),
        (["loss.name=lovasz_ce"], 1),  # which classes are present, so that only they are sorted
    ],
)
def test_a_semantic_epoch_waits_once_for_its_losses_and_copies_each_batch_once(
    overrides: list[str], in_loss: int, tmp_path: Path
) -> None:
    counts, training, losses = counted_epoch(lambda: with_masks(tmp_path / "run", *PLAIN, *overrides))
    assert training.read_every > STEPS
    assert sum(counts.waits.values()) == sum(counts.of("maskwright").values()) == 1 + in_loss * STEPS, counts.waits
    assert Counter(counts.uploaded) == {
        ((BATCH, 3, 64, 64), torch.uint8): STEPS,
        ((BATCH, 64, 64), torch.uint8): STEPS,
    }
    assert losses["loss"] > 0


FLIPS = {"horizontal_flip": 0.5, "vertical_flip": 0.5}
COLOURS = {"brightness": 0.3, "contrast": 0.3, "saturation": 0.3, "hue": 0.1}
ON_DEVICE = (f"augment={json.dumps(FLIPS | COLOURS)}", "train.augment_on=device")


def loaded(experiment: Experiment, device: Any = "cpu") -> list[tuple[torch.Tensor, Any]]:
    """Every image of the first epoch with its target, converted to model input on ``device``."""
    loader, sampler = build_loader(experiment)
    loader.device = torch.device(device)
    sampler.set_epoch(1, 0)
    return [one for images, targets in loader for one in zip(images, targets, strict=True)]


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_augmentation_on_the_device_waits_for_nothing_and_gives_what_the_host_gives(task: str, tmp_path: Path) -> None:
    experiment = experiment_of(task, tmp_path / "run", *PLAIN, *ON_DEVICE)
    with invented_device() as counts:
        device = invented_fabric().device
        counts.clear()
        on_device = loaded(experiment, device)
        assert not counts.of("maskwright")
        changed = [image.cpu() for image, _ in on_device]
    plain = loaded(experiment_of(task, tmp_path / "plain", *PLAIN, "augment={}"))
    assert len(changed) == len(plain) == IMAGES
    assert all(not torch.allclose(one, other, atol=1e-2) for one, (other, _) in zip(changed, plain, strict=True))
    # The same samples: each is changed on the host by its seed to the same.
    for one, (other, _) in zip(changed, loaded(experiment), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_flips_on_the_device_are_drawn_by_the_sample_and_leave_the_bits(task: str, tmp_path: Path) -> None:
    settings = (*PLAIN, f"augment={json.dumps(FLIPS)}", "train.augment_on=device")
    made = experiment_of(task, tmp_path / "run", *settings)
    plain = loaded(experiment_of(task, tmp_path / "plain", *PLAIN, "augment={}"))
    ways = []
    for (image, target), (own, own_target) in zip(loaded(made), plain, strict=True):
        way = next(axes for axes in ([], [-1], [-2], [-1, -2]) if torch.equal(image, own.flip(axes)))
        ways.append(tuple(way))
        masks, own_masks = (target, own_target) if task == "semantic" else (target["masks"], own_target["masks"])
        assert torch.equal(masks, own_masks.flip(way))
    assert len(set(ways)) > 1


def test_flips_stay_in_the_data_set_with_copy_paste(tmp_path: Path) -> None:
    # Both images of a sample are flipped, each by its own draw.
    pasting = f"augment={json.dumps(FLIPS | COLOURS | {'copy_paste': 0.5})}"
    loader, _ = build_loader(experiment_of("semantic", tmp_path / "run", *PLAIN, pasting, "train.augment_on=device"))
    augmentation: Any = loader.augmentation  # type: ignore[attr-defined]
    assert augmentation.flips is None
    assert augmentation.colors is not None
    steps = loader.dataset.dataset.augmentation.transforms  # type: ignore[attr-defined]
    assert [type(step).__name__ for step in steps[-2:]] == ["RandomHorizontalFlip", "RandomVerticalFlip"]


def test_a_semantic_epoch_with_everything_on_the_device_waits_once_and_copies_two_tensors_more(tmp_path: Path) -> None:
    more = ("train.clip_norm=1", "train.ema=0.9")
    counts, training, _ = counted_epoch(lambda: with_masks(tmp_path / "run", *PLAIN, *ON_DEVICE, *more))
    assert training.read_every > STEPS
    assert sum(counts.waits.values()) == sum(counts.of("maskwright").values()) == 1, counts.waits
    assert Counter(counts.uploaded) == {
        ((BATCH, 3, 64, 64), torch.uint8): STEPS,
        ((BATCH, 64, 64), torch.uint8): STEPS,
        ((BATCH, 4), torch.float32): STEPS,  # the factors of the colours
        ((BATCH, 2), torch.bool): STEPS,  # which are flipped
    }


def require_one_wait_a_step(counts: Counts, copies_a_batch: int) -> None:
    ours = counts.of("maskwright")
    # One for the sampled proposals that hold an object, in each step, and one for the losses of the epoch.
    assert sum(ours.values()) == STEPS + 1, ours
    assert not counts.of("lightning_fabric")
    others = {place.split()[1].split(":")[0] for place in counts.of("torchvision")}
    assert others <= TORCHVISIONS, counts.of("torchvision")
    assert sum(counts.waits.values()) == sum(ours.values()) + sum(counts.of("torchvision").values())
    copies: Any = Counter(place.split(":")[0] for place in counts.to_device.elements())
    assert copies["maskwright"] == IMAGES + STEPS * copies_a_batch
    # No mask travels with a byte for a pixel.
    assert not any(len(shape) == 3 and shape[0] != 3 for shape, _ in counts.uploaded)


def test_an_instance_epoch_waits_once_a_step_besides_what_torchvision_waits_for(tmp_path: Path) -> None:
    counts, _, losses = counted_epoch(lambda: experiment_of("instance", tmp_path / "run", *PLAIN))
    # Boxes, labels, areas and masks of the batch, and the rows of the sampled proposals.
    require_one_wait_a_step(counts, copies_a_batch=5)
    assert losses["mask"] > 0


def test_an_instance_epoch_with_everything_on_the_device_copies_one_tensor_more(tmp_path: Path) -> None:
    more = ("train.clip_norm=1", "train.ema=0.9", "model.options.mask_scoring=true")
    counts, _, losses = counted_epoch(lambda: experiment_of("instance", tmp_path / "run", *PLAIN, *ON_DEVICE, *more))
    require_one_wait_a_step(counts, copies_a_batch=6)  # the factors of the colours besides
    assert losses["mask_iou"] > 0


def test_the_points_of_point_rend_wait_for_nothing_more(tmp_path: Path) -> None:
    model = ("model.name=point_rend:resnet18",)
    counts, _, losses = counted_epoch(lambda: experiment_of("instance", tmp_path / "run", *PLAIN, *model))
    require_one_wait_a_step(counts, copies_a_batch=5)
    assert losses["point"] > 0


def test_with_losses_read_in_every_step_each_waits_once(tmp_path: Path) -> None:
    experiment = with_masks(tmp_path / "run", *PLAIN)
    with invented_device() as counts:
        training = training_on(experiment)
        training.read_every = 1
        counts.clear()
        train_epoch(training, 1)
        assert sum(counts.waits.values()) == STEPS


def test_the_invented_device_counts_what_a_gpu_waits_for_and_refuses_mixed_devices() -> None:
    with invented_device() as counts:
        device = invented_fabric().device
        values = torch.arange(4.0).to(device)
        assert (sum(counts.waits.values()), sum(counts.to_device.values())) == (1, 1)
        assert torch.arange(4.0).to(device, non_blocking=True).device == device
        assert (sum(counts.waits.values()), sum(counts.to_device.values())) == (1, 2)
        doubled = values * 2 + 1
        assert sum(counts.waits.values()) == 1
        for number, wait in enumerate(
            (
                lambda: doubled[0].item(),
                lambda: doubled.tolist(),
                lambda: doubled.cpu(),
                lambda: (doubled > 1).nonzero(),
                lambda: doubled[doubled > 1],
                lambda: bool((doubled > 1).any()),
                lambda: torch.tensor([1.0, 2.0], device=device),
            ),
            start=2,
        ):
            wait()
            assert sum(counts.waits.values()) == number
        assert doubled.tolist() == [1.0, 3.0, 5.0, 7.0]
        with pytest.raises(RuntimeError, match="same device"):
            doubled + torch.ones(4)
