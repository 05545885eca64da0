"""What an instance training reads: images and masks at the resolution at which the model sees them."""

from typing import cast

from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.instance import InstanceDataset, InstanceSample
from maskwright.images.resize import InputSize
from maskwright.runs.context import Experiment, model_options


def instance_dataset(experiment: Experiment) -> InstanceDataset:
    """The training images of the recipe with their objects, resized, jittered and augmented as it says."""
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
        # Not averaged when shrinking, as the model does not either when it resizes at prediction.
        RandomScale(size, recipe.augment.scale or (1.0, 1.0), antialias=False),
        recipe.augment.copy_paste,
    )
