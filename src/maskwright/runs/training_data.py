"""The training data loader: data set, seeded sampling and batches, shared among processes."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader

from maskwright.datasets import instance as instance_data
from maskwright.datasets.augmentation import build_augmentation
from maskwright.datasets.distributed_sampler import DistributedBatchSampler
from maskwright.datasets.instance import InstanceDataset
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
from maskwright.errors import DataError
from maskwright.images.resize import InputSize
from maskwright.runs.context import Experiment, input_size
from maskwright.runs.instance_data import instance_dataset
from maskwright.runs.mask_statistics import semantic_samples, training_pixels
from maskwright.training.processes import ProcessGroup


class Loader(DataLoader[Any]):
    """A ``DataLoader`` that converts its batches to model input on ``device``.

    Loader processes send uint8, as float images are four times as large and int64 labels eight times.
    """

    device: torch.device | None = None

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Return the batches; loading has started when this returns."""
        batches = super().__iter__()
        if self.device is None:
            return batches
        return (to_model_input(batch, self.device) for batch in batches)


def build_loader(
    experiment: Experiment, processes: ProcessGroup | None = None
) -> tuple[DataLoader[Any], SeededSampler]:
    """Return the loader of the training batches and its sampler; of several ``processes`` each loads its slice.

    A last, smaller batch is dropped, as BatchNorm cannot use a batch of one. Loading starts with ``iter(loader)``.

    Raises ``DataError`` when there are fewer images than one batch.
    """
    processes = processes or ProcessGroup()
    recipe = experiment.recipe
    dataset = _dataset(experiment, processes)
    batch_size, workers = recipe.train.batch_size, recipe.train.workers
    if len(dataset) < batch_size:
        raise DataError(
            f"train has {len(dataset)} images; expected at least one batch of {batch_size}. "
            "Lower train.batch_size or choose more images."
        )
    sampler = _sampler(experiment, len(dataset))
    loader = Loader(
        dataset,
        batch_size=batch_size // processes.world_size,
        sampler=DistributedBatchSampler(sampler, batch_size, processes.rank, processes.world_size),
        num_workers=workers,
        collate_fn=instance_data.collate if recipe.task == "instance" else None,
        pin_memory=processes.device.type == "cuda",
        drop_last=True,
        generator=torch.Generator() if workers else None,
        worker_init_fn=init_worker if workers else None,
        persistent_workers=workers > 0,
        multiprocessing_context=start_method() if workers else None,
    )
    if recipe.task == "semantic":
        loader.device = processes.device
    return loader, sampler


def _sampler(experiment: Experiment, images: int) -> SeededSampler:
    recipe, sampling = experiment.recipe, experiment.recipe.train.sampling
    weights, repeats = None, None
    if sampling.name == "rare_classes":
        weights = rarity_weights(_presence(experiment), sampling.power)
    elif sampling.name == "inverse_frequency":
        weights = pixel_rarity_weights(training_pixels(experiment), sampling.power)
    elif sampling.name == "repeat_factor":
        repeats = repeat_factors(_presence(experiment), sampling.threshold)
    return SeededSampler(images, recipe.seed, weights, repeats)


def _presence(experiment: Experiment) -> npt.NDArray[np.bool_]:
    """Return the classes that each training image shows, ``(N, K)`` bool."""
    images = experiment.prepared.parts["train"].selection.images
    presence = np.zeros((len(images), len(experiment.prepared.table)), np.bool_)
    for row, objects in zip(presence, images, strict=True):
        row[np.array(objects.labels, np.int64) - 1] = True
    return presence


def _dataset(experiment: Experiment, processes: ProcessGroup) -> SemanticDataset | InstanceDataset:
    recipe, part = experiment.recipe, experiment.prepared.parts["train"]
    if recipe.task == "instance":
        return instance_dataset(experiment)
    size = input_size(recipe.model.input)
    augmentation = build_augmentation(
        mask_fill=experiment.prepared.table.ignore_index,
        input_size=size,
        **recipe.augment.model_dump(exclude={"copy_paste"}),
    )
    pasting = CopyPaste(recipe.augment.copy_paste, experiment.prepared.table.ignore_index)
    return SemanticDataset(
        semantic_samples(experiment, part),
        augmentation,
        pasting if pasting.probability else None,
        torch.uint8 if experiment.prepared.table.label_dtype is np.uint8 else torch.int32,
        _sample_cache(experiment, None if recipe.augment.scale else size, processes),
    )


def _sample_cache(experiment: Experiment, size: InputSize | None, processes: ProcessGroup) -> SampleCache | None:
    """Return the cache of decoded training images, at ``size`` if given; None where it cannot help or be written."""
    if experiment.recipe.train.epochs == 1 or not hasattr(os, "preadv"):
        return None
    images = experiment.prepared.parts["train"].selection.images
    label_bytes = np.dtype(experiment.prepared.table.label_dtype).itemsize
    sizes = [size_to_keep((objects.image.height, objects.image.width), size) for objects in images]
    try:
        most = affordable_bytes(experiment.run.path) // processes.world_size
        return SampleCache(
            PixelStore(experiment.run.path, [stored_bytes(each, label_bytes) for each in sizes], most), size
        )
    except OSError:  # a read-only folder is reported when checkpoints are written
        return None
