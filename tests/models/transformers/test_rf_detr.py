"""RF-DETR-Seg against the library's own pipeline, and what the library's loss does not do."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch

from maskwright.errors import UsageError
from maskwright.images.resize import InputSize
from maskwright.models.catalogue import create_model
from maskwright.models.transformers import rf_detr
from maskwright.prediction.instance import predict_instances
from tests.models.transformers.small_queries import CLASSES, small_rf_detr, square_batch

NAMES = ["class", "box", "box_iou", "mask", "dice"]


def for_the_library(model: Any, count: int) -> tuple[torch.Tensor, list[dict[str, torch.Tensor]]]:
    """Return images and labels as a user of the library would make them."""
    images, targets = (part[:count] for part in square_batch())
    labels = []
    for target in targets:
        left, top, right, bottom = (target["boxes"] / 64).unbind(1)
        boxes = torch.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top], dim=1)
        labels.append({"class_labels": target["labels"] - 1, "boxes": boxes, "masks": target["masks"].float()})
    return (torch.stack(images) - model.mean) / model.std, labels


@pytest.fixture
def not_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs from the publisher's losses is as the library has it; tests/oracles/test_rf_detr.py has theirs."""

    def of_the_library(network: Any, *given: Any, **more: Any) -> Any:
        return type(network).segmentation_head(network, *given, **more)

    monkeypatch.setattr(rf_detr, "_mask_logits", of_the_library)
    monkeypatch.setattr(rf_detr, "_BorderSamples", nullcontext)
    monkeypatch.setattr(rf_detr, "_ratio_of_points", lambda _, ratio: ratio)


@pytest.mark.usefixtures("not_mended")
@pytest.mark.parametrize("count", [1, 2, 3])
def test_but_for_what_is_mended_the_losses_are_those_of_the_library(count: int) -> None:
    model = small_rf_detr()
    pixels, labels = for_the_library(model, count)
    torch.manual_seed(5)
    theirs = model.network(pixel_values=pixels, labels=labels).loss
    torch.manual_seed(5)
    ours = model(*(part[:count] for part in square_batch()))
    assert list(ours) == NAMES
    assert sum(ours.values()).item() == pytest.approx(theirs.item(), rel=1e-5)
    assert not {"_loss_function", "segmentation_head"} & vars(model.network).keys()


def test_logits_boxes_and_masks_are_those_of_the_library() -> None:
    model = small_rf_detr(detections=1000).eval()
    pixels, _ = for_the_library(model, 3)
    with torch.inference_mode():
        theirs = model.network(pixel_values=pixels)
        ours = model(square_batch()[0])
    for number, found in enumerate(ours):
        probabilities = theirs.logits[number].sigmoid()
        assert torch.equal(found["scores"], probabilities.flatten().sort(descending=True).values)
        assert torch.equal(found["mask_logits"], theirs.pred_masks[number])
        x, y, width, height = theirs.pred_boxes[number][found["queries"]].unbind(1)
        boxes = torch.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], dim=1)
        torch.testing.assert_close(found["boxes"], boxes)


def test_a_batch_without_objects_has_finite_losses_where_the_library_has_none() -> None:
    model = small_rf_detr()
    pixels, labels = for_the_library(model, 3)
    assert model.network(pixel_values=pixels[2:], labels=labels[2:]).loss.numel() != 1
    images, targets = square_batch()
    losses = model(images[2:], targets[2:])
    assert list(losses) == NAMES
    assert all(value.shape == () and value.isfinite() for value in losses.values())
    assert losses["mask"] == losses["dice"] == losses["box"] == 0
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_the_loss_outside_of_training_is_of_the_queries_that_predict() -> None:
    """The library matches as many groups as in training there, to a part of the queries each."""
    model = small_rf_detr()
    model.network.eval()
    with torch.no_grad():
        losses = model(*square_batch())
    assert all(value.isfinite() for value in losses.values())


def test_the_same_seed_gives_the_same_weights_losses_and_gradients() -> None:
    found = []
    for _ in range(2):
        model = small_rf_detr(seed=4)
        torch.manual_seed(9)
        losses = model(*square_batch())
        sum(losses.values()).backward()
        found.append([*losses.values(), *(p.grad for p in model.parameters() if p.grad is not None)])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_boxes_are_predicted_in_pixels_of_the_image() -> None:
    model = small_rf_detr().eval()
    image = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    (found,) = predict_instances(model, [image], InputSize(True, 64, rule="torchvision"))
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [120, 90, 120, 90]).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert (np.diff(found.scores) <= 0).all()


def test_images_are_padded_to_squares_of_whole_windows() -> None:
    assert small_rf_detr().padded_size((50, 70)) == (80, 80)


@pytest.mark.parametrize(
    ("name", "queries", "patches"),
    [("nano", 100, 26), ("small", 100, 32), ("medium", 200, 36), ("large", 300, 42)],
)
def test_the_sizes_are_those_of_the_published_models(name: str, queries: int, patches: int) -> None:
    """The configurations of the package rfdetr: positions and queries of each."""
    with torch.device("meta"):
        state = create_model(f"rf_detr_seg_{name}", CLASSES, {}).state_dict()
    assert state["network.model.model.query_feat.weight"].shape == (13 * queries, 256)
    positions = "network.model.model.backbone.backbone.embeddings.position_embeddings"
    assert state[positions].shape == (1, patches**2 + 1, 384)


@pytest.mark.parametrize(
    "options", [{"queries": 65}, {"backbone_layers": 6}, {"channels": 40}, {"image_size": 0}, {"box_weight": -1}]
)
def test_values_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"cannot be built with the options.*{next(iter(options))}"):
        small_rf_detr(**options)


def test_training_without_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="targets"):
        small_rf_detr()(square_batch()[0])


def test_a_class_that_is_certain_has_a_finite_loss() -> None:
    model = small_rf_detr()
    model.network.model.class_embed.bias.data.fill_(100.0)
    losses = model(*square_batch())
    assert losses["class"].isfinite()
    losses["class"].backward()


def test_fixed_to_a_size_it_answers_as_it_does_with_positions_of_its_own() -> None:
    model = small_rf_detr(image_size=96).eval()
    picture = square_batch()[0][0]
    embeddings = model.network.model.model.backbone.backbone.embeddings
    with torch.inference_mode():
        free = model([picture])[0]
        with model.fixed_to((64, 64)):
            fixed = model([picture])[0]
            assert "interpolate_pos_encoding" in vars(embeddings)
    assert "interpolate_pos_encoding" not in vars(embeddings)
    for name, expected in free.items():
        assert torch.equal(fixed[name], expected), name
