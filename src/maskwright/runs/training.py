"""The train stage of a run: build the parts of a training from the recipe and pass them to the loop."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader

from maskwright.annotations.objects import ImageObjects
from maskwright.datasets.loader_workers import ignore_signals, stop_workers, unwrap_worker_errors
from maskwright.datasets.sampling import SeededSampler
from maskwright.errors import UsageError
from maskwright.model_file import ModelCard, read_card
from maskwright.models.dilated_depthwise import speed_up_dilated
from maskwright.models.encoder import encoder_layers, encoder_parameters
from maskwright.models.normalisation import Normalisation, normalisation_of, normalise
from maskwright.models.weights.materials import starting_materials
from maskwright.parallel.freed_memory import freed_memory_kept
from maskwright.parallel.waiting_threads import threads_give_way
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import MODEL_FILE
from maskwright.runs.context import build_model, model_options, monitored_score, predictor_of
from maskwright.runs.data_check import require_same_data
from maskwright.runs.evaluation import evaluate_part, measure_images
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.instance_data import lines_on_few_queries
from maskwright.runs.leakage import record_training_images
from maskwright.runs.losses import SemanticLosses, batch_losses, memory_format_of
from maskwright.runs.mask_statistics import measure_training_images
from maskwright.runs.metrics.epoch_lines import EpochLines
from maskwright.runs.metrics.flat_scores import flat_baseline, flat_scores
from maskwright.runs.metrics.mean_losses import MeanLosses
from maskwright.runs.metrics.sample import training_sample
from maskwright.runs.metrics.tracking import build_trackers
from maskwright.runs.metrics.validation_loss import OwnValidationLoss, SemanticValidationLoss, ValidationLoss
from maskwright.runs.pictures.panels import validate_with_panels
from maskwright.runs.processes import sync_batch_norm, threads_of, torch_threads
from maskwright.runs.training_data import build_loader
from maskwright.training.checkpoint import read_state, remove_partial_files, save_checkpoint, snapshot
from maskwright.training.device import device_settings, has_fused_optimizers, resolve_precision, without_bfloat16
from maskwright.training.ema import MovingAverage
from maskwright.training.interruption import StopRequest
from maskwright.training.loop import fit
from maskwright.training.optimisation import build_optimizer, build_schedule
from maskwright.training.processes import ProcessGroup
from maskwright.training.save_clock import SaveClock
from maskwright.training.state import Losses, Position, Scores, Training

LAST = "checkpoints/last"
BEST = "best"
# On a GPU, each reading of losses waits until it has done everything it was given; a CPU has nothing to wait for.
_BATCHES_BETWEEN_READINGS = 20


def train_stage(experiment: Experiment, model: nn.Module, fabric: Fabric, resume: bool = False) -> None:
    """Train ``model`` on the devices of ``fabric``; with ``resume``, continue from ``checkpoints/last``.

    Raises ``Interrupted`` after SIGTERM or Ctrl-C, once the state is saved.
    """
    recipe, run = experiment.recipe, experiment.run
    precision = resolve_precision(recipe.train.precision, fabric.device)
    run.update_card(hardware={**run.card()["hardware"], "device": _device_name(fabric), "precision": precision})
    model = sync_batch_norm(model.to(memory_format=memory_format_of(recipe, fabric.device)), fabric)
    training = _build_training(experiment, fabric, model)
    if run.is_main_process:
        run.reporter.warn(lines_on_few_queries(experiment, getattr(model, "queries", None)))
        if precision == "32-true" and recipe.train.precision not in ("auto", precision):
            run.reporter.warn([without_bfloat16(precision, recipe.train.precision)])
        remove_partial_files(run.path / "checkpoints")
        record_training_images(run, experiment.prepared.parts["train"])
    if resume and (state := read_state(run.path / LAST)) is not None:
        training.restore(state)
        keep_normalisation(model, run.path / LAST / MODEL_FILE)
        run.reporter.say(f"train: resumes after {training.position}")
    with (
        torch_threads(threads_of(run)),
        freed_memory_kept(),
        threads_give_way(),
        _trackers(experiment, training),
        training.stop.listening(),
        _device_settings(recipe, fabric),
    ):
        position = fit(training, recipe.train.epochs)
    if position.epoch < recipe.train.epochs:
        run.reporter.say(
            f"train: stopped early after {position}; best {training.best_by} at epoch {position.best_epoch}"
        )
    run.update_card(best={"epoch": position.best_epoch, "score": training.best_by, "value": position.best})


def train_worker(path: Path, fabric: Fabric, resume: bool, reporter: Reporter) -> None:
    """Train the prepared run at ``path`` as one of the processes of ``fabric``.

    Raises ``DataError`` when the data on this machine differ from those that the main process checked.
    """
    first = fabric.is_global_zero
    run = replace(open_run(path, reporter if first else Reporter(quiet=True)), is_main_process=first)
    experiment = Experiment(run)
    if not first:  # the first has checked; another machine may have other files
        require_same_data(run, experiment.prepared)
    seed_everything(run.recipe.seed)
    model, _ = build_model(run.recipe, experiment.prepared.table.names)
    train_stage(experiment, model, fabric, resume)
    torch.distributed.destroy_process_group()


def has_begun(path: Path) -> bool:
    """Return whether the run at ``path`` has the saved state of a training."""
    return read_state(path / LAST) is not None


def require_resume(path: Path, resume: bool) -> None:
    """Raise ``UsageError`` when ``path`` holds an interrupted training and ``resume`` is false."""
    if resume or (state := read_state(path / LAST)) is None:
        return
    raise UsageError(
        f"{path}: holds a training that was interrupted after {Position(**state['position'])}; expected --resume. "
        "Add it to continue, or choose another folder with --out."
    ).try_next(added=["--resume"])


def keep_normalisation(model: nn.Module, file: Path) -> None:
    """Let ``model`` normalise images as the one in the model file ``file`` does, whose training it continues.

    Files of earlier versions hold ImageNet's normalisation, whatever the backbone.
    """
    card = read_card(file)
    if card is not None and normalisation_of(model) is not None:
        normalise(model, Normalisation.from_options(card.options))


def _build_training(experiment: Experiment, fabric: Fabric, model: nn.Module) -> Training:
    recipe = experiment.recipe
    speed_up_dilated(model)
    optimizer = build_recipe_optimizer(recipe, model, fabric.device)
    with fabric.rank_zero_first():  # rank 0 may count the pixels of the masks and cache them for the others
        loader, sampler = build_loader(experiment, ProcessGroup(fabric))
        losses = batch_losses(experiment, fabric)
    compiled = cast(nn.Module, torch.compile(model)) if recipe.train.compile else model
    prepared_model, prepared_optimizer = fabric.setup(compiled, optimizer)
    processes, stop = ProcessGroup(fabric), StopRequest()
    loss = _validation_loss(experiment, losses, processes, stop)
    measured = training_sample(recipe, experiment.prepared.parts["train"].selection.images)
    average = MovingAverage(prepared_model, recipe.train.ema) if recipe.train.ema else None
    total_steps = recipe.train.epochs * math.ceil(len(loader) / recipe.train.accumulate)
    experiment.run.update_card(measured={"train": len(measured), "validation_loss": 0 if loss is None else loss.images})
    return Training(
        fabric=fabric,
        model=prepared_model,
        optimizer=prepared_optimizer,
        schedule=build_schedule(
            optimizer=optimizer,
            total_steps=total_steps,
            head_only_steps=recipe.train.head_only_epochs * math.ceil(len(loader) / recipe.train.accumulate),
            **recipe.train.schedule.model_dump(),
        ),
        epochs=functools.partial(_batches, experiment, loader, sampler),
        batches_per_epoch=len(loader),
        losses=losses,
        validate=functools.partial(_validate, experiment, loss, processes, stop),
        save=functools.partial(_save, experiment),
        trackers=[],
        seed=recipe.seed,
        best_by=monitored_score(recipe),
        validate_every=recipe.train.validate_every,
        checkpoint_every=recipe.train.checkpoint_every,
        accumulate=recipe.train.accumulate,
        patience=recipe.train.patience,
        clip_norm=recipe.train.clip_norm,
        read_every=1 if fabric.device.type == "cpu" else _BATCHES_BETWEEN_READINGS,
        release=functools.partial(stop_workers, loader),
        clock=SaveClock(recipe.train.save_every),
        average=average,
        measure=functools.partial(_measure, experiment, measured, processes, stop) if measured else None,
        advance=functools.partial(_advance, model, average, total_steps),
        stop=stop,
    )


def _advance(model: nn.Module, average: MovingAverage | None, total_steps: int, steps: int) -> None:
    """Anneal ``model``, if it can be, to its state after ``steps`` of ``total_steps``; its ``average`` does not lag."""
    if not hasattr(model, "anneal"):
        return
    model.anneal(steps / total_steps)  # type: ignore[operator]
    if average is not None:
        state = model.state_dict()
        for key in model.annealed:  # type: ignore[union-attr]
            average.state[key].copy_(state[key])


def _validation_loss(
    experiment: Experiment, losses: Callable[[nn.Module, Any], Losses], processes: ProcessGroup, stop: StopRequest
) -> ValidationLoss | None:
    """Return what computes the validation loss by the ``losses`` of the training; None where none is wanted."""
    if not experiment.recipe.train.validation_loss:
        return None
    if isinstance(losses, SemanticLosses):
        return SemanticValidationLoss(experiment, losses.of_output)
    return OwnValidationLoss(experiment, losses, processes, stop)


@contextmanager
def _trackers(experiment: Experiment, training: Training) -> Iterator[None]:
    """Give ``training`` its trackers and panels in the main process, and close the trackers at the end."""
    if experiment.run.is_main_process:
        training.trackers = [*build_trackers(experiment, training.position.epoch), EpochLines(experiment)]
        training.validate = validate_with_panels(experiment, training)
    try:
        yield
    finally:
        for tracker in training.trackers:
            tracker.close()


def build_recipe_optimizer(
    recipe: Recipe, model: nn.Module, device: torch.device | str = "cpu"
) -> torch.optim.Optimizer:
    """Return the optimiser of ``train.optimizer`` for ``device``, with its own rate for the encoder if given one."""
    section, later = recipe.train.optimizer, recipe.train.head_only_epochs > 0
    encoder = []
    if section.encoder_layer_decay != 1:
        encoder = encoder_layers(model)
    elif section.encoder_lr_factor != 1 or later:
        encoder = [encoder_parameters(model)]
    # A fused step scales 16-bit gradients back by itself, and then nothing can clip them before.
    clips_scaled = recipe.train.precision == "16-mixed" and recipe.train.clip_norm is not None
    return build_optimizer(
        parameters=model.parameters(),
        encoder=encoder,
        encoder_apart=later,
        fused=has_fused_optimizers(torch.device(device)) and not clips_scaled,
        **section.model_dump(),
    )


def seed_everything(seed: int) -> None:
    """Seed torch's random numbers, which initial weights are drawn from."""
    torch.manual_seed(seed)


