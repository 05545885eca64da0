"""Images lie in the upper left corner of a batch, the rest is the mean colour, and masks lie where their image does."""

import torch

from maskwright.models.transformers.batching import padded_batch, round_up
from tests.models.transformers.small_queries import images, targets

MEAN, STD = torch.tensor([0.1, 0.2, 0.3]).view(1, 3, 1, 1), torch.tensor([0.5, 0.6, 0.7]).view(1, 3, 1, 1)


def test_images_are_normalised_and_then_padded_by_zero() -> None:
    batch = padded_batch(images(), MEAN, STD, (64, 96))
    assert batch.pixels.shape == (3, 3, 64, 96)
    assert (batch.size, batch.sizes) == ((64, 96), [(50, 70), (64, 40), (33, 64)])
    assert torch.equal(batch.pixels[0, :, :50, :70], (images()[0] - MEAN[0]) / STD[0])
    assert not batch.pixels[0, :, 50:].any()
    assert not batch.pixels[0, :, :, 70:].any()


def test_a_batch_of_one_size_is_that_of_its_images() -> None:
    whole = torch.stack([images()[0], images()[0].flip(-1)])
    one, other = (padded_batch(given, MEAN, STD, (64, 96)) for given in (whole, list(whole)))
    assert torch.equal(one.pixels, other.pixels)
    assert one.sizes == other.sizes == [(50, 70)] * 2


def test_masks_are_padded_as_their_image() -> None:
    batch = padded_batch(images(), MEAN, STD, (64, 96))
    masks = targets()[0]["masks"]
    padded = batch.padded_like(masks)
    assert padded.dtype == torch.float32
    assert torch.equal(padded[:, :50, :70], masks.float())
    assert padded.sum() == masks.sum()
    assert batch.padded_like(targets()[2]["masks"]).shape == (0, 64, 96)


def test_sides_are_rounded_up() -> None:
    assert round_up((1, 64), 32) == (32, 64)
    assert round_up((33, 65), 16) == (48, 80)
