"""EoMT against the library's own pipeline, and the annealing of its masks."""

from typing import Any

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.catalogue import create_model
from maskwright.models.transformers.eomt import anneal, predict_eomt
from tests.models.transformers.small_queries import CLASSES, images, label_maps, small_eomt, targets


def for_the_library(model: Any) -> tuple[torch.Tensor, dict[str, list[torch.Tensor]]]:
    """Return images and targets as a user of the library would make them: normalised, padded to 72 × 72."""
    pixels, masks = torch.zeros(3, 3, 72, 72), []
    for padded, image, target in zip(pixels, images(), targets(), strict=True):
        height, width = image.shape[1:]
        padded[:, :height, :width] = (image - model.mean[0]) / model.std[0]
        masks.append(torch.zeros(len(target["masks"]), 72, 72))
        masks[-1][:, :height, :width] = target["masks"]
    return pixels, {"mask_labels": masks, "class_labels": [one["labels"] - 1 for one in targets()]}


@pytest.mark.parametrize("name", ["eomt_tiny", "eomt_dinov3_small"])
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_losses_are_those_of_the_library_before_amid_and_after_annealing(name: str, share: float) -> None:
    model = small_eomt(name)
    model.anneal(share)
    pixels, labels = for_the_library(model)
    torch.manual_seed(5)
    theirs = model.network(pixel_values=pixels, **labels).loss
    torch.manual_seed(5)
    ours = model(images(), targets())
    assert list(ours) == ["mask", "dice", "cross_entropy"]
    assert sum(ours.values()).item() == pytest.approx(theirs.item(), rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_logits_are_those_of_the_library(share: float) -> None:
    model = small_eomt().eval()
    model.anneal(share)
    pixels, _ = for_the_library(model)
    with torch.inference_mode():
        theirs = model.network(pixel_values=pixels)
        ours = predict_eomt(model.network, model.batch(images()).pixels)
    assert torch.equal(ours.final.classes, theirs.class_queries_logits)
    assert torch.equal(ours.final.masks, theirs.masks_queries_logits)
    assert ours.final.masks.shape == (3, 7, 18, 18)
    # With the masks gone a network predicts once, at its end.
    assert len(ours.trained) == (3 if share == 0 else 1)


def test_each_block_is_annealed_in_its_share_of_the_training_by_the_polynomial_of_the_authors() -> None:
    """Their Lightning module has the steps 14782, 29564, 44346, 59128 and 73910 of 88692 for a COCO model."""
    model = small_eomt(depth=5, query_blocks=4)
    begins, ends = [14782, 29564, 44346, 59128], [29564, 44346, 59128, 73910]
    for step in (0, 14782, 20000, 29564, 33333, 59128, 70000, 73910, 88692):
        anneal(model, step / 88692)
        expected = [
            1.0 if step < begin else 0.0 if step >= end else (1 - (step - begin) / (end - begin)) ** 0.9
            for begin, end in zip(begins, ends, strict=True)
        ]
        assert model.network.attn_mask_probs.tolist() == pytest.approx(expected, abs=1e-6)


def test_a_prediction_amid_the_annealing_is_not_random_and_the_state_stays() -> None:
    model = small_eomt().eval()
    model.anneal(0.4)
    before = model.network.attn_mask_probs.clone()
    assert ((before > 0) & (before < 1)).any()
    with torch.inference_mode():
        torch.manual_seed(1)
        first = model(images())
        torch.manual_seed(2)
        second = model(images())
    assert all(torch.equal(a["scores"], b["scores"]) for a, b in zip(first, second, strict=True))
    assert torch.equal(model.network.attn_mask_probs, before)
    assert "predict" not in vars(model.network)


def test_the_annealing_is_a_part_of_the_saved_state() -> None:
    model, other = small_eomt(), small_eomt(seed=1)
    model.anneal(0.4)
    assert set(model.annealed) <= model.state_dict().keys()
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.network.attn_mask_probs, model.network.attn_mask_probs)


def test_label_maps_are_learnt_and_predicted() -> None:
    model = small_eomt("eomt_tiny_semantic")
    pictures = torch.rand(2, 3, 40, 56)
    assert all(value.isfinite() for value in model(pictures, label_maps()).values())
    with torch.inference_mode():
        assert model.eval()(pictures)["logits"].shape == (2, CLASSES + 1, 40, 56)


@pytest.mark.parametrize("name", ["eomt_small", "eomt_base", "eomt_large", "eomt_dinov3_large", "eomt_large_semantic"])
def test_every_size_builds_without_memory(name: str) -> None:
    with torch.device("meta"):
        state = create_model(name, CLASSES, {}).state_dict()
    width = {"small": 384, "base": 768, "large": 1024}[name.removesuffix("_semantic").rpartition("_")[2]]
    assert state["network.query.weight"].shape == (200, width)


@pytest.mark.parametrize(
    "options",
    [
        {"query_blocks": 4},
        {"width": 20},
        {"image_size": 0},
        {"image_size": 10**6},
        {"upscalings": 9},
        {"patch_size": 0},
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"cannot be built with the options.*{next(iter(options))}"):
        small_eomt(**options)


def test_the_side_is_rounded_up_to_whole_patches() -> None:
    assert small_eomt(image_size=65).side == 72
