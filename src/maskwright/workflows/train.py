"""The train stage: parts of a training built from a recipe and handed to the loop."""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader

from maskwright.datasets.sampling import SeededSampler
from maskwright.errors import UsageError
from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.recipes.loading import dump
from maskwright.recipes.schema import Recipe
from maskwright.training.average import MovingAverage
from maskwright.training.checkpoint import ModelCard, read_state, save_checkpoint
from maskwright.training.loop import Losses, Scores, Training, train
from maskwright.training.optimisation import build_optimizer, build_schedule
from maskwright.training.trackers import CsvTracker, Metrics, TensorBoardTracker
from maskwright.workflows.evaluate import evaluate_part
from maskwright.workflows.experiment import Experiment, model_options, score_to_compare
from maskwright.workflows.training_data import build_loader

LAST = "checkpoints/last"


def train_stage(experiment: Experiment, model: nn.Module, resume: bool = False) -> None:
    """Train ``model``; with ``resume``, go on from ``checkpoints/last``."""
    recipe, run = experiment.recipe, experiment.run
    fabric = Fabric(accelerator=recipe.train.device, devices=1, precision=recipe.train.precision)
    run.update_card(hardware={**run.card()["hardware"], "device": _device_name(fabric)})
    training = _build_training(experiment, fabric, model.to(memory_format=memory_format_of(recipe)))
    if resume and (state := read_state(run.path / LAST)) is not None:
        training.restore(state)
        run.reporter.say(f"train: goes on after epoch {training.position.epoch}")
    done = training.position.epoch
    training.trackers = [
        CsvTracker(run.path / "metrics.csv", done),
        TensorBoardTracker(run.path / "tensorboard", done),
        EpochLines(experiment),
    ]
    try:
        position = train(training, recipe.train.epochs)
    finally:
        for tracker in training.trackers:
            tracker.close()
    run.update_card(best={"epoch": position.best_epoch, "score": training.best_by, "value": position.best})


def require_resume(path: Path, resume: bool) -> None:
    """Raise ``UsageError`` when ``path`` holds an interrupted training that a new start would throw away."""
    if resume or (state := read_state(path / LAST)) is None:
        return
    raise UsageError(
        f"{path}: holds a training that was interrupted after epoch {state['position']['epoch']}; expected --resume, "
        "which goes on from there. To start over, choose another folder with --out."
    )


def _build_training(experiment: Experiment, fabric: Fabric, model: nn.Module) -> Training:
    recipe = experiment.recipe
    optimizer = build_optimizer(
        recipe.train.optimizer.name, model.parameters(), **recipe.train.optimizer.model_dump(exclude={"name"})
    )
    loader, sampler = build_loader(experiment)
    prepared_model, prepared_optimizer = fabric.setup(model, optimizer)
    losses = semantic_losses if recipe.task == "semantic" else instance_losses
    return Training(
        fabric=fabric,
        model=prepared_model,
        optimizer=prepared_optimizer,
        schedule=build_schedule(
            recipe.train.schedule.name,
            optimizer,
            total_steps=recipe.train.epochs * len(loader),
            warmup_steps=recipe.train.schedule.warmup_steps,
            power=recipe.train.schedule.power,
        ),
        epochs=functools.partial(_batches, experiment, loader, sampler),
        losses=functools.partial(losses, experiment, fabric),
        validate=functools.partial(_validate, experiment),
        save=functools.partial(_save, experiment),
        trackers=[],
        seed=recipe.seed,
        best_by=score_to_compare(recipe),
        validate_every=recipe.train.validate_every,
        checkpoint_every=recipe.train.checkpoint_every,
        clip_norm=recipe.train.clip_norm,
        average=MovingAverage(prepared_model, recipe.train.ema) if recipe.train.ema else None,
    )


def seed_everything(seed: int) -> None:
    """Seed what initial weights are drawn from."""
    torch.manual_seed(seed)


def memory_format_of(recipe: Recipe) -> torch.memory_format:
    """Channels last for semantic models if the recipe says so; detection models take lists of images."""
    wanted = recipe.task == "semantic" and recipe.train.channels_last
    return torch.channels_last if wanted else torch.contiguous_format


