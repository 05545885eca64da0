"""The validation loss: the training's losses of the validation images, without any random change of them.

It leaves the training as it is, bit for bit: the networks' statistics and the random numbers do not change.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils.data import default_collate

from maskwright.annotations.objects import ImageObjects
from maskwright.datasets.augmentation import RandomScale, build_augmentation, resize_nearest
from maskwright.datasets.instance import InstanceDataset, collate_for, to_detection_input
from maskwright.datasets.semantic import SemanticDataset, to_model_input
from maskwright.masks.file_names import mask_file
from maskwright.masks.png import read_label_map
from maskwright.models.semantic import SemanticOutput
from maskwright.prediction.resizing import resize_antialiased
from maskwright.runs.context import input_size
from maskwright.runs.experiment import Experiment
from maskwright.runs.instance_data import instance_dataset
from maskwright.runs.mask_statistics import semantic_samples
from maskwright.runs.metrics.mean_losses import MeanLosses
from maskwright.runs.metrics.sample import affordable_images, fixed_sample
from maskwright.runs.pictures.panels import preserving_training_state
from maskwright.training.interruption import StopRequest
from maskwright.training.processes import ProcessGroup
from maskwright.training.state import Losses

_PART = "validation"


class ValidationLoss(Protocol):
    """What computes the validation loss of a network. ``images`` is the number of images of all processes."""

    images: int

    def watch(self, images: Sequence[ImageObjects], output: Any) -> None:
        """Take the ``output`` of the network for ``images``, as the validation predicts them."""

    def finish(self, module: nn.Module) -> MeanLosses:
        """Return the losses of ``module`` on the images of this process, and begin anew."""
        ...


class SemanticValidationLoss:
    """The losses of a semantic network, from the outputs with which the validation predicts.

    ``of_output`` returns the losses of an output and its labels ``(B, H, W)`` int64. Label maps are resized to the size
    at which the network sees an image, as for training, and each image counts as a batch of its own.
    """

    def __init__(self, experiment: Experiment, of_output: Callable[[SemanticOutput, torch.Tensor], Losses]) -> None:
        self._folder, self._of_output = experiment.masks_folder(_PART), of_output
        self._losses = MeanLosses()
        self.images = len(experiment.prepared.parts[_PART].selection.images)

    def watch(self, images: Sequence[ImageObjects], output: SemanticOutput) -> None:
        """Add the losses of the ``output`` for ``images``."""
        logits = output["logits"]
        for row, objects in enumerate(images):
            labels = read_label_map(self._folder / mask_file(objects.image.file_name)).astype(np.int32)
            resized = resize_nearest(torch.from_numpy(labels), list(logits.shape[-2:]))
            resized = resized.to(logits.device, non_blocking=True).long()
            alone: Any = {name: value[row : row + 1] for name, value in output.items()}  # type: ignore[reportIndexIssue]
            self._losses.add(self._of_output(alone, resized[None]))

    def finish(self, module: nn.Module) -> MeanLosses:
        """Return the losses of all images since the last call; ``module`` is not needed."""
        found, self._losses = self._losses, MeanLosses()
        return found


class OwnValidationLoss:
    """The losses of a network that computes them itself, on a fixed sample of the validation images.

    ``losses(module, batch)`` are those of the training. Such a network gives losses or results, not both, so that each
    image is seen once more: the sample is as small as :func:`~maskwright.runs.metrics.sample.affordable_images` says.
    Proposals and points are sampled by the same random numbers after every epoch.
    """

    def __init__(
        self,
        experiment: Experiment,
        losses: Callable[[nn.Module, Any], Losses],
        processes: ProcessGroup,
        stop: StopRequest,
    ) -> None:
        recipe, parts = experiment.recipe, experiment.prepared.parts
        self._experiment, self._losses, self._processes, self._stop = experiment, losses, processes, stop
        self._samples = _unchanged_samples(experiment)
        count = affordable_images(recipe, len(parts["train"].selection.images))
        self._chosen = fixed_sample(range(len(self._samples)), count, recipe.seed)
        self.images = len(self._chosen)

    def watch(self, images: Sequence[ImageObjects], output: Any) -> None:
        """Do nothing: what is predicted has no loss."""

    def finish(self, module: nn.Module) -> MeanLosses:
        """Return the losses of ``module`` on the sample's images of this process."""
        found, reporter = MeanLosses(), self._experiment.run.reporter
        share, device = self._processes.shard(self._chosen), self._processes.device
        with giving_losses(module, device):
            for number in self._stop.until(reporter.track(share, "validation loss")):
                torch.manual_seed(number)
                found.add(self._losses(module, self._batch(number, device)))
        return found

    def _batch(self, number: int, device: torch.device) -> Any:
        """Return the sample ``number`` as a batch on ``device``."""
        sample: Any = self._samples[number, 0]
        if self._experiment.recipe.task == "instance":
            return to_detection_input(collate_for(device)([sample]), device)
        return to_model_input(default_collate([sample]), device)


def _unchanged_samples(experiment: Experiment) -> InstanceDataset | SemanticDataset:
    """Return the validation images with their objects or labels, as the model sees them and without random changes."""
    recipe, prepared = experiment.recipe, experiment.prepared
    if recipe.task == "instance":
        return instance_dataset(experiment, _PART, augmented=False)
    size = input_size(recipe.model.name, recipe.model.options, recipe.model.input)
    resizing = RandomScale(size, resize_antialiased)
    return SemanticDataset(
        semantic_samples(experiment, prepared.parts[_PART]),
        build_augmentation(mask_fill=prepared.table.ignore_index, resizing=resizing),  # which fills nothing
    )


@contextmanager
def giving_losses(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Let a network that computes its losses do so as in training; modes and random state come back afterwards.

    The backbone, or the parts of a network of queries, stay in evaluation mode, as do BatchNorm and dropout: no
    statistics are updated and nothing is dropped.
    """
    with preserving_training_state(module, device):
        module.train()
        for part in module.modules():
            if isinstance(part, _BatchNorm | _DropoutNd):
                part.eval()
        inner: Any = module.network if hasattr(module, "network") else module.backbone
        inner.eval()
        # A network of queries predicts by all of its layers in training; its parts are modules of their own.
        inner.training = hasattr(module, "network")
        yield
