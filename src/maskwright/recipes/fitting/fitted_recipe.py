"""The recipe that fits a data set, a machine and a time: every choice of this room put together."""

from dataclasses import dataclass

from maskwright.recipes.fitting.classes import ClassChoice
from maskwright.recipes.fitting.draft import Draft
from maskwright.recipes.fitting.figures import DataFigures, Machine, StepCost
from maskwright.recipes.fitting.models import ModelChoice
from maskwright.recipes.fitting.schedules import PartSizes, TimePlan, choose_batch, choose_warmup, plan_time
from maskwright.recipes.fitting.sizes import choose_anchors, choose_size

# Above this ratio of the most to the least frequent class, images of rare classes are drawn more often. An
# epoch stays as long as it was planned, which repeat_factor would change.
_UNEVEN = 10


@dataclass(frozen=True)
class Fit:
    """The fitted recipe as a ``draft`` that lacks its data, with the ``plan`` of its time."""

    draft: Draft
    plan: TimePlan


def first_draft(name: str, seed: int, data: DataFigures, classes: ClassChoice, model: ModelChoice, gpu: bool) -> Draft:
    """Return the recipe up to its time: classes, model, size, loss, augmentation and optimiser.

    It has one epoch, so that it can be validated and tried.
    """
    size = choose_size(data, model.task, gpu)
    draft = Draft()
    draft.put("name", name)
    draft.put("seed", seed)
    draft.put("task", model.task, model.reasons.get("task"))
    draft.put("data", {})
    draft.put("classes", classes.names, classes.reason)
    draft.put("model.name", model.name, model.reasons.get("model.name"))
    draft.put("model.weights", model.weights, model.reasons.get("model.weights"))
    if model.options or model.anchors:
        draft.put("model.options", dict(model.options))
    _put_size(draft, data, model, size.size, size.reason)
    if model.loss:
        draft.put("loss", {"name": "dice_ce"}, "the Dice part counts small classes as much as large ones")
    draft.put("augment", {"horizontal_flip": 0.5, "brightness": 0.2, "contrast": 0.2, "saturation": 0.2}, _AUGMENT)
    draft.put("train.epochs", 1)
    draft.put("train.batch_size", 2)
    rate = "as the shipped recipes that start from such weights; warm-up over a tenth of the steps"
    draft.put("train.optimizer", dict(model.optimizer), rate)
    draft.put("train.schedule", {"name": "cosine"})
    if model.task == "instance" or model.weights != "none":
        draft.put("train.clip_norm", 5)
    _put_sampling(draft, classes)
    if gpu:
        draft.put("train.workers", 4, "processes that read images while the GPU computes")
    else:
        said = "a thread for each core that other programs leave free when the run begins; a number repeats every digit"
        draft.put("train.threads", "free", said)
    return draft


_AUGMENT = "mirrored images and changed light; turn off what your images must not have"

# A network that learns all from few images knows them by heart when it has seen each so often.
_OFTEN = 80
_STRONGER = {
    "horizontal_flip": 0.5, "rotation": 15, "brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1,
}  # fmt: skip


def fit_time(
    draft: Draft,
    data: DataFigures,
    model: ModelChoice,
    machine: Machine,
    cost: StepCost,
    parts: PartSizes,
    minutes: float,
) -> Fit:
    """Return the ``draft`` with the batch, the epochs and, if need be, the smaller size that fit into ``minutes``."""
    size = draft.content["model"]["input"]["size"]
    batch, why = choose_batch(model.task, machine, cost, parts.train)
    plan = plan_time(minutes, parts, batch, size, cost, model.weights == "none")
    if plan.size != size:
        said = draft.reasons["model.input"].partition(";")[0]
        _put_size(draft, data, model, plan.size, f"{said}; for the time, see epochs, {plan.size} instead of {size}")
    draft.put("train.epochs", plan.epochs, plan.reason)
    draft.put("train.batch_size", batch, why)
    draft.put("train.schedule", {"name": "cosine", "warmup_steps": choose_warmup(plan.steps)})
    draft.put("train.validate_every", plan.validate_every)
    if model.task == "semantic" and model.weights == "none" and plan.epochs >= _OFTEN:
        said = f"each image is seen {plan.epochs} times, so it is turned and coloured otherwise each time; "
        draft.put("augment", dict(_STRONGER), said + _AUGMENT.partition("; ")[2])
    return Fit(draft, plan)


def _put_size(draft: Draft, data: DataFigures, model: ModelChoice, size: int, reason: str) -> None:
    resize = "short-side" if model.task == "instance" else "square"
    draft.put("model.input", {"resize": resize, "size": size}, reason)
    if model.anchors:
        anchors, why = choose_anchors(data, size)
        draft.put("model.options", {**draft.content["model"]["options"], "anchor_sizes": anchors}, f"anchors: {why}")


def _put_sampling(draft: Draft, classes: ClassChoice) -> None:
    counts = [each.images for each in classes.kept]
    ratio = max(counts) / max(1, min(counts))  # the run refuses a class without an object, which is asked for
    if ratio > _UNEVEN:
        draft.put(
            "train.sampling",
            {"name": "rare_classes"},
            f"the most frequent class is on {ratio:.0f} times as many images as the rarest; images of rare classes are "
            "drawn more often, others less",
        )