def report_weights(experiment: Experiment, model: nn.Module, coverage: Any) -> None:
    """Say and record what became of the starting weights."""
    recipe, run = experiment.recipe, experiment.run
    if coverage is not None:
        run.reporter.say(str(coverage))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    run.update_card(
        model={"name": recipe.model.name, "parameters": parameters},
        weights=coverage.to_json() if coverage is not None else None,
    )


class EpochLines:
    """A tracker that says one line an epoch."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment

    def record(self, epoch: int, metrics: Metrics) -> None:
        """``epoch 3/10: loss 0.41, mIoU 0.71 (12 s)``."""
        recipe = self.experiment.recipe
        shown = [f"loss {metrics['train/loss']:.4f}"]
        for name in (score_to_compare(recipe), *(("segm_AP50", "bbox_AP") if recipe.task == "instance" else ())):
            value = metrics.get(f"validation/{name}")
            if value is not None:
                shown.append(f"{name} {value:.4f}")
        self.experiment.run.reporter.say(
            f"epoch {epoch}/{recipe.train.epochs}: {', '.join(shown)} ({metrics['seconds']:.0f} s)"
        )

    def close(self) -> None:
        """Nothing is pending."""


def semantic_losses(experiment: Experiment, fabric: Fabric, model: nn.Module, batch: Any) -> Losses:
    """Cross-entropy of the logits, and of the auxiliary head where the model has one."""
    images, labels = fabric.to_device(batch)
    ignore_index, loss = experiment.prepared.table.ignore_index, experiment.recipe.loss
    output = model(images.contiguous(memory_format=memory_format_of(experiment.recipe)))
    losses = {"cross_entropy": cross_entropy(output["logits"].float(), labels, ignore_index)}
    if "auxiliary" in output and loss.auxiliary:
        losses["auxiliary"] = loss.auxiliary * cross_entropy(output["auxiliary"].float(), labels, ignore_index)
    return losses


def instance_losses(experiment: Experiment, fabric: Fabric, model: nn.Module, batch: Any) -> Losses:
    """Mask R-CNN's own losses, by torchvision's names without ``loss_``."""
    images, targets = fabric.to_device(batch)
    return {key.removeprefix("loss_"): value for key, value in model(images, targets).items()}


def _batches(experiment: Experiment, loader: DataLoader[Any], sampler: SeededSampler, epoch: int) -> Iterable[Any]:
    sampler.set_epoch(epoch)
    what = f"epoch {epoch}/{experiment.recipe.train.epochs}"
    return experiment.run.reporter.track(loader, what, len(loader))


def _validate(experiment: Experiment, model: nn.Module) -> Scores:
    scores = evaluate_part(experiment, model, "validation", save=None)
    return _flat(scores)


def _flat(scores: dict[str, Any]) -> Scores:
    """The scores of an evaluation as one level of names for the trackers."""
    flat: Scores = {key: value for key, value in scores.items() if isinstance(value, float) or value is None}
    for kind in ("segm", "bbox"):
        flat |= {f"{kind}_{key}": value for key, value in scores.get(kind, {}).items()}
    if "segm" not in scores:
        flat |= {f"IoU/{name}": row["IoU"] for name, row in scores["classes"].items()}
    return flat


def _save(experiment: Experiment, names: Sequence[str], training: Training) -> None:
    recipe = experiment.recipe
    card = ModelCard(
        name=recipe.model.name,
        task=recipe.task,
        options=model_options(recipe),
        classes=experiment.prepared.table.to_json(),
        input=recipe.model.input.model_dump(),
        epoch=training.position.epoch,
        scores=training.scores,
        recipe=dump(recipe),
    )
    folder: Path = experiment.run.path / "checkpoints"
    for name in names:
        save_checkpoint(folder / name, card, training.weights(), training.state())


def _device_name(fabric: Fabric) -> str:
    return torch.cuda.get_device_name(fabric.device) if fabric.device.type == "cuda" else fabric.device.type
