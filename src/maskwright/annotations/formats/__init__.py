"""Annotation formats: each reads a folder or file into exact masks with class names, or writes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from maskwright.annotations.formats import cityscapes, coco, label_maps, labelme, voc, yolo
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedDataset, AnnotatedImage, ReadOptions, WriteOptions


class FormatWriter(Protocol):
    """Writes a data set image by image."""

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Write an image's objects; what the target cannot hold is entered into ``account``."""

    def finish(self, parts: list[str | None]) -> None:
        """Write what can only be written at the end."""


READERS: dict[str, Callable[[Path, ReadOptions], AnnotatedDataset]] = {
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "labelme": labelme.read,
    "cityscapes": cityscapes.read,
    "label-maps": label_maps.read,
}

# The class names come in the order of their labels.
WRITERS: dict[str, Callable[[Path, list[str], WriteOptions], FormatWriter]] = {
    "coco": coco.Writer,
    "yolo": yolo.Writer,
    "voc": voc.Writer,
    "labelme": labelme.Writer,
    "label-maps": label_maps.Writer,
}
