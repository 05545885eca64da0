"""The panoptic maps of a run as they are read again: the truth that was drawn, and the saved predictions."""

from dataclasses import replace
from pathlib import Path

from maskwright.annotations.objects import ImageObjects
from maskwright.errors import DataError, UsageError
from maskwright.evaluation.panoptic.files import PANOPTIC, PanopticFiles
from maskwright.evaluation.results.classes import CLASSES_FILE, read_class_table
from maskwright.masks.file_names import mask_file
from maskwright.masks.panoptic_png import read_panoptic_png
from maskwright.masks.segment_coding import decode_segments
from maskwright.runs.experiment import Experiment
from maskwright.runs.prepare import DataSplit
from maskwright.structures import PanopticMap


def panoptic_truth(experiment: Experiment, part: DataSplit, objects: ImageObjects) -> PanopticMap:
    """Return the true panoptic map of an image of ``part`` as the masks stage drew it; labels are class indices.

    Raises ``DataError`` when its file is missing or damaged.
    """
    folder = experiment.masks_folder(part.name) / Path(PANOPTIC).stem
    return decode_segments(read_panoptic_png(folder / mask_file(objects.image.file_name)))


class SavedSegments:
    """The panoptic maps in a ``folder`` of predictions, by image id; labels are class indices."""

    def __init__(self, folder: Path) -> None:
        """Read ``panoptic.json`` and ``classes.json``; the PNG files are read when their map is asked for.

        Raises ``UsageError`` when the predictions are missing.
        """
        if not (folder / PANOPTIC).is_file():
            raise UsageError(f"{folder / PANOPTIC}: is missing; expected predictions. Run `maskwright evaluate` first.")
        self._files = PanopticFiles.read(folder / PANOPTIC, folder / Path(PANOPTIC).stem)
        self._records = {record.image_id: record for record in self._files.file.records}
        table = read_class_table(folder / CLASSES_FILE)
        self._indices = dict(zip(table.category_ids, (c.index for c in table), strict=True))

    def of(self, image_id: int) -> PanopticMap:
        """Return the map of an image; raise ``DataError`` when it is missing, damaged, or of other classes."""
        if image_id not in self._records:
            raise DataError(f"{self._files.file.path}: has no image {image_id}; expected it. Evaluate the run again.")
        found = self._files.load(self._records[image_id])
        unknown = [each for each in found.segments if each.label not in self._indices]
        if unknown:
            raise DataError(
                f"{self._files.file.path}: image {image_id} has a segment of the category {unknown[0].label}, which "
                f"{CLASSES_FILE} lacks; expected one of it. Evaluate the run again."
            )
        return PanopticMap(found.ids, tuple(replace(each, label=self._indices[each.label]) for each in found.segments))
