"""The training data loader: data set, seeded sampling and batches, shared among processes."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from maskwright.datasets.augmentation import RandomScale, build_augmentation
from maskwright.datasets.device_augmentation import DeviceAugmentation, SeededSamples, collate_seeded
from maskwright.datasets.distributed_sampler import DistributedBatchSampler
from maskwright.datasets.instance import InstanceDataset, collate_for, to_detection_input
from maskwright.datasets.loader_workers import init_worker, start_method
from maskwright.datasets.pixel_store import PixelStore, affordable_bytes, stored_bytes
from maskwright.datasets.sampling import SeededSampler, pixel_rarity_weights, rarity_weights, repeat_factors
from maskwright.datasets.semantic import (
    CopyPaste,
    SampleCache,
    SemanticDataset,
    size_to_keep,
    to_model_input,
)
from maskwright.errors import DataError, UsageError
from maskwright.images.resize import InputSize
from maskwright.masks.panoptic_png import VOID
from maskwright.prediction.resizing import resize_antialiased
from maskwright.runs.context import input_size
from maskwright.runs.experiment import Experiment
from maskwright.runs.instance_data import device_augmentation, done_on_device, instance_dataset
from maskwright.runs.mask_statistics import semantic_samples, training_pixels
from maskwright.training.processes import ProcessGroup


class Loader(DataLoader[Any]):
    """A ``DataLoader`` that converts its batches to model input on ``device``.

    Loader processes send uint8, as float images are four times as large and int64 labels eight times.
    """

    device: torch.device = torch.device("cpu")
    to_input: Callable[[Any, torch.device], Any] = to_model_input
    augmentation: DeviceAugmentation | None = None

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Return the batches; loading has started when this returns."""
        batches = super().__iter__()
        return (self._input(batch) for batch in batches)

    def _input(self, batch: Any) -> Any:
        if self.augmentation is None:
            return type(self).to_input(batch, self.device)
        batch, seeds = batch
        images, targets = type(self).to_input(batch, self.device)
        return self.augmentation(images, targets, seeds)


class DetectionLoader(Loader):
    """A loader of detection batches, whose images differ in size."""

    to_input = to_detection_input


def build_loader(
    experiment: Experiment, processes: ProcessGroup | None = None
) -> tuple[DataLoader[Any], SeededSampler]:
    """Return the loader of the training batches and its sampler; of several ``processes`` each loads its slice.

    A last, smaller batch is dropped, as BatchNorm cannot use a batch of one. Loading starts with ``iter(loader)``.

    Raises ``DataError`` when there are fewer images than one batch, and ``UsageError`` when a semantic model would get
    images of different sizes in one batch.
    """
    processes = processes or ProcessGroup()
    recipe = experiment.recipe
    weights, repeats = _image_weights(experiment)
    dataset: Dataset[Any] = _dataset(experiment, processes, weights if repeats is None else repeats)
    images = len(dataset)  # type: ignore[arg-type]
    batch_size, workers = recipe.train.batch_size, recipe.train.workers
    if images < batch_size:
        raise DataError(
            f"train has {images} images; expected at least one batch of {batch_size}. "
            "Lower train.batch_size or choose more images."
        )
    if recipe.task != "instance" and batch_size > processes.world_size:
        _require_one_size(experiment)
    sampler = SeededSampler(images, recipe.seed, weights, repeats)
    kind: type[Loader] = DetectionLoader if recipe.task == "instance" else Loader
    collate: Callable[[Any], Any] = collate_for(processes.device) if recipe.task == "instance" else default_collate
    augmentation = device_augmentation(recipe)
    if augmentation is not None:
        dataset, collate = SeededSamples(dataset), partial(collate_seeded, collate=collate)
    loader = kind(
        dataset,
        batch_size=batch_size // processes.world_size,
        sampler=DistributedBatchSampler(sampler, batch_size, processes.rank, processes.world_size),
        num_workers=workers,
        collate_fn=collate,
        pin_memory=processes.device.type == "cuda",
        drop_last=True,
        generator=torch.Generator() if workers else None,
        worker_init_fn=init_worker if workers else None,
        persistent_workers=workers > 0,
        multiprocessing_context=start_method() if workers else None,
    )
    loader.device, loader.augmentation = processes.device, augmentation
    return loader, sampler


