"""COCO results as Cityscapes predictions: the frame of each record and its place among the eight scored classes."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.evaluation.cityscapes.layout import frame_of
from maskwright.evaluation.cityscapes.matching import CLASS_OF_LABEL
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import Results, read_results
from maskwright.structures import Rle


class FrameIndex:
    """A look-up of the images of a Cityscapes split by file name, whatever follows city, sequence and frame in it.

    An image's id is the position of its frame. A record without a file name matches no image.
    """

    def __init__(self, sizes: Mapping[str, tuple[int, int]]) -> None:
        """Index the frames; ``sizes`` are ``(H, W)`` by frame."""
        self.frames = list(sizes)
        self.sizes: Mapping[int, tuple[int, int]] = dict(enumerate(sizes.values()))
        self._positions = {frame: position for position, frame in enumerate(self.frames)}

    def find(self, image_id: int, file_name: str | None) -> int | None:
        """Return the position of the frame that ``file_name``, without its folders, begins with, or None."""
        if file_name is None:
            return None
        frame = frame_of(file_name.replace("\\", "/").rpartition("/")[2])
        return self._positions.get(frame) if frame is not None else None


def read_city_results(path: Path, sizes: Mapping[str, tuple[int, int]]) -> Results:
    """Read the COCO results at ``path``, with Cityscapes' label ids as category ids; ``sizes`` are ``(H, W)`` by frame.

    With a ``classes.json`` beside them classes meet by name. Without one category ids must be the label ids, 24 to 33.
    Raises the errors of :func:`maskwright.evaluation.results.records.read_results`.
    """
    names = {label.id: label.name for label in INSTANCE_LABELS}
    return read_results(path, FrameIndex(sizes), class_index(path, names))


def by_frame(results: Results, frames: list[str]) -> dict[str, list[tuple[Rle, int, float]]]:
    """Return the masks of each frame that has any, with class position and confidence."""
    grouped: dict[str, list[tuple[Rle, int, float]]] = defaultdict(list)
    for each in results.of("segm"):
        scored = each["segmentation"], CLASS_OF_LABEL[each["category_id"]], each["score"]
        grouped[frames[each["image_id"]]].append(scored)
    return grouped