def report_weights(experiment: Experiment, model: nn.Module, coverage: Any) -> None:
    """Report ``coverage``, the report on the starting weights; write it, the model and its materials to the card."""
    recipe, run = experiment.recipe, experiment.run
    if coverage is not None:
        run.reporter.say(str(coverage))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    run.update_card(
        model={"name": recipe.model.name, "parameters": parameters},
        weights=coverage.to_json() if coverage is not None else None,
        licences=[
            *starting_materials(recipe.model.name, recipe.model.weights),
            *(part.material for name, part in experiment.prepared.parts.items() if name != "test"),
        ],
    )


def _batches(
    experiment: Experiment, loader: DataLoader[Any], sampler: SeededSampler, epoch: int, first_batch: int
) -> Iterable[Any]:
    train = experiment.recipe.train
    sampler.set_epoch(epoch, first_batch * train.batch_size)
    with ignore_signals():
        batches = unwrap_worker_errors(iter(loader))
    if train.workers:
        # Without loader processes, iter() draws a random number; with them the training must draw the same numbers.
        torch.empty((), dtype=torch.int64).random_()
    return experiment.run.reporter.track(batches, f"epoch {epoch}/{train.epochs}", len(loader) - first_batch)


def _validate(
    experiment: Experiment, loss: ValidationLoss | None, processes: ProcessGroup, stop: StopRequest, module: nn.Module
) -> Scores:
    """Return the validation scores and, with ``loss``, the validation losses; empty but in the main process."""
    watch = None if loss is None else loss.watch
    scores = evaluate_part(
        experiment, predictor_of(experiment, module), "validation", None, processes, stop, watch=watch
    )
    losses = [] if loss is None else processes.gather(loss.finish(module).on_cpu())
    if not processes.is_main:
        return {}
    return {**MeanLosses.merged(losses).means(), **flat_scores(scores), **flat_baseline(scores)}


