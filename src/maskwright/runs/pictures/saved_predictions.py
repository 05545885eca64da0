"""The saved predictions of a part of the data beside its truth, drawn over the images."""

from collections import defaultdict
from collections.abc import Set
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from maskwright.annotations.objects import ImageObjects
from maskwright.errors import UsageError
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.evaluation.coco.matches import image_matches
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.results.category_ids import with_indices
from maskwright.evaluation.results.classes import CLASSES_FILE, read_class_table
from maskwright.files import read_json_list
from maskwright.images.decode import image_content
from maskwright.images.draw import overlay_instances, overlay_label_map, written_name
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import read_label_map
from maskwright.masks.segment_coding import classes_of_pixels
from maskwright.reports.pictures.errors import object_outcomes, overlay_errors, pixel_outcomes
from maskwright.reports.pictures.panels import enlargement
from maskwright.reports.pictures.segments import overlay_segments
from maskwright.runs.experiment import Experiment
from maskwright.runs.panoptic.maps import SavedSegments, panoptic_truth
from maskwright.runs.prepare import DataSplit
from maskwright.structures import ImageRecord, Instances, LabelMap, PanopticMap, Record, ResultRecord, Rle, with_masks

Picture = npt.NDArray[np.uint8]


class SavedPredictions:
    """The predictions on ``images`` (ids) of a part that ``evaluate`` saved."""

    def __init__(self, experiment: Experiment, part: DataSplit, images: Set[int]) -> None:
        """Read the results of instance models; label maps are read when they are drawn.

        Raises ``UsageError`` when the results are missing.
        """
        self.experiment, self.part = experiment, part
        self.table = experiment.prepared.table
        self.files = mask_files([objects.image.file_name for objects in part.selection.images])
        self.folder = experiment.run.files.predictions(part.name)
        self.results: dict[int, list[ResultRecord]] = defaultdict(list)
        self.segments = SavedSegments(self.folder) if experiment.recipe.task == "panoptic" else None
        if experiment.recipe.task == "instance":
            file = self.folder / "instances.json"
            if not file.is_file():
                raise UsageError(f"{file}: the predictions are missing. Run `maskwright evaluate` on the run.")
            shown = [
                cast(ResultRecord, record)
                for record in read_json_list(file)
                if record["image_id"] in images and record["score"] >= experiment.recipe.evaluate.show_score
            ]
            for record in with_indices(shown, read_class_table(self.folder / CLASSES_FILE)):
                self.results[record["image_id"]].append(record)

    def sources(self, objects: ImageObjects) -> list[bytes]:
        """Return all that the pictures of an image are drawn of: its file, the classes, its truth, its predictions.

        Raises ``DataError`` when the file of the image or of a label map is missing.
        """
        names = [written_name(self.table, c.index) for c in self.table]
        sources = [image_content(self.part.path_of(objects)), repr((self.table.to_json(), names)).encode()]
        if self.experiment.recipe.task == "instance":
            return [*sources, repr(objects).encode(), repr(self.results[objects.image.id]).encode()]
        if self.segments is not None:
            return [
                *sources,
                *(part for each in self._maps(objects) for part in (each.ids.tobytes(), repr(each.segments).encode())),
            ]
        return [*sources, *(image_content(file) for file in self._label_map_files(objects))]

    def drawn(self, objects: ImageObjects, image: Picture) -> tuple[Picture, Picture]:
        """Return ``image`` ``(H, W, 3)`` with the truth drawn over it, and with the prediction."""
        if self.experiment.recipe.task == "instance":
            found, factor = self._found(objects), enlargement(image)
            truth = overlay_instances(image, objects.instances(), self.table, show_scores=False, enlarge=factor)
            return truth, overlay_instances(image, found, self.table, enlarge=factor)
        if self.segments is not None:
            truth, found = (overlay_segments(image, each, self.table) for each in self._maps(objects))
            return truth, found
        truth_map, predicted = self.label_maps(objects)
        return overlay_label_map(image, truth_map, self.table), overlay_label_map(image, predicted, self.table)

    def errors(self, objects: ImageObjects, image: Picture) -> Picture:
        """Return ``image`` ``(H, W, 3)`` in grey with what was found, what was not there and what was missed.

        Objects are matched as the scores of the image are: at IoU 0.5, those detections that are shown.
        """
        if self.experiment.recipe.task != "instance":
            truth, predicted = self.label_maps(objects)
            return overlay_errors(image, pixel_outcomes(truth, predicted, self.table.ignore_index))
        truth = ground_truth([objects], self.table)
        true, found = with_masks(truth["annotations"]), self.results[objects.image.id]
        matched = image_matches(cast(ImageRecord, truth["images"][0]), true, found, "segm", Thresholds().iou)
        right = matched.matches.right
        missed = np.isnan(matched.matches.found_at)
        outcomes = object_outcomes(
            (objects.image.height, objects.image.width),
            self._masks(objects, [found[i] for i in matched.detections[right]]),
            self._masks(objects, [found[i] for i in matched.detections[~right]]),
            self._masks(objects, [true[i] for i in matched.objects[missed]]),
        )
        return overlay_errors(image, outcomes)

    def label_maps(self, objects: ImageObjects) -> tuple[LabelMap, LabelMap]:
        """Return the true and the predicted label map ``(H, W)`` of an image of a semantic or panoptic run."""
        if self.segments is not None:
            truth, found = self._maps(objects)
            void = self.table.ignore_index
            return classes_of_pixels(truth, self.table, void=void), classes_of_pixels(found, self.table)
        true, predicted = self._label_map_files(objects)
        kind = self.table.label_dtype
        return read_label_map(true).astype(kind), read_label_map(predicted).astype(kind)

    def _maps(self, objects: ImageObjects) -> tuple[PanopticMap, PanopticMap]:
        """Return the true and the predicted map of an image of a panoptic run."""
        assert self.segments is not None
        return panoptic_truth(self.experiment, self.part, objects), self.segments.of(objects.image.id)

    def _label_map_files(self, objects: ImageObjects) -> tuple[Path, Path]:
        file = self.files[objects.image.file_name]
        return self.experiment.masks_folder(self.part.name) / file, self.folder / "label_maps" / file

    def _found(self, objects: ImageObjects) -> Instances:
        return Instances.from_coco(self.results[objects.image.id], (objects.image.height, objects.image.width))

    def _masks(self, objects: ImageObjects, records: list[Record]) -> list[Rle]:
        return list(Instances.from_coco(records, (objects.image.height, objects.image.width)).masks)
