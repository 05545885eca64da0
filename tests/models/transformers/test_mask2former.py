"""Mask2Former against the library's own pipeline: the same weights give the same logits and losses."""

from typing import Any

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.catalogue import create_model, load_weights
from maskwright.models.transformers.mask2former import SWIN_BACKBONES, predict_mask2former
from tests.models.transformers.small_queries import CLASSES, SMALL, images, small_model, targets

Labels = dict[str, list[torch.Tensor]]


def for_the_library(model: Any) -> tuple[torch.Tensor, Labels]:
    """Return images and targets as a user of the library would make them: normalised, padded to 64 × 96."""
    pixels, masks = torch.zeros(3, 3, 64, 96), []
    for padded, image, target in zip(pixels, images(), targets(), strict=True):
        height, width = image.shape[1:]
        padded[:, :height, :width] = (image - model.mean[0]) / model.std[0]
        masks.append(torch.zeros(len(target["masks"]), 64, 96))
        masks[-1][:, :height, :width] = target["masks"]
    return pixels, {"mask_labels": masks, "class_labels": [one["labels"] - 1 for one in targets()]}


def test_the_losses_are_those_of_the_library() -> None:
    model = small_model()
    pixels, labels = for_the_library(model)
    torch.manual_seed(5)
    theirs = model.network(pixel_values=pixels, **labels).loss
    torch.manual_seed(5)
    ours = model(images(), targets())
    assert list(ours) == ["mask", "dice", "cross_entropy"]
    assert sum(ours.values()).item() == pytest.approx(theirs.item(), rel=1e-5)


def test_the_gradients_are_those_of_the_library() -> None:
    model = small_model()
    pixels, labels = for_the_library(model)
    torch.manual_seed(5)
    model.network(pixel_values=pixels, **labels).loss.backward()
    theirs = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    torch.manual_seed(5)
    sum(model(images(), targets()).values()).backward()
    for ours, expected in zip(model.parameters(), theirs, strict=True):
        assert (ours.grad is None) == (expected is None)
        if expected is not None:
            assert ours.grad is not None
            torch.testing.assert_close(ours.grad, expected, rtol=1e-3, atol=1e-4)


def test_the_logits_are_those_of_the_library_for_every_layer() -> None:
    model = small_model().eval()
    pixels, _ = for_the_library(model)
    with torch.inference_mode():
        theirs = model.network(pixel_values=pixels, output_auxiliary_logits=True)
        ours = predict_mask2former(model.network, model.batch(images()).pixels)
    assert torch.equal(ours.final.classes, theirs.class_queries_logits)
    assert torch.equal(ours.final.masks, theirs.masks_queries_logits)
    assert ours.final.classes.shape == (3, SMALL["queries"], CLASSES + 1)
    assert ours.final.masks.shape == (3, SMALL["queries"], 16, 24)
    assert len(ours.trained) == SMALL["decoder_layers"] + 1
    assert ours.trained[0] is ours.final


@pytest.mark.parametrize("backbone", SWIN_BACKBONES)
def test_every_swin_builds_without_memory(backbone: str) -> None:
    with torch.device("meta"):
        state = create_model(f"mask2former_{backbone}", CLASSES, {}).state_dict()
    width = {"swin_base": 128}.get(backbone, 96)
    first = "network.model.pixel_level_module.encoder.swin.embeddings.patch_embeddings.projection.weight"
    assert state[first].shape[0] == width
    assert state["network.class_predictor.weight"].shape == (CLASSES + 1, 256)


def test_a_timm_backbone_gives_its_maps_to_the_pixel_decoder() -> None:
    model = small_model("mask2former:timm:test_resnet").eval()
    with torch.inference_mode():
        assert len(model(images())) == 3


def test_imagenet_weights_fill_the_backbone(tmp_path: Any) -> None:
    import torchvision
    from safetensors.torch import save_file

    source = torchvision.models.resnet18(weights=None)
    save_file(source.state_dict(), tmp_path / "resnet18.safetensors")
    model = small_model()
    report = load_weights(model, "mask2former_tiny", str(tmp_path / "resnet18.safetensors"))
    assert report is not None
    assert report.share == 1
    body = model.network.model.pixel_level_module.encoder.body
    assert torch.equal(body.conv1.weight, source.conv1.weight)


@pytest.mark.parametrize("options", [{"frozen_norm": True}, {"trainable_layers": 3}])
def test_a_swin_has_no_batch_norm_to_freeze(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no BatchNorm to freeze"), torch.device("meta"):
        create_model("mask2former_swin_tiny", 2, options)