def _measure(
    experiment: Experiment,
    images: Sequence[ImageObjects],
    processes: ProcessGroup,
    stop: StopRequest,
    module: nn.Module,
) -> Scores:
    """Return the scores on the training ``images``; empty but in the main process."""
    scores = measure_images(experiment, predictor_of(experiment, module), "train", images, processes, stop)
    return flat_scores(scores) if processes.is_main else {}


def _save(experiment: Experiment, names: Sequence[str], training: Training) -> None:
    """Copy the state to the host, and write it as the checkpoints ``names`` beside the training, ``last`` last."""
    recipe, state = experiment.recipe, training.state()
    if not experiment.run.is_main_process:
        return
    normalisation = normalisation_of(training.model)
    card = ModelCard(
        name=recipe.model.name,
        task=recipe.task,
        options=model_options(recipe) | (normalisation.to_options() if normalisation else {}),
        classes=experiment.prepared.table.to_json(),
        input=recipe.model.input.model_dump(),
        epoch=training.position.epoch,
        scores=dict(training.scores),
        recipe=dump(recipe),
        training_images=measure_training_images(experiment.prepared.parts["train"].selection.images),
    )
    materials = experiment.run.card().get("licences", [])
    weights = training.weights() if training.average is not None else state["model"]
    weights, state = snapshot((weights, state))
    if training.average is None:
        state["model"] = None  # the model file beside the state has the same weights

    def write() -> None:
        for name in names:
            # Nothing goes on from the best model but other trainings, which take its weights alone.
            kept = None if name == BEST else state
            save_checkpoint(experiment.run.path / "checkpoints" / name, card, weights, kept, materials)

    training.writer.submit(write)


def _device_settings(recipe: Recipe, fabric: Fabric) -> AbstractContextManager[None]:
    """Return the context with torch's settings for the recipe's training on the device of ``fabric``."""
    size, augment = recipe.model.input, recipe.augment
    same = augment.crop is not None or (size.resize == "square" and augment.scale is None)
    return device_settings(
        fabric.device,
        matmul_precision=recipe.train.matmul_precision,
        fixed_size=recipe.task != "instance" and same,
        deterministic=recipe.train.deterministic,
    )


def _device_name(fabric: Fabric) -> str:
    name = torch.cuda.get_device_name(fabric.device) if fabric.device.type == "cuda" else fabric.device.type
    return name if fabric.world_size == 1 else f"{fabric.world_size} × {name}"
