"""Label maps by queries: the library's own semantic result, in chunks, and targets without ignored pixels."""

import pytest
import torch

from maskwright.models.transformers import semantic_model
from maskwright.models.transformers.semantic_model import QuerySemanticModel
from tests.models.transformers.small_queries import CLASSES, label_maps, small_model


def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 40, 56, generator=torch.Generator().manual_seed(7))


def test_the_label_map_is_that_of_the_library() -> None:
    """Its processor resizes the product of classes and masks; ours the masks, as the authors' code does."""
    model = small_model("mask2former_tiny_semantic").eval()
    with torch.inference_mode():
        logits = model(pictures())["logits"]
        batch = model.batch(list(pictures()))
        layer = model.predict(model.network, batch.pixels).final
    masks = torch.nn.functional.interpolate(layer.masks, batch.size, mode="bilinear").sigmoid()[:, :, :40, :56]
    dense = torch.einsum("bqc,bqhw->bchw", layer.classes.softmax(-1)[..., :-1], masks)
    assert logits.shape == (2, CLASSES + 1, 40, 56)
    torch.testing.assert_close(logits.softmax(1), dense / dense.sum(1, keepdim=True), rtol=1e-4, atol=1e-6)
    assert torch.equal(logits.argmax(1), dense.argmax(1))


def test_chunks_of_queries_give_what_all_at_once_do(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model("mask2former_tiny_semantic").eval()
    with torch.inference_mode():
        whole = model(pictures())["logits"]
        monkeypatch.setattr(semantic_model, "_AT_ONCE", 1)
        torch.testing.assert_close(model(pictures())["logits"], whole)


def test_targets_are_the_classes_that_a_label_map_shows_without_ignored_pixels() -> None:
    model = small_model("mask2former_tiny_semantic")
    batch = model.batch(list(pictures()))
    first, second = QuerySemanticModel._targets(label_maps(), batch, CLASSES + 1)
    assert first.classes.tolist() == [0, 1, 3]
    assert second.classes.tolist() == [0]
    ignored = (label_maps()[0] == 255).sum()
    assert first.masks.shape == (3, 64, 64)
    assert first.masks.sum() == 40 * 56 - ignored
    assert torch.equal(first.masks[1, :40, :56] > 0, label_maps()[0] == 1)


def test_training_gives_losses_and_needs_label_maps() -> None:
    model = small_model("mask2former_tiny_semantic")
    losses = model(pictures(), label_maps())
    assert list(losses) == ["mask", "dice", "cross_entropy"]
    with pytest.raises(ValueError, match="label maps"):
        model(pictures())


def test_a_label_map_that_is_ignored_altogether_has_finite_losses() -> None:
    model = small_model("mask2former_tiny_semantic")
    losses = model(pictures(), torch.full((2, 40, 56), 255))
    assert all(value.isfinite() for value in losses.values())