def _require_one_size(experiment: Experiment) -> None:
    """Raise ``UsageError`` when the resized training images of a semantic model differ in size."""
    recipe = experiment.recipe
    size = input_size(recipe.model.name, recipe.model.options, recipe.model.input)
    images = experiment.prepared.parts["train"].selection.images
    sizes = sorted({size.of((objects.image.height, objects.image.width)) for objects in images})
    if recipe.augment.crop is None and len(sizes) > 1:
        shown = " and ".join(f"{height} × {width}" for height, width in (sizes[0], sizes[-1]))
        raise UsageError(
            f"model.input.resize: {recipe.model.input.resize}: training images of {len(sizes)} sizes, such as {shown} "
            f"(height × width); expected one size in a batch of {recipe.train.batch_size}. Set augment.crop to cut all "
            "to one size, model.input.resize: square, or train.batch_size to one image for each device."
        )


def _image_weights(
    experiment: Experiment,
) -> tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.float64] | None]:
    """Return the ``weights`` and the ``repeats`` of the recipe's sampling, each ``(N,)`` or None."""
    sampling = experiment.recipe.train.sampling
    if sampling.name == "rare_classes":
        return rarity_weights(_presence(experiment), sampling.power), None
    if sampling.name == "inverse_frequency":
        return pixel_rarity_weights(training_pixels(experiment), sampling.power), None
    if sampling.name == "repeat_factor":
        return None, repeat_factors(_presence(experiment), sampling.threshold)
    return None, None


def _presence(experiment: Experiment) -> npt.NDArray[np.bool_]:
    """Return the classes that each training image shows, ``(N, K)`` bool.

    A crowd region shows its class only where it is drawn. Elsewhere nothing is learned from it, and an image that has
    nothing but a crowd of a class would count as an example of it.
    """
    recipe, images = experiment.recipe, experiment.prepared.parts["train"].selection.images
    crowds_drawn = recipe.task == "semantic" and recipe.data.crowd == "include"
    presence = np.zeros((len(images), len(experiment.prepared.table)), np.bool_)
    for row, objects in zip(presence, images, strict=True):
        labels = np.array(objects.labels, np.int64)
        row[labels[~np.array(objects.crowd, np.bool_) | crowds_drawn] - 1] = True
    return presence


def _dataset(
    experiment: Experiment, processes: ProcessGroup, paste_weights: npt.NDArray[np.float64] | None
) -> SemanticDataset | InstanceDataset:
    recipe, part = experiment.recipe, experiment.prepared.parts["train"]
    if recipe.task == "instance":
        return instance_dataset(experiment, paste_weights=paste_weights)
    size = input_size(recipe.model.name, recipe.model.options, recipe.model.input)
    table, panoptic = experiment.prepared.table, recipe.task == "panoptic"
    augmentation = build_augmentation(
        mask_fill=VOID if panoptic else table.ignore_index,
        resizing=RandomScale(size, resize_antialiased, recipe.augment.scale or (1.0, 1.0)),
        **recipe.augment.model_dump(exclude={"copy_paste", "scale", *done_on_device(recipe)}),
    )
    pasting = CopyPaste(recipe.augment.copy_paste, table.ignore_index, paste_weights)
    return SemanticDataset(
        semantic_samples(experiment, part),
        augmentation,
        pasting if pasting.probability else None,
        torch.uint8 if table.label_dtype is np.uint8 and not panoptic else torch.int32,
        _sample_cache(experiment, None if recipe.augment.scale else size, processes),
    )


def _sample_cache(experiment: Experiment, size: InputSize | None, processes: ProcessGroup) -> SampleCache | None:
    """Return the cache of decoded training images, at ``size`` if given; None where it cannot help or be written."""
    if experiment.recipe.train.epochs == 1 or not hasattr(os, "preadv"):
        return None
    images = experiment.prepared.parts["train"].selection.images
    panoptic = experiment.recipe.task == "panoptic"
    label_bytes = np.dtype(np.uint32 if panoptic else experiment.prepared.table.label_dtype).itemsize
    sizes = [size_to_keep((objects.image.height, objects.image.width), size) for objects in images]
    try:
        most = affordable_bytes(experiment.run.path) // processes.world_size
        return SampleCache(
            PixelStore(experiment.run.path, [stored_bytes(each, label_bytes) for each in sizes], most),
            resize_antialiased,
            size,
        )
    except OSError:  # a read-only folder is reported when checkpoints are written
        return None
