"""COCO results as Cityscapes predictions: which frame a record is of, and which of the eight classes."""

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
    """The images of a Cityscapes split as results name them: by file name, whatever follows city, sequence and frame.

    An image's id is its frame's position. Records without a file name are of no known image.
    """

    def __init__(self, sizes: Mapping[str, tuple[int, int]]) -> None:
        """``sizes`` are ``(H, W)`` by frame."""
        self.frames = list(sizes)
        self.sizes: Mapping[int, tuple[int, int]] = dict(enumerate(sizes.values()))
        self._positions = {frame: position for position, frame in enumerate(self.frames)}

    def find(self, image_id: int, file_name: str | None) -> int | None:
        """The position of the frame that ``file_name`` begins with, its folders aside."""
        if file_name is None:
            return None
        frame = frame_of(file_name.replace("\\", "/").rpartition("/")[2])
        return self._positions.get(frame) if frame is not None else None


def read_city_results(path: Path, sizes: Mapping[str, tuple[int, int]]) -> Results:
    """The results at ``path``, their category ids as Cityscapes' label ids.

    With ``classes.json`` beside them classes meet by name; else category ids must be the label ids, 24 to 33. Errors
    are those of :func:`maskwright.evaluation.results.records.read_results`.
    """
    names = {label.id: label.name for label in INSTANCE_LABELS}
    return read_results(path, FrameIndex(sizes), class_index(path, names))


def by_frame(results: Results, frames: list[str]) -> dict[str, list[tuple[Rle, int, float]]]:
    """The masks with class position and confidence of each frame that has any."""
    grouped: dict[str, list[tuple[Rle, int, float]]] = defaultdict(list)
    for each in results.of("segm"):
        scored = each["segmentation"], CLASS_OF_LABEL[each["category_id"]], each["score"]
        grouped[frames[each["image_id"]]].append(scored)
    return grouped
