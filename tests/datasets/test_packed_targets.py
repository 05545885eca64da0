"""Packed targets come back to the bit, and give a mask head the targets that dense masks give."""

import numpy as np
import pytest
import torch
from torch.utils.data._utils.pin_memory import pin_memory

from maskwright.datasets.instance import collate, collate_packed, target_of, to_detection_input
from maskwright.datasets.packed_targets import pack_masks, unpack_masks
from maskwright.models.mask_targets import ForegroundProposals, cropped_masks, mask_targets
from tests.training.fake_device import invented_device, invented_fabric

# Heights and widths with and without a rest of eight, and the number of objects of each image.
SIZES = ((17, 24), (9, 31), (16, 1), (12, 40))
COUNTS = (3, 0, 1, 2)


def samples() -> list[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    generator = torch.Generator().manual_seed(4)
    made = []
    for (height, width), count in zip(SIZES, COUNTS, strict=True):
        image = torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=generator)
        masks = torch.randint(0, 2, (count, height, width), dtype=torch.uint8, generator=generator)
        masks[:, 0, 0] = 1  # else an object might have no pixel, and is dropped
        made.append((image, target_of(masks, torch.arange(1, count + 1))))
    return made


@pytest.mark.parametrize("device", ["cpu", "invented"])
def test_packed_targets_are_the_targets_to_the_bit(device: str) -> None:
    images, expected = collate(samples())
    with invented_device() as counts:
        place = invented_fabric().device if device == "invented" else torch.device("cpu")
        counts.clear()
        found_images, targets = to_detection_input(collate_packed(samples()), place)
        waits, copies = sum(counts.waits.values()), sum(counts.to_device.values())
        targets = [{key: value.cpu() for key, value in target.items()} for target in targets]
        found_images = [image.cpu() for image in found_images]
    # One copy of each image, and of boxes, labels, areas and masks of all of them.
    assert (waits, copies) == (0, len(SIZES) + 4 if device == "invented" else 0)
    assert all(torch.equal(found, image.float() / 255) for found, image in zip(found_images, images, strict=True))
    for target, own in zip(targets, expected, strict=True):
        assert list(target) == list(own)
        assert all(torch.equal(target[key], own[key]) and target[key].dtype == own[key].dtype for key in own)


def test_a_batch_is_the_same_when_a_loader_pins_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor, *_: pinned.append(tensor) or tensor.clone())
    _, targets = to_detection_input(pin_memory(collate_packed(samples())), "cpu")
    assert len(pinned) == len(SIZES) + 4
    for target, own in zip(targets, collate(samples())[1], strict=True):
        assert all(torch.equal(target[key], own[key]) for key in own)


def test_the_masks_of_a_batch_take_an_eighth_of_their_bytes() -> None:
    _, packed = collate_packed(samples())
    assert list(packed.counts) == list(COUNTS)
    assert packed.masks.numel() == sum(n * h * -(-w // 8) for n, (h, w) in zip(COUNTS, SIZES, strict=True))


@pytest.mark.parametrize("width", [1, 7, 8, 9, 64, 101])
def test_bits_lie_as_numpys_with_the_leftmost_pixel_lowest(width: int) -> None:
    masks = torch.from_numpy(np.random.default_rng(width).integers(0, 2, (3, 5, width), np.uint8))
    packed = pack_masks(masks)
    assert packed.shape == (3, 5, -(-width // 8))
    first = sum(int(bit) << place for place, bit in enumerate(masks[1, 2, :8]))
    assert int(packed[1, 2, 0]) == first
    assert torch.equal(unpack_masks(packed, width), masks)


@pytest.mark.parametrize("side", [7, 28])
def test_targets_of_rois_are_those_of_dense_masks(side: int) -> None:
    _, dense = collate(samples())
    _, packed = to_detection_input(collate_packed(samples()), "cpu")
    boxes = torch.tensor([[0.3, 1.2, 20.7, 16.0], [-2.0, 3.0, 9.5, 30.0], [5.0, 5.0, 6.0, 6.5]])
    objects = torch.tensor([2, 0, 1])
    regions = [ForegroundProposals(boxes, objects, objects, one[0]["masks"], torch.ones(4)) for one in (dense, packed)]
    assert torch.equal(*(cropped_masks(region, side) for region in regions))
    assert torch.equal(*(mask_targets(region, side) for region in regions))
