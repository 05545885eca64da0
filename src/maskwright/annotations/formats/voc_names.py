"""The meaning of the values of a Pascal VOC mask: class names, and the colours of the palette."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.annotations.formats.label_maps import read_class_names
from maskwright.control_characters import quote_name, unquote_name
from maskwright.files import write_json, write_text
from maskwright.structures import BACKGROUND, ClassTable, normalise_name

# The 20 classes of Pascal VOC 2007 to 2012, label 1 and on.
VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


def voc_palette() -> npt.NDArray[np.uint8]:
    """Return VOC's palette ``(256, 3)`` uint8, RGB.

    The bits of a label, three by three, are the high bits of red, green and blue. Source: ``VOClabelcolormap.m`` of the
    VOC development kit.
    """
    colors = np.zeros((256, 3), np.uint8)
    for label in range(256):
        for bit in range(8):
            for channel in range(3):
                colors[label, channel] |= (label >> (3 * bit + channel) & 1) << (7 - bit)
    return colors


def read_voc_names(root: Path) -> dict[int, str]:
    """Return the class name by label from ``classes.json`` or ``labelmap.txt`` in the folder, else VOC's own twenty."""
    if (root / "classes.json").is_file():
        return read_class_names(root / "classes.json")
    if (root / "labelmap.txt").is_file():
        lines = (root / "labelmap.txt").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":")[0].strip() for line in lines if line.strip() and not line.startswith("#")]
        return {label: normalise_name(unquote_name(name)) for label, name in enumerate(names) if name != BACKGROUND}
    return dict(enumerate(VOC_CLASSES, start=1))


def write_voc_names(root: Path, classes: list[str]) -> None:
    """Write ``classes.json``, which holds every name, and ``labelmap.txt``, which other tools read.

    In ``labelmap.txt`` a name with control characters is in quotes. It is not written when a name has a colon or begins
    with ``#``, which would change its meaning.
    """
    write_json(root / "classes.json", ClassTable.from_names(classes).to_json())
    if any(":" in name or name.startswith("#") for name in classes):
        return
    lines = ["# label:color_rgb:parts:actions"]
    for name, color in zip([BACKGROUND, *classes], voc_palette().tolist(), strict=False):
        lines.append(f"{quote_name(name)}:{','.join(map(str, color))}::")
    write_text(root / "labelmap.txt", "".join(f"{line}\n" for line in lines))
