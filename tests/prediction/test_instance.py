"""Instance prediction: masks equal torchvision's pasting to the pixel and pycocotools' RLEs to the byte."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from pycocotools import mask as oracle
from torch import nn
from torchvision.models.detection.roi_heads import paste_masks_in_image

from maskwright.images.resize import InputSize
from maskwright.prediction.instance import paste_torchvision_mask, predict_instances, to_image
from maskwright.structures import Rle

SIZE = (61, 83)
OWN_SIZE = InputSize(False, 61, longest=83, rule="torchvision")  # leaves images of SIZE as they are


def smooth_masks(count: int, side: int = 28) -> torch.Tensor:
    """Probabilities ``(count, 1, side, side)`` with blobs, as a mask head gives them."""
    noise = torch.randn(count, 1, 5, 5, generator=torch.Generator().manual_seed(count))
    return torch.sigmoid(4 * nn.functional.interpolate(noise, (side, side), mode="bicubic"))


def random_boxes(kind: str, count: int) -> torch.Tensor:
    """Boxes xyxy on an image of ``SIZE``, each of which meets it."""
    chance = np.random.default_rng(sum(kind.encode()))
    height, width = SIZE
    if kind == "whole image":
        return torch.tensor([[0.0, 0, width, height]] * count)
    if kind == "tiny":
        corners = chance.uniform([0, 0], [width - 2, height - 2], (count, 2))
        return torch.from_numpy(np.hstack([corners, corners + chance.uniform(0, 2, (count, 2))])).float()
    low, high = {"inside": (0.0, 1.0), "partly outside": (-0.4, 1.4), "touching borders": (-0.2, 1.2)}[kind]
    x = np.sort(chance.uniform(low, high, (count, 2)) * width, axis=1)
    y = np.sort(chance.uniform(low, high, (count, 2)) * height, axis=1)
    boxes = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)
    if kind == "touching borders":  # as the detector clips them
        boxes = boxes.clip(0, [width, height, width, height])
    meets = (boxes[:, 0] < width - 4) & (boxes[:, 1] < height - 4) & (boxes[:, 2] > 4) & (boxes[:, 3] > 4)
    return torch.from_numpy(boxes[meets]).float()


def pasted_by_torchvision(
    masks: torch.Tensor, boxes: torch.Tensor, size: tuple[int, int] = SIZE
) -> npt.NDArray[np.uint8]:
    return (paste_masks_in_image(masks, boxes, size) > 0.5)[:, 0].numpy().astype(np.uint8)


def assert_same(rle: Rle, mask: npt.NDArray[np.uint8]) -> None:
    """Equal pixels, and the very bytes that pycocotools writes for them."""
    assert np.array_equal(oracle.decode(rle), mask)
    assert rle == oracle.encode(np.asfortranarray(mask))


@pytest.mark.parametrize("kind", ["inside", "partly outside", "touching borders", "tiny", "whole image"])
def test_paste_equals_torchvision_to_the_pixel_and_pycocotools_to_the_byte(kind: str) -> None:
    boxes = random_boxes(kind, 120)
    masks = smooth_masks(len(boxes))
    assert len(boxes) > 50
    expected = pasted_by_torchvision(masks, boxes)
    assert expected.any()
    for mask, box, wanted in zip(masks, boxes, expected, strict=True):
        assert_same(paste_torchvision_mask(mask[0], box, SIZE), wanted)


@pytest.mark.parametrize("side", [14, 28, 56])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 1), (7, 9)])
def test_small_images_and_other_mask_sizes_are_no_exception(side: int, size: tuple[int, int]) -> None:
    masks = smooth_masks(20, side)
    boxes = torch.tensor([[0.0, 0, size[1], size[0]]] * 20)
    for mask, box, wanted in zip(masks, boxes, pasted_by_torchvision(masks, boxes, size), strict=True):
        assert_same(paste_torchvision_mask(mask[0], box, size), wanted)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_empty_and_a_full_mask_are_canonical_too(value: float) -> None:
    masks, boxes = torch.full((1, 1, 28, 28), value), torch.tensor([[-20.0, -20.0, 103.0, 81.0]])
    (wanted,) = pasted_by_torchvision(masks, boxes)
    assert wanted.mean() == value
    assert_same(paste_torchvision_mask(masks[0, 0], boxes[0], SIZE), wanted)


@pytest.mark.parametrize("box", [(90.0, 5, 120, 30), (5.0, 70, 30, 90), (-40.0, 5, -10, 30), (5.0, -40, 30, -10)])
def test_a_box_outside_the_image_has_an_empty_mask(box: tuple[float, ...]) -> None:
    assert_same(paste_torchvision_mask(torch.ones(28, 28), torch.tensor(box), SIZE), np.zeros(SIZE, np.uint8))


class Fixed(nn.Module):
    """A detector that always finds the same."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.parameter = nn.Parameter(torch.zeros(1))
        generator = torch.Generator().manual_seed(3)
        corners = torch.rand(count, 2, generator=generator) * 30
        self.found = {
            "boxes": torch.cat([corners, corners + 5 + 20 * torch.rand(count, 2, generator=generator)], dim=1),
            "labels": torch.arange(1, count + 1),
            "scores": torch.linspace(0.9, 0.1, count),
            "masks": smooth_masks(count) if count else torch.zeros(0, 1, 28, 28),
        }

    def forward(self, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
        self.seen = images
        return [self.found]


def test_instances_carry_what_the_model_found_with_masks_of_the_image() -> None:
    model = Fixed(6)
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    (instances,) = predict_instances(model, [image], OWN_SIZE)
    assert instances.size == SIZE
    assert np.array_equal(instances.boxes, model.found["boxes"].numpy())
    assert instances.labels.tolist() == [1, 2, 3, 4, 5, 6]
    assert instances.scores.tolist() == model.found["scores"].tolist()
    expected = pasted_by_torchvision(model.found["masks"], model.found["boxes"])
    for rle, wanted in zip(instances.masks, expected, strict=True):
        assert_same(rle, wanted)


def test_the_model_sees_one_image_in_0_to_1_at_its_own_size() -> None:
    model = Fixed(1)
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    predict_instances(model, [image], OWN_SIZE)
    (seen,) = model.seen
    np.testing.assert_allclose(seen.numpy().transpose(1, 2, 0), image / 255, rtol=1e-6)


def test_an_image_in_which_nothing_is_found_has_no_instances() -> None:
    (instances,) = predict_instances(Fixed(0), [np.zeros((*SIZE, 3), np.uint8)], OWN_SIZE)
    assert len(instances) == 0
    assert instances.boxes.shape == (0, 4)


def test_boxes_are_scaled_to_the_image_and_masks_pasted_there() -> None:
    model = Fixed(6)
    image = np.random.default_rng(0).integers(0, 256, (122, 166, 3), np.uint8)
    (instances,) = predict_instances(model, [image], OWN_SIZE)
    assert model.seen[0].shape == (3, *SIZE)
    np.testing.assert_array_equal(instances.boxes, 2 * model.found["boxes"].numpy())
    expected = pasted_by_torchvision(model.found["masks"], 2 * model.found["boxes"], (122, 166))
    for rle, wanted in zip(instances.masks, expected, strict=True):
        assert_same(rle, wanted)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_detection_of_no_width_or_height_is_dropped_whole_and_the_thinnest_is_kept(axis: int) -> None:
    thin, gone, plain = ([10.0, 10, 30, 30] for _ in range(3))
    thin[axis + 2] = thin[axis] + 1e-4
    gone[axis::2] = [97.0, 99.0]  # beyond the edge, where clipping leaves nothing of it
    boxes = torch.tensor([thin, gone, plain])
    found = {"boxes": boxes, "labels": torch.tensor([3, 2, 1]), "scores": torch.tensor([0.9, 0.8, 0.7])}
    kept = to_image(found, (64, 96), (60, 90))
    assert kept["labels"].tolist() == [3, 1]
    assert kept["scores"].tolist() == pytest.approx([0.9, 0.7])
    assert 0 < kept["boxes"][0, axis + 2] - kept["boxes"][0, axis] < 1.1e-4
    torch.testing.assert_close(kept["boxes"], boxes[[0, 2]] * 60 / 64)
