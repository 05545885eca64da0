"""A function module for CVAT: its command line annotates tasks with a model of ours, on the machine that has the model.

``cvat-cli task auto-annotate 137 --function-module maskwright.server.cvat -p model=str:runs/first`` calls
:func:`create`; CVAT's SDK describes what the object must have, ``spec`` and ``detect``.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from maskwright.errors import MaskwrightError, UsageError, refuse_panoptic
from maskwright.masks.components import masks_by_label
from maskwright.masks.contours import polygons_with_holes
from maskwright.masks.cropped import CroppedMask, crop_masks
from maskwright.masks.keyhole import chain, keyhole
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.structures import Instances, Rle

_SCORE = 0.5


@dataclass(frozen=True)
class CvatFunction:
    """A model as a detection function of CVAT: an object with a mask for each object, or each class that is there.

    ``sdk`` is the module ``cvat_sdk.auto_annotation``; ``score`` is the lowest of an object where CVAT names none.
    """

    model: LoadedModel[Any]
    sdk: Any
    score: float = _SCORE

    @property
    def spec(self) -> Any:
        """The labels by name, which CVAT looks for among those of the task; their ids are the model's indices."""
        labels = [self.sdk.label_spec(each.name, each.index, type="mask") for each in self.model.classes]
        return self.sdk.DetectionFunctionSpec(labels=labels)

    def detect(self, context: Any, image: Image.Image) -> list[Any]:
        """Return the shapes in ``image``: masks, or on demand polygons, an outline along all parts and holes each."""
        least = self.score if context.conf_threshold is None else context.conf_threshold
        pixels = np.asarray(image.convert("RGB"))
        shapes = []
        for label, rle in self._masks(pixels, least):
            (mask,) = crop_masks([rle])
            if not mask.mask.any():
                continue
            if context.conv_mask_to_poly:
                shapes.append(self.sdk.polygon(label, polygon_points(rle)))
            else:
                shapes.append(self.sdk.mask(label, mask_points(mask)))
        return shapes

    def _masks(self, pixels: Any, least: float) -> Iterator[tuple[int, Rle]]:
        if self.model.task == "semantic":
            yield from masks_by_label(self.model.predict(pixels)).items()
            return
        objects: Instances = self.model.predict(pixels, score=least)
        yield from zip(objects.labels.tolist(), objects.masks, strict=True)


def create(model: str, device: str = "auto", score: float = _SCORE) -> CvatFunction:
    """Return the function that CVAT calls; its command line gives the arguments, such as ``-p score=float:0.3``.

    Args:
        model: A run folder, a checkpoint, a model file, or an export.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        score: The lowest score of an object, 0 to 1, where CVAT's ``--conf-threshold`` gives none.

    Raises:
        UsageError: There is no model, or ``score`` is out of range.
        MaskwrightError: CVAT's SDK is not installed.
    """
    if not 0 <= score <= 1:
        raise UsageError(f"score {score}: expected a number from 0 to 1.")
    try:
        sdk = importlib.import_module("cvat_sdk.auto_annotation")
    except ModuleNotFoundError as error:
        raise MaskwrightError("CVAT's SDK is not installed. Install it with: pip install cvat-cli") from error
    loaded = load_model(model, device)
    refuse_panoptic(loaded.task, loaded.file, "CVAT's function", "Use `maskwright predict`.")
    return CvatFunction(loaded, sdk, score)


def mask_points(mask: CroppedMask) -> list[int]:
    """Return a mask as CVAT's ``points``: the runs of its box row by row, zeros first, then the corners of the box.

    The last corner is the last pixel, not the one after it.

    Example:
        >>> import numpy as np
        >>> mask_points(CroppedMask((5, 6), 1, 2, np.array([[True, False], [True, True]])))
        [0, 1, 1, 2, 2, 1, 3, 2]
    """
    flat = np.concatenate(([False], mask.mask.ravel()))
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate(([0], changes, [mask.mask.size])))
    height, width = mask.mask.shape
    return [*runs.tolist(), mask.left, mask.top, mask.left + width - 1, mask.top + height - 1]


def polygon_points(rle: Rle) -> list[float]:
    """Return the outline of a mask as CVAT's ``points``, x and y in turn, along the edges of its pixels."""
    outline = chain([keyhole(part) for part in polygons_with_holes(rle)])
    return np.asarray(outline, np.float64).ravel().tolist()
