"""What all query models share: padding, losses in float32, batches without objects, and the number of true masks."""

import socket

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.transformers import query_model
from maskwright.models.transformers.query_model import QueryLayer, QueryPrediction, SetTarget
from tests.models.transformers.small_queries import images, small_model, targets


def test_a_batch_without_objects_has_finite_losses_that_can_be_learnt_from() -> None:
    model = small_model()
    empty = targets()[2]
    losses = model(images()[2:], [empty])
    assert all(value.isfinite() for value in losses.values())
    assert losses["mask"] == losses["dice"] == 0
    sum(losses.values()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_more_objects_than_queries_are_matched_as_far_as_they_go() -> None:
    model = small_model(queries=1)
    losses = model(images()[:1], targets()[:1])
    assert all(value.isfinite() for value in losses.values())


def test_the_same_seed_gives_the_same_weights_losses_and_gradients() -> None:
    found = []
    for _ in range(2):
        model = small_model(seed=4)
        torch.manual_seed(9)
        losses = model(images(), targets())
        sum(losses.values()).backward()
        found.append([*losses.values(), *(p.grad for p in model.parameters() if p.grad is not None)])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_losses_are_computed_in_float32_under_autocast() -> None:
    model = small_model()
    with torch.autocast("cpu", torch.bfloat16):
        losses = model(images(), targets())
    assert {value.dtype for value in losses.values()} == {torch.float32}


def test_the_number_of_masks_is_that_of_the_batch_and_at_least_one() -> None:
    count = small_model().network.criterion.get_num_masks
    assert count([torch.arange(2), torch.arange(3)], device=torch.device("cpu")) == 5
    assert count([torch.arange(0)], device=torch.device("cpu")) == 1


def test_the_class_loss_of_two_processes_is_that_of_one_on_their_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    # A matching that does not look at random points: object t goes to query t.
    matcher = model.network.criterion.matcher
    matcher.forward = lambda *given: [(torch.arange(len(t)), torch.arange(len(t))) for t in given[-1]]
    batch = model.batch(images())
    prediction = model.predict(model.network, batch.pixels)
    aims = [SetTarget(one["labels"] - 1, batch.padded_like(one["masks"])) for one in targets()]
    whole = model.set_losses(prediction, aims)["cross_entropy"]

    def part(rows: slice) -> torch.Tensor:
        layers = [QueryLayer(layer.classes[rows], layer.masks[rows]) for layer in prediction.trained]
        return model.set_losses(QueryPrediction(layers[0], layers), aims[rows])["cross_entropy"]

    # Three objects on two images here, none there: seven queries each, of weight 0.1 without an object.
    first, second = slice(0, 2), slice(2, 3)
    weights = {first.stop: 3 + 11 * 0.1, second.stop: 7 * 0.1}
    alone = (part(first) * weights[2] + part(second) * weights[3]) / sum(weights.values())
    assert alone.item() == pytest.approx(whole.item(), rel=1e-5)
    mean = torch.tensor(sum(weights.values()) / 2)
    monkeypatch.setattr(query_model, "mean_over_processes", lambda *_: mean)
    together = (part(first) + part(second)) / 2
    assert together.item() == pytest.approx(whole.item(), rel=1e-5)
    monkeypatch.undo()
    assert ((part(first) + part(second)) / 2).item() != pytest.approx(whole.item(), rel=1e-3)


def test_losses_grow_with_the_weights_that_are_options() -> None:
    batch = small_model().batch(images()[:1])
    aims = [SetTarget(torch.tensor([0]), batch.padded_like(targets()[0]["masks"][:1]))]
    found = {}
    for weight in (0.0, 2.0):
        model = small_model(mask_weight=weight).eval()
        torch.manual_seed(2)
        found[weight] = model.set_losses(model.predict(model.network, batch.pixels), aims)
    assert found[0.0]["mask"] == 0
    assert found[2.0]["mask"] > 0


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a host was contacted"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    small_model()(images(), targets())


def test_an_image_larger_than_a_fixed_side_is_refused() -> None:
    model = small_model()
    model.side = 64
    assert model.padded_size((50, 64)) == (64, 64)
    with pytest.raises(UsageError, match="65 × 10 pixels; the network takes at most 64"):
        model.padded_size((65, 10))
