"""Panoptic segmentation by queries: targets of segments without crowds and void, losses, and the answer."""

from typing import Any

import pytest
import torch

from maskwright.masks.segment_coding import CROWD_NUMBER, IDS_OF_CLASS
from maskwright.models.transformers.panoptic_model import segment_target
from tests.models.transformers.small_queries import CLASSES, small_eomt, small_model

CAR, SKY = IDS_OF_CLASS, 3 * IDS_OF_CLASS


def models() -> list[Any]:
    return [small_model("mask2former_tiny_panoptic"), small_eomt("eomt_tiny_panoptic")]


def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 40, 56, generator=torch.Generator().manual_seed(7))


def id_maps() -> torch.Tensor:
    """Return id maps ``(2, 40, 56)`` of two cars, sky, a crowd of cars and void; and of void alone."""
    maps = torch.zeros(2, 40, 56, dtype=torch.int64)
    maps[0, 5:20, 5:20], maps[0, 5:20, 25:40], maps[0, 22:39, 10:50] = CAR + 1, CAR + 2, SKY
    maps[0, :3] = CAR + CROWD_NUMBER
    return maps


def test_targets_are_the_segments_without_crowds_and_void() -> None:
    model = small_model("mask2former_tiny_panoptic")
    batch = model.batch(list(pictures()))
    first, second = (segment_target(ids, batch) for ids in id_maps())
    assert first.classes.tolist() == [0, 0, 2]
    assert first.masks.shape == (3, 64, 64)
    assert first.masks.flatten(1).sum(1).tolist() == [15 * 15, 15 * 15, 17 * 40]
    assert second.classes.tolist() == []


@pytest.mark.parametrize("model", models(), ids=["mask2former", "eomt"])
def test_training_gives_losses_and_needs_id_maps(model: Any) -> None:
    losses = model(pictures(), id_maps())
    assert list(losses) == ["mask", "dice", "cross_entropy"]
    assert all(value.isfinite() for value in losses.values())
    with pytest.raises(ValueError, match="segment ids"):
        model(pictures())


@pytest.mark.parametrize("model", models(), ids=["mask2former", "eomt"])
def test_the_answer_is_the_logits_of_all_queries_with_the_sizes(model: Any) -> None:
    with torch.inference_mode():
        found = model.eval()(pictures())
    assert found["class_logits"].shape == (2, model.queries, CLASSES + 1)
    assert found["mask_logits"].shape[:2] == (2, model.queries)
    assert found["seen"].tolist() == [40, 56]
    assert found["padded"].tolist() == list(model.padded_size((40, 56)))


def test_images_that_are_void_altogether_have_finite_losses() -> None:
    losses = small_model("mask2former_tiny_panoptic")(pictures(), torch.zeros(2, 40, 56, dtype=torch.int64))
    assert all(value.isfinite() for value in losses.values())


def test_eomt_anneals_its_masking() -> None:
    model = small_eomt("eomt_tiny_panoptic")
    model.anneal(1.0)
    assert model.network.attn_mask_probs.tolist() == [0.0, 0.0]
