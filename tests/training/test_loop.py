"""The loop equals one written by hand; best checkpoints, resuming and losses that are not finite."""

import signal
import time
from collections.abc import Sequence

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from maskwright.errors import MaskwrightError
from maskwright.training.ema import MovingAverage
from maskwright.training.interruption import Interrupted
from maskwright.training.loop import fit
from maskwright.training.optimisation import build_optimizer, build_schedule
from maskwright.training.save_clock import SaveClock
from maskwright.training.state import Scores, Training

STEPS, EPOCHS = 4, 3


def make_model() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.SiLU(), nn.Dropout(0.2), nn.Conv2d(4, 2, 3))


def batches(epoch: int, first_batch: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(100 + epoch)
    return [
        (torch.rand(2, 3, 9, 9, generator=generator), torch.rand(2, 2, 5, 5, generator=generator)) for _ in range(STEPS)
    ][first_batch:]


def losses(model: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
    error = model(batch[0]) - batch[1]
    return {"squared": error.square().mean(), "absolute": error.abs().mean()}


class Recorder:
    """A tracker that keeps everything in memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict]] = []

    def record(self, epoch, metrics) -> None:
        self.rows.append((epoch, dict(metrics)))

    def show(self, epoch, pictures) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing is pending."""


def make_training(scores: Sequence[float | None] = (), average: float = 0.0, **options) -> tuple[Training, list]:
    model = make_model()
    fabric = Fabric(accelerator="cpu", devices=1)
    optimizer = build_optimizer("adamw", model.parameters(), lr=1e-2, weight_decay=1e-2, momentum=0.9)
    wrapped, wrapped_optimizer = fabric.setup(model, optimizer)
    values = iter(scores)
    saved: list[tuple[tuple[str, ...], dict, dict]] = []

    def validate(_: nn.Module) -> Scores:
        return {"score": next(values, 0.5)}

    def save(names: Sequence[str], training: Training) -> None:
        weights = {key: value.clone() for key, value in training.weights().items()}
        state = torch.utils._pytree.tree_map(
            lambda leaf: leaf.clone() if isinstance(leaf, torch.Tensor) else leaf, training.state()
        )
        saved.append((tuple(names), weights, state))

    training = Training(
        fabric=fabric,
        model=wrapped,
        optimizer=wrapped_optimizer,
        schedule=build_schedule("cosine", optimizer, total_steps=STEPS * EPOCHS, warmup_steps=2),
        epochs=batches,
        batches_per_epoch=STEPS,
        losses=losses,
        validate=validate,
        save=save,
        trackers=[Recorder()],
        seed=7,
        best_by="score",
        average=MovingAverage(wrapped, average) if average else None,
        **options,
    )
    return training, saved


def assert_same(one, other) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_weights_equal_those_of_a_bare_pytorch_loop() -> None:
    training, saved = make_training(clip_norm=0.5)
    fit(training, EPOCHS)

    model = make_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=1e-2)
    schedule = build_schedule("cosine", optimizer, total_steps=STEPS * EPOCHS, warmup_steps=2)
    for epoch in range(1, EPOCHS + 1):
        torch.manual_seed(7 * 1_000_003 + epoch)
        model.train()
        for images, targets in batches(epoch):
            error = model(images) - targets
            optimizer.zero_grad()
            (error.square().mean() + error.abs().mean()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()
    assert_same(dict(model.state_dict()), saved[-1][1])


def test_two_trainings_of_one_seed_end_with_the_same_bits() -> None:
    results = []
    for _ in range(2):
        training, saved = make_training(average=0.9)
        fit(training, EPOCHS)
        results.append(saved[-1][1])
    assert_same(*results)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_resuming_after_any_step_equals_never_having_stopped(accumulate: int) -> None:
    whole, saved_whole = make_training(average=0.9, clock=SaveClock(steps=1), accumulate=accumulate)
    rows = run_to_the_end(whole)
    states = [state for _, _, state in saved_whole]
    assert len(states) == -(-STEPS // accumulate) * EPOCHS + EPOCHS
    for state in states[:-1]:
        second, saved_second = make_training(average=0.9, clock=SaveClock(steps=1), accumulate=accumulate)
        second.restore(state)
        assert run_to_the_end(second) == rows[state["position"]["epoch"] :]
        assert_same(saved_whole[-1][1], saved_second[-1][1])
        assert_same(saved_whole[-1][2]["model"], saved_second[-1][2]["model"])


def run_to_the_end(training: Training) -> list[tuple[int, dict]]:
    """The metrics of each epoch, without the time it took."""
    fit(training, EPOCHS)
    (recorder,) = training.trackers
    assert isinstance(recorder, Recorder)
    return [(epoch, {k: v for k, v in metrics.items() if k != "seconds"}) for epoch, metrics in recorder.rows]


def test_gradients_of_accumulated_batches_are_those_of_one_large_batch() -> None:
    training, saved = make_training(accumulate=STEPS)
    fit(training, 1)
    model = make_model().train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=1e-2)
    build_schedule("cosine", optimizer, total_steps=STEPS * EPOCHS, warmup_steps=2)
    torch.manual_seed(7 * 1_000_003 + 1)
    for images, targets in batches(1):
        error = model(images) - targets
        ((error.square().mean() + error.abs().mean()) / STEPS).backward()
    optimizer.step()
    assert_same(dict(model.state_dict()), saved[-1][1])


def ask(training: Training, now: bool) -> None:
    training.stop.number = signal.SIGTERM if now else training.stop.number


def test_a_stop_within_an_epoch_saves_the_state_and_says_where() -> None:
    whole, saved_whole = make_training()
    fit(whole, EPOCHS)
    first, saved_first = make_training()
    calls = iter(range(100))
    first.losses = lambda model, batch: (ask(first, next(calls) == STEPS + 1), losses(model, batch))[1]
    with pytest.raises(Interrupted, match=r"in epoch 2, after batch 2 of") as caught:
        fit(first, EPOCHS)
    assert caught.value.exit_code == 143
    second, saved_second = make_training()
    second.restore(saved_first[-1][2])
    fit(second, EPOCHS)
    assert_same(saved_whole[-1][1], saved_second[-1][1])


def test_a_stop_during_validation_saves_the_state_and_validates_again() -> None:
    first, saved = make_training(average=0.9)
    first.validate = lambda _: (ask(first, True), {"score": 1.0})[1]
    with pytest.raises(Interrupted, match="before the validation of epoch 1"):
        fit(first, EPOCHS)
    assert saved[-1][2]["position"] == {"epoch": 0, "batch": STEPS, "best": None, "best_epoch": 0}
    second, resumed = make_training(average=0.9)
    second.restore(saved[-1][2])
    whole, saved_whole = make_training(average=0.9)
    assert run_to_the_end(second) == run_to_the_end(whole)
    assert_same(saved_whole[-1][1], resumed[-1][1])


def test_patience_ends_the_training_after_epochs_without_a_better_score() -> None:
    training, _ = make_training(scores=[0.5, 0.7, 0.6, 0.6, 0.9], patience=2)
    assert fit(training, 5).epoch == 4


@pytest.mark.parametrize("stop", [1, 2])
def test_resuming_at_an_epoch_equals_never_having_stopped(stop: int) -> None:
    whole, saved_whole = make_training(average=0.9)
    fit(whole, EPOCHS)
    first, saved_first = make_training(average=0.9)
    fit(first, stop)
    second, saved_second = make_training(average=0.9)
    second.restore(saved_first[-1][2])
    fit(second, EPOCHS)
    assert_same(saved_whole[-1][1], saved_second[-1][1])
    assert_same(saved_whole[-1][2]["model"], saved_second[-1][2]["model"])


def test_the_loss_parts_add_up_to_the_loss() -> None:
    training, _ = make_training()
    fit(training, 1)
    row = training.trackers[0].rows[0][1]  # type: ignore[attr-defined]
    assert row["train/loss"] == pytest.approx(row["train/squared"] + row["train/absolute"], rel=1e-6)


@pytest.mark.parametrize(
    ("scores", "best_epoch"),
    [([0.1, 0.3, 0.2], 2), ([None, None, 0.2], 3), ([None, None, None], 1), ([0.2, 0.2, 0.2], 1)],
)
def test_the_first_highest_score_is_the_best_epoch(scores: list[float | None], best_epoch: int) -> None:
    training, saved = make_training(scores)
    position = fit(training, EPOCHS)
    assert position.best_epoch == best_epoch
    assert [epoch for epoch, (names, *_) in enumerate(saved, start=1) if "best" in names][-1] == best_epoch


def test_a_loss_that_is_not_finite_stops_before_the_step() -> None:
    training, saved = make_training()
    before = {key: value.clone() for key, value in training.model.state_dict().items() if "num_batches" not in key}
    training.losses = lambda model, batch: {"squared": losses(model, batch)["squared"] * float("nan")}
    with pytest.raises(MaskwrightError, match=r"loss became nan in epoch 1, batch 1.*Lower train.optimizer.lr"):
        fit(training, 1)
    after = training.model.state_dict()
    assert all(torch.equal(after[key], before[key]) for key in before if "running" not in key)
    assert saved == []


def test_the_average_is_validated_and_the_own_weights_come_back() -> None:
    training, _ = make_training(average=0.9)
    seen = []

    def validate(model: nn.Module) -> Scores:
        seen.append({key: value.clone() for key, value in model.state_dict().items()})
        return {"score": 0.5}

    training.validate = validate
    fit(training, 1)
    assert training.average is not None
    assert_same(seen[0], training.average.state)
    assert not torch.equal(training.model.state_dict()["0.weight"], seen[0]["0.weight"])


def test_training_images_are_measured_with_each_validation_by_the_same_weights() -> None:
    training, saved = make_training(scores=[0.1, 0.2, 0.3], average=0.9, validate_every=2)
    seen = []

    def measure(model: nn.Module) -> Scores:
        assert not model.training
        seen.append({key: value.clone() for key, value in model.state_dict().items()})
        return {"score": 0.9}

    training.measure = measure
    fit(training, EPOCHS)
    rows = training.trackers[0].rows  # type: ignore[attr-defined]
    assert [metrics.get("train/score") for _, metrics in rows] == [None, 0.9, 0.9]
    assert [metrics.get("validation/score") for _, metrics in rows] == [None, 0.1, 0.2]
    assert training.scores == {"score": 0.2}  # those of the validation
    assert_same(seen[-1], saved[-1][1])


def test_validation_and_numbered_checkpoints_come_as_often_as_asked() -> None:
    training, saved = make_training(validate_every=2, checkpoint_every=2)
    fit(training, EPOCHS)
    rows = training.trackers[0].rows  # type: ignore[attr-defined]
    assert ["validation/score" in metrics for _, metrics in rows] == [False, True, True]
    assert [names for names, *_ in saved] == [("last",), ("best", "epoch-0002", "last"), ("last",)]


def test_an_error_of_a_checkpoint_written_beside_the_training_ends_it_at_the_next_step() -> None:
    training, _ = make_training(clock=SaveClock(steps=1))
    seen: list[int] = []

    def fail() -> None:
        raise MaskwrightError("disk full")

    def save(names: Sequence[str], of: Training) -> None:
        seen.append(of.position.batch)
        of.writer.submit(fail)
        while of.writer._pending is not None and not of.writer._pending.done():
            pass

    training.save = save
    with pytest.raises(MaskwrightError, match="disk full"):
        fit(training, EPOCHS)
    assert seen == [1]


@pytest.mark.parametrize("asked", [0, signal.SIGTERM])
def test_a_training_ends_and_stops_only_when_its_checkpoints_are_written(asked: int) -> None:
    training, _ = make_training(clock=SaveClock(steps=1))
    written: list[str] = []

    def save(names: Sequence[str], of: Training) -> None:
        of.writer.submit(lambda: (time.sleep(0.05), written.append(str(of.position)))[-1])

    training.save, training.stop.number = save, asked
    if asked:
        with pytest.raises(Interrupted, match="has saved its state"):
            fit(training, 1)
        assert written == ["epoch 0 and 1 batches"]
    else:
        fit(training, 1)
        assert written[-1] == "epoch 1"


@pytest.mark.parametrize("accumulate", [1, 2])
def test_what_changes_with_the_training_is_told_the_steps_done_also_after_resuming(accumulate: int) -> None:
    told: list[int] = []
    training, saved = make_training(accumulate=accumulate, clock=SaveClock(steps=1), advance=told.append)
    fit(training, EPOCHS)
    steps = -(-STEPS // accumulate) * EPOCHS
    assert told == list(range(steps + 1))
    told.clear()
    second, _ = make_training(accumulate=accumulate, advance=told.append)
    second.restore(saved[1][2])
    fit(second, EPOCHS)
    assert told == [0, 2, *range(3, steps + 1)]
