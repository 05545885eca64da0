"""Lovász-softmax against its authors' code (in segmentation-models-pytorch) and against 1 − IoU."""

import numpy as np
import pytest
import torch
from segmentation_models_pytorch.losses import LovaszLoss

from maskwright.models.losses.lovasz import jaccard_shares, lovasz
from tests.models.losses.batches import IGNORE, counted_pixels, random_batch


@pytest.mark.parametrize("ignored", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("absent", [(), (2,), (0, 3)])
def test_equals_the_code_of_its_authors(ignored: float, absent: tuple[int, ...]) -> None:
    double, labels = random_batch(ignored, absent=absent)
    logits = double.detach().float().requires_grad_()  # their code mixes in single precision
    theirs = LovaszLoss("multiclass", ignore_index=IGNORE)(logits, labels)
    assert lovasz(logits, labels, IGNORE).item() == pytest.approx(theirs.item(), rel=1e-6)
    ours_slope, theirs_slope = (
        torch.autograd.grad(loss, logits)[0] for loss in (lovasz(logits, labels, IGNORE), theirs)
    )
    np.testing.assert_allclose(ours_slope.numpy(), theirs_slope.numpy(), atol=1e-7)


def test_certain_predictions_cost_one_minus_iou() -> None:
    _, labels = random_batch()
    predicted = torch.randint(0, 4, labels.shape, generator=torch.Generator().manual_seed(2))
    logits = 1e4 * torch.nn.functional.one_hot(predicted, 4).permute(0, 3, 1, 2).double()
    softmax, truth = counted_pixels(logits, labels)
    found = softmax.argmax(axis=1)
    iou = [((found == c) & (truth == c)).sum() / ((found == c) | (truth == c)).sum() for c in range(4)]
    assert lovasz(logits, labels, IGNORE).item() == pytest.approx(1 - np.mean(iou), rel=1e-12)


def test_the_shares_of_the_wrong_pixels_add_up_to_the_whole_loss() -> None:
    truth = torch.tensor([[1.0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0]])
    assert jaccard_shares(truth).sum(dim=1).tolist() == pytest.approx([1, 0])
    # After the first k pixels are wrong: intersection 3, 2, 2, 1 ... over union 3, 3, 4, 4 ...
    assert jaccard_shares(truth)[0].cumsum(0).tolist() == pytest.approx([1 / 3, 1 / 2, 3 / 4, 4 / 5, 5 / 6, 1])
