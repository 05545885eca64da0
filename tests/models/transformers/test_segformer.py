"""SegFormer against the library's own pipeline."""

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.catalogue import create_model
from maskwright.models.encoder import encoder_parameters
from maskwright.models.transformers.segformer import SEGFORMERS


def test_logits_and_loss_are_those_of_the_library() -> None:
    torch.manual_seed(0)
    model = create_model("segformer_b0", 3, {}).eval()
    images, labels = torch.rand(2, 3, 45, 70), torch.randint(0, 4, (2, 45, 70))
    labels[0, :5] = 255
    with torch.inference_mode():
        ours = model(images)["logits"]
        theirs = model.network.network(pixel_values=(images - model.mean) / model.std, labels=labels)
    assert ours.shape == (2, 4, 45, 70)
    loss = torch.nn.functional.cross_entropy(ours, labels, ignore_index=255)
    assert float(loss) == pytest.approx(float(theirs.loss), rel=1e-6)
    large = torch.nn.functional.interpolate(theirs.logits, (45, 70), mode="bilinear")
    assert torch.equal(ours, large)


@pytest.mark.parametrize("size", SEGFORMERS)
def test_every_size_builds_without_memory_with_as_many_parameters_as_published(size: str) -> None:
    """The paper's table 6: parameters of encoder and head in millions, for 150 classes."""
    with torch.device("meta"):
        model = create_model(f"segformer_{size}", 149, {})
    published = {"b0": 3.8, "b1": 13.7, "b2": 27.5, "b3": 47.3, "b4": 64.1, "b5": 84.7}[size]
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(published, rel=0.02)
    assert 0 < len(encoder_parameters(model)) < len(list(model.parameters()))


def test_rates_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match=r"dropout 1\.5: expected 0 up to"):
        create_model("segformer_b0", 3, {"dropout": 1.5})
