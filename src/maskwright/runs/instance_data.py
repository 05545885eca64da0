"""The training set of an instance model: images and masks at the model's input resolution."""

from typing import cast

import numpy as np
import numpy.typing as npt

from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.instance import InstanceDataset, InstanceSample
from maskwright.images.resize import InputSize
from maskwright.runs.context import Experiment, model_options


def instance_dataset(experiment: Experiment, paste_weights: npt.NDArray[np.float64] | None = None) -> InstanceDataset:
    """Return the recipe's training images with their objects, resized, scaled and augmented as it says.

    ``paste_weights`` ``(N,)`` are those of the images as sources of copy-paste; None draws all equally often.
    """
    recipe, part = experiment.recipe, experiment.prepared.parts["train"]
    options = model_options(recipe)
    size = InputSize(False, cast(int, options["short_side"]), 1, cast(int, options["longest"]))
    samples = [
        InstanceSample(part.path_of(objects), objects.instances(), tuple(objects.outlines))
        for objects in part.selection.images
    ]
    return InstanceDataset(
        samples,
        build_augmentation(mask_fill=0, input_size=None, **recipe.augment.model_dump(exclude={"copy_paste", "scale"})),
        # Without antialiasing when shrinking, as the model resizes at prediction.
        RandomScale(size, recipe.augment.scale or (1.0, 1.0), antialias=False),
        recipe.augment.copy_paste,
        paste_weights,
    )
