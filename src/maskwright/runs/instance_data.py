"""The samples of an instance model for its losses: images and masks at the model's input resolution."""

from functools import partial

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.device_augmentation import ColorChange, DeviceAugmentation
from maskwright.datasets.device_flips import RandomFlips
from maskwright.datasets.instance import InstanceDataset, InstanceSample
from maskwright.prediction.resizing import resize_antialiased
from maskwright.recipes.schema import Recipe
from maskwright.recipes.training import Augment
from maskwright.runs.context import input_size
from maskwright.runs.experiment import Experiment
from maskwright.structures import ClassTable

_COLORS = ("brightness", "contrast", "saturation", "hue")
_FLIPS = ("horizontal_flip", "vertical_flip")


def done_on_device(recipe: Recipe) -> tuple[str, ...]:
    """Return the keys of ``augment`` that are done on the device, not in the data set.

    With copy-paste, flips stay in the data set, which flips the two images of a sample each by its own draw.
    """
    if recipe.train.augment_on == "workers":
        return ()
    return _COLORS if recipe.augment.copy_paste else (*_FLIPS, *_COLORS)


def device_augmentation(recipe: Recipe) -> DeviceAugmentation | None:
    """Return what the recipe's ``augment`` does on the device; None for nothing."""
    values = {key: getattr(recipe.augment, key) for key in done_on_device(recipe)}
    flips = [values.get(key, 0.0) for key in _FLIPS]
    colors = {key: values.get(key, 0.0) for key in _COLORS}
    if not any(values.values()):
        return None
    return DeviceAugmentation(
        RandomFlips(*flips) if any(flips) else None, ColorChange(**colors) if any(colors.values()) else None
    )


def instance_dataset(
    experiment: Experiment,
    name: str = "train",
    augmented: bool = True,
    paste_weights: npt.NDArray[np.float64] | None = None,
) -> InstanceDataset:
    """Return the images of the part ``name`` with their objects, at the size at which the model is trained on them.

    They are scaled and augmented as the recipe says, or with ``augmented`` false not changed at random.
    ``paste_weights`` ``(N,)`` are those of the images as sources of copy-paste; None draws all equally often.
    """
    recipe, part = experiment.recipe, experiment.prepared.parts[name]
    augment = recipe.augment if augmented else Augment()
    size = input_size(recipe.model.name, recipe.model.options, recipe.model.input)
    samples = [
        InstanceSample(part.path_of(objects), objects.instances(), tuple(objects.outlines))
        for objects in part.selection.images
    ]
    return InstanceDataset(
        samples,
        build_augmentation(mask_fill=0, **augment.model_dump(exclude={"copy_paste", "scale", *done_on_device(recipe)})),
        RandomScale(size, partial(resize_antialiased, rule=size.rule), augment.scale or (1.0, 1.0)),
        augment.copy_paste,
        paste_weights,
    )


def lines_on_few_queries(experiment: Experiment, queries: int | None) -> list[str]:
    """Return a warning when a training image has more objects than the ``queries`` of the model; None has no limit.

    Of a panoptic recipe, all objects of a stuff class are one.
    """
    images = experiment.prepared.parts["train"].selection.images
    counts = [objects_to_find(objects, experiment.prepared.table) for objects in images]
    if queries is None or experiment.recipe.task == "semantic" or max(counts) <= queries:
        return []
    densest = images[counts.index(max(counts))].image.file_name
    return [
        f"{densest} has {max(counts)} objects, and {sum(count > queries for count in counts)} images have more than "
        f"the {queries} queries of the model, of which each finds one. Set model.options.queries={max(counts)} or more."
    ]


def objects_to_find(objects: ImageObjects, table: ClassTable) -> int:
    """Return how many queries an image needs: one for each thing but crowd regions, one for each stuff class."""
    stuff = {c.index for c in table if c.stuff}
    found = list(zip(objects.labels, objects.crowd, strict=True))
    return sum(label not in stuff and not crowd for label, crowd in found) + len({k for k, _ in found if k in stuff})
