"""The data a training reads: label maps drawn once, samples, and seeded batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader

from maskwright.annotations.objects import ImageObjects
from maskwright.datasets import instance as instance_data
from maskwright.datasets.augmentation import build_augmentation
from maskwright.datasets.instance import InstanceDataset, InstanceSample
from maskwright.datasets.sampling import SeededSampler, rarity_weights
from maskwright.datasets.semantic import SemanticDataset, SemanticSample
from maskwright.errors import DataError, UsageError
from maskwright.workflows.experiment import Experiment, input_size
from maskwright.workflows.masks import Drawing, draw_image, mask_files, write_classes
from maskwright.workflows.prepare import Part


def draw_masks(experiment: Experiment) -> None:
    """The masks stage: label maps of every part under ``masks/<part>``."""
    data, table = experiment.recipe.data, experiment.prepared.table
    drawing = Drawing(data.overlap, data.crowd, table.ignore_index, wide=len(table) > 254)
    for part in experiment.prepared.parts.values():
        folder, images = experiment.masks_folder(part.name), part.selection.images
        files = mask_files([objects.image.file_name for objects in images])
        for objects in experiment.run.reporter.track(images, f"masks of {part.name}"):
            draw_image(objects, drawing, folder / files[objects.image.file_name])
        write_classes(folder, table)


def build_loader(experiment: Experiment) -> tuple[DataLoader[Any], SeededSampler]:
    """The training batches; a last, smaller batch is left out, as BatchNorm cannot use a batch of one."""
    recipe = experiment.recipe
    dataset = _dataset(experiment)
    if len(dataset) < recipe.train.batch_size:
        raise DataError(
            f"train has {len(dataset)} images, fewer than one batch of {recipe.train.batch_size}. "
            "Lower train.batch_size or choose more images."
        )
    sampler = SeededSampler(len(dataset), recipe.seed, _sampling_weights(experiment))
    loader = DataLoader(
        dataset,
        batch_size=recipe.train.batch_size,
        sampler=sampler,
        num_workers=recipe.train.workers,
        collate_fn=instance_data.collate if recipe.task == "instance" else None,
        drop_last=True,
        persistent_workers=recipe.train.workers > 0,
        multiprocessing_context="spawn" if recipe.train.workers > 0 else None,
    )
    return loader, sampler


def _sampling_weights(experiment: Experiment) -> npt.NDArray[np.float64] | None:
    sampling = experiment.recipe.train.sampling
    if sampling.name == "shuffle":
        return None
    images = experiment.prepared.parts["train"].selection.images
    presence = np.zeros((len(images), len(experiment.prepared.table)), np.bool_)
    for row, objects in zip(presence, images, strict=True):
        row[np.array(objects.labels, np.int64) - 1] = True
    return rarity_weights(presence, sampling.power)


def _dataset(experiment: Experiment) -> SemanticDataset | InstanceDataset:
    recipe, part = experiment.recipe, experiment.prepared.parts["train"]
    semantic = recipe.task == "semantic"
    size = input_size(recipe.model.input) if semantic or recipe.augment.crop else None
    augmentation = build_augmentation(
        mask_fill=experiment.prepared.table.ignore_index if semantic else 0,
        input_size=size,
        **recipe.augment.model_dump(),
    )
    if semantic:
        return SemanticDataset(semantic_samples(experiment, part), augmentation)
    samples = [InstanceSample(part.path_of(objects), objects.instances()) for objects in part.selection.images]
    return InstanceDataset(samples, augmentation)


def semantic_samples(experiment: Experiment, part: Part) -> list[SemanticSample]:
    """Image and label map of every used image of ``part``; ``UsageError`` when the masks are not drawn yet."""
    folder = experiment.masks_folder(part.name)
    images: Sequence[ImageObjects] = part.selection.images
    files = mask_files([objects.image.file_name for objects in images])
    samples = [SemanticSample(part.path_of(o), folder / files[o.image.file_name]) for o in images]
    missing = [sample.label_map for sample in samples if not sample.label_map.is_file()]
    if missing:
        raise UsageError(f"{missing[0]}: the label map is missing ({len(missing)} in all). Run the masks stage again.")
    return samples
