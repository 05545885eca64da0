"""Annotation formats: readers into exact masks with class names, and writers of these."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from maskwright.annotations.formats import cityscapes, coco, label_maps, labelme, voc, yolo
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedDataset, AnnotatedImage, ReadOptions, WriteOptions


class FormatWriter(Protocol):
    """The interface of a writer that takes a data set image by image."""

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Write the objects of ``image``; what the target format cannot hold is entered into ``audit``."""

    def finish(self, parts: list[str | None]) -> None:
        """Write the files that need the whole data set; ``parts`` are the parts of the source."""


READERS: dict[str, Callable[[Path, ReadOptions], AnnotatedDataset]] = {
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "labelme": labelme.read,
    "cityscapes": cityscapes.read,
    "label-maps": label_maps.read,
}

# Each takes the class names in the order of their labels.
WRITERS: dict[str, Callable[[Path, list[str], WriteOptions], FormatWriter]] = {
    "coco": coco.Writer,
    "yolo": yolo.Writer,
    "voc": voc.Writer,
    "labelme": labelme.Writer,
    "label-maps": label_maps.Writer,
}
