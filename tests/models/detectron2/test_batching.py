"""Batches of images as Detectron2 makes them: BGR, whole grey levels, and zero padding."""

import torch

from maskwright.models.detectron2.batching import normalised_batch


def test_every_byte_survives_the_way_through_0_to_1() -> None:
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).expand(3, -1, -1)
    batch = normalised_batch([values.float() / 255], torch.zeros(3, 1, 1), torch.ones(3, 1, 1))
    assert torch.equal(batch[0, :, :16, :16], values.float())


def test_colours_are_turned_round_and_the_border_is_zero_after_the_mean() -> None:
    red = torch.zeros(3, 30, 40)
    red[0] = 200 / 255
    mean = torch.tensor([103.53, 116.28, 123.675]).reshape(3, 1, 1)
    batch = normalised_batch([red, red[:, :, :10]], mean, torch.tensor([1.0, 2.0, 4.0]).reshape(3, 1, 1))
    assert batch.shape == (2, 3, 32, 64)
    expected = torch.tensor([-103.53, -116.28 / 2, (200 - 123.675) / 4])
    torch.testing.assert_close(batch[0, :, 29, 39], expected)
    assert batch[0, :, 30:].abs().sum() == batch[0, :, :, 40:].abs().sum() == batch[1, :, :, 10:].abs().sum() == 0
