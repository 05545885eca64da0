"""Pictures of a comparison: one image with its truth and what each model predicts, side by side."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.comparisons.instance_inputs import InstanceInputs
from maskwright.comparisons.semantic_inputs import SemanticInputs
from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.images.draw import overlay_instances, overlay_label_map
from maskwright.masks.png import read_label_map
from maskwright.reports.pictures.embedded import Picture, embedded
from maskwright.reports.pictures.panels import panel
from maskwright.structures import BACKGROUND, ClassTable, Instances, LabelMap, normalise_name, with_masks

Pixels = npt.NDArray[np.uint8]
# Returns the image with its truth and the predictions of each model drawn over it.
Overlays = Callable[[Pixels], list[Pixels]]


def pictured_classes(inputs: InstanceInputs | SemanticInputs) -> ClassTable:
    """Return the classes of the pictures with their colours; background has none."""
    if isinstance(inputs, InstanceInputs):
        return ClassTable.from_names([normalise_name(name) for name in inputs.truth.labels().values()])
    return ClassTable.from_names([name for name in inputs.models.names if name != BACKGROUND])


def instance_overlays(inputs: InstanceInputs, position: int, score: float) -> Overlays:
    """Return the overlays of the image at ``position`` of the truth; each model is shown by its first training.

    Detections below ``score`` are not drawn.
    """
    truth = inputs.truth
    image = truth.images[position]
    size = image["height"], image["width"]
    table = pictured_classes(inputs).with_category_ids(list(truth.names))
    objects = [each for each in with_masks(truth.annotations) if each["image_id"] == image["id"]]
    found = [
        [
            each
            for each in with_masks(trainings[0].records)
            if each["image_id"] == image["id"] and each["score"] >= score
        ]
        for trainings in inputs.results
    ]

    def drawn(pixels: Pixels) -> list[Pixels]:
        true = overlay_instances(pixels, Instances.from_coco(objects, size, table), table, show_scores=False)
        return [
            true,
            *(overlay_instances(pixels, Instances.from_coco(records, size, table), table) for records in found),
        ]

    return drawn


def semantic_overlays(inputs: SemanticInputs, first_paths: Sequence[Path], position: int) -> Overlays:
    """Return the overlays of the image at ``position`` of the truth; ``first_paths`` name a training of each model.

    Pixels that do not count and predictions of none of the classes are hatched.
    """
    table = pictured_classes(inputs)
    names = table.names
    pairs = [inputs.pairs[path][position] for path in first_paths]

    def label_map(path: Path, remap: Callable[[LabelMap, Path], LabelMap]) -> LabelMap:
        labels = remap(read_label_map(path), path).astype(np.int64) + (BACKGROUND not in inputs.models.names)
        return np.where(labels > len(names), table.ignore_index, labels).astype(table.label_dtype)

    def drawn(pixels: Pixels) -> list[Pixels]:
        labels = [inputs.labels[path] for path in first_paths]
        maps = [label_map(pairs[0].truth, labels[0].truth)]
        maps += [label_map(pair.prediction, each.prediction) for pair, each in zip(pairs, labels, strict=True)]
        return [overlay_label_map(pixels, each, table) for each in maps]

    return drawn


def comparison_picture(path: Path, caption: str, overlays: Overlays, names: Sequence[str]) -> Picture:
    """Return the picture of one image with its ``overlays``; one with a fault where the image cannot be drawn."""
    try:
        pixels = read_image(path)
        return embedded(caption, panel([pixels, *overlays(pixels)], ["image", "truth", *names]))
    except (DataError, OSError) as error:
        return Picture(caption, fault=f"cannot be shown: {str(error).splitlines()[0]}")
