"""The built-in streets in COCO's panoptic format: things with an id each, stuff, crowds, and void.

The rule is that of Cityscapes' own script (``createPanopticImgs``): objects are things, a group of objects is a crowd
region, every other label is stuff, and labels that are not evaluated are void.
"""

from pathlib import Path

import cv2
import numpy as np

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE, LABELS, label_id_of
from maskwright.annotations.coco.panoptic_file import PanopticCategory, writing_panoptic
from maskwright.errors import UsageError
from maskwright.files import write_bytes
from maskwright.masks.panoptic_png import VOID
from maskwright.structures import PanopticMap, PanopticSegment
from maskwright.synthetic.streets import CITIES, Street, draw_street

_SCORED = {label.id: label for label in LABELS if not label.ignored}
CATEGORIES = tuple(PanopticCategory(label.id, label.name, label.has_instances) for label in _SCORED.values())


def write_panoptic_streets(
    folder: Path, images: int, seed: int = 0, size: tuple[int, int] = (1024, 2048), split: str = "val"
) -> Path:
    """Write drawn streets to ``folder/images``, their segments to ``panoptic.json`` and ``panoptic``; return the JSON.

    The streets are those of :func:`maskwright.synthetic.streets.draw_street`, and category ids are Cityscapes' label
    ids. Files of an earlier call are overwritten.

    Raises ``UsageError`` when a parameter is out of range, or when ``folder/panoptic`` holds files of other images,
    which would seem to be part of the set.
    """
    if images < 1 or seed < 0 or split not in CITIES:
        raise UsageError(
            f"Streets: found images={images}, seed={seed}, split={split!r}; expected images >= 1, seed >= 0 and a "
            f"split of {', '.join(CITIES)}."
        )
    names = [f"{split}_{index:06d}.png" for index in range(images)]
    others = sorted({path.name for path in (folder / "panoptic").glob("*")} - set(names))
    if others:
        raise UsageError(f"{folder / 'panoptic' / others[0]}: is of another set; expected a folder of its own.")
    path = folder / "panoptic.json"
    with writing_panoptic(path, CATEGORIES) as write:
        for index, name in enumerate(names):
            street = draw_street(index, seed, size, split)
            image = cv2.cvtColor(street.image, cv2.COLOR_RGB2BGR)
            write_bytes(folder / "images" / name, cv2.imencode(".png", image)[1].tobytes())
            write(index + 1, name, panoptic_map(street))
    return path


def panoptic_map(street: Street) -> PanopticMap:
    """Return the segments of a street; labels are Cityscapes' label ids."""
    ids = street.instance_ids.astype(np.int32)
    segments = []
    for value in np.unique(ids).tolist():
        label = _SCORED.get(label_id_of(value))
        if label is None:
            ids[ids == value] = VOID
        else:
            segments.append(PanopticSegment(value, label.id, label.has_instances and value < FIRST_INSTANCE))
    return PanopticMap(ids, tuple(segments))
