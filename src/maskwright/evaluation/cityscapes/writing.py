"""The writer of predicted instances in the official layout of Cityscapes.

The module :mod:`maskwright.evaluation.cityscapes.layout` reads it. An image has one
``<city>_<sequence>_<frame>_pred.txt``. Its lines name a mask file relative to it, the label id and the confidence. A
detection has one 8-bit PNG of 0 and 255 in the folder ``masks``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from maskwright.annotations.cityscapes_labels import LABELS
from maskwright.errors import UsageError, some_of
from maskwright.evaluation.cityscapes.layout import frame_of
from maskwright.files import write_text
from maskwright.masks.cropped import crop_masks
from maskwright.masks.png import write_label_map
from maskwright.structures import ClassTable, Instances

MASKS, SUFFIX = "masks", "_pred.txt"

_IDS = {label.name: label.id for label in LABELS if label.has_instances}
_SHOWN = 8


def instance_label_ids(table: ClassTable) -> dict[int, int]:
    """Return Cityscapes' label id of each class index, by class name.

    Caravan and trailer have a label id, though their instances are not scored. Raises ``UsageError``, which names the
    classes, when Cityscapes has no label for instances of some class.
    """
    foreign = [name for name in table.names if name not in _IDS]
    if foreign:
        some = some_of(foreign, _SHOWN)
        raise UsageError(
            f"Cityscapes has no label id for instances of {len(foreign)} classes ({some}); expected "
            f"{', '.join(_IDS)}. Translate the classes with --taxonomy, such as coco-to-cityscapes."
        )
    return {c.index: _IDS[c.name] for c in table}


def frames_by_name(names: Iterable[str]) -> dict[str, str]:
    """Return ``<city>_<sequence>_<frame>`` of each image file name.

    The official tools match results with the truth by it.

    Raises ``UsageError`` for a name that does not begin so or has white space there, and for two images of one frame.
    """
    owners: dict[str, str] = {}
    for name in names:
        frame = frame_of(name)
        if frame is None or frame.split() != [frame]:
            raise UsageError(
                f"{name}: is no image name of Cityscapes; expected <city>_<sequence>_<frame>_leftImg8bit.png without "
                "spaces, with six digits for sequence and frame. Rename it, or choose another layout."
            )
        if frame in owners:
            raise UsageError(
                f"{owners[frame]} and {name} are both of the frame {frame}; expected one image a frame. Predict them "
                "into different folders."
            )
        owners[frame] = name
    return {name: frame for frame, name in owners.items()}


def write_predictions(folder: Path, frame: str, found: Instances, label_ids: Mapping[int, int]) -> Path:
    """Write the objects ``found`` in ``frame`` into ``folder`` and return the path of the txt file.

    ``label_ids`` are by class index. Confidences are written so that reading them back gives the same numbers. The txt
    file is written last, so that it names no missing mask.
    """
    lines = []
    pixels = np.zeros(found.size, np.uint8)
    rows = zip(found.labels, found.scores, crop_masks(found.masks), strict=True)
    for number, (label, score, region) in enumerate(rows):
        mask = f"{MASKS}/{frame}_{number:04d}.png"
        pixels[region.box] = np.where(region.mask, 255, 0)
        write_label_map(folder / mask, pixels)
        pixels[region.box] = 0
        lines.append(f"{mask} {label_ids[int(label)]} {float(score)!r}\n")
    path = folder / f"{frame}{SUFFIX}"
    write_text(path, "".join(lines))
    return path
