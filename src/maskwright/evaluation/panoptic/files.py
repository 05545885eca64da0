"""The files of panoptic truth and predictions, matched image by image."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maskwright.annotations.coco.panoptic_file import PanopticFile, PanopticRecord, png_folder, read_panoptic
from maskwright.errors import DataError, UsageError, require_folder
from maskwright.evaluation.panoptic.findings import PanopticFindings
from maskwright.images.decode import image_path
from maskwright.masks.panoptic_png import read_panoptic_png
from maskwright.structures import PanopticMap, PanopticSegment

# The panoptic JSON file in a folder of predictions.
PANOPTIC = "panoptic.json"


@dataclass(frozen=True)
class PanopticFiles:
    """A panoptic JSON file with the folder of its PNG files."""

    file: PanopticFile
    folder: Path

    @classmethod
    def read(cls, path: Path, folder: Path | None) -> "PanopticFiles":
        """Read the JSON file at ``path``, or ``panoptic.json`` in the folder ``path``.

        The PNG files are in ``folder``; by default see :func:`maskwright.annotations.coco.panoptic_file.png_folder`.
        Raises ``UsageError`` for a missing file or folder, ``DataError`` for a file that cannot be read.
        """
        if path.is_dir():
            path = path / PANOPTIC
        file = read_panoptic(path)
        return cls(file, png_folder(path) if folder is None else require_folder(folder, "PNG"))

    def load(self, record: PanopticRecord) -> PanopticMap:
        """Read the map of one image; labels are category ids.

        Raises ``DataError`` when its PNG is missing, outside the folder, or cannot be read.
        """
        ids = read_panoptic_png(image_path(self.folder, record.file_name))
        segments = (
            PanopticSegment(each.id, each.category_id, bool(each.iscrowd), _stated(each.area))
            for each in record.segments_info
        )
        return PanopticMap(ids, tuple(segments))

    def source(self, record: PanopticRecord) -> str:
        """Return the name of an image's map in messages."""
        return f"{self.folder / record.file_name} (image {record.image_id})"


@dataclass(frozen=True)
class PanopticPair:
    """The records of one image in truth and predictions; ``size`` ``(H, W)`` where the truth states it."""

    truth: PanopticRecord
    prediction: PanopticRecord
    size: tuple[int, int] | None


def panoptic_pairs(truth: PanopticFiles, predictions: PanopticFiles) -> tuple[list[PanopticPair], PanopticFindings]:
    """Return the images of the truth with their predictions, and what was found wrong or unusual with both files.

    A prediction is found by ``image_id``, as in panopticapi, or else by the name of its PNG. Raises ``UsageError`` when
    the truth has no image.
    """
    findings = PanopticFindings()
    true, predicted = (_unique(files.file, findings) for files in (truth, predictions))
    if not true:
        raise UsageError(f"{truth.file.path}: has no annotations; expected a record with segments_info of each image.")
    by_name = {_stem(record.file_name): record for record in predicted.values()}
    # Each is the prediction of one image only.
    unknown = {name: record for name, record in by_name.items() if record.image_id not in true}
    sizes = _sizes(truth.file)
    pairs, taken = [], set()
    for image_id, record in true.items():
        found = predicted.get(image_id) or unknown.pop(_stem(record.file_name), None)
        if found is None:
            findings.add("missing_prediction", f"{predictions.file.path}: has none of the image {_named(record)}")
            continue
        taken.add(found.image_id)
        if by_name.get(_stem(record.file_name), found) is not found:
            findings.add("other_name", f"{found.file_name} for {_named(record)}")
        pairs.append(PanopticPair(record, found, sizes.get(image_id)))
    others = [record for image_id, record in predicted.items() if image_id not in taken]
    findings.add_all("no_truth", (_named(record) for record in others))
    findings.add_all("not_annotated", (str(image.id) for image in truth.file.images if image.id not in true))
    return pairs, findings


def load_pair(
    truth: PanopticFiles, predictions: PanopticFiles, pair: PanopticPair, findings: PanopticFindings
) -> tuple[PanopticMap, PanopticMap] | None:
    """Return the maps of one image, or None when one cannot be read or is not of the size that the truth states."""
    try:
        true, predicted = truth.load(pair.truth), predictions.load(pair.prediction)
    except (DataError, OSError) as error:
        findings.add("unreadable_png", str(error))
        return None
    if pair.size is not None and true.ids.shape != pair.size:
        (height, width), (stated_height, stated_width) = true.ids.shape, pair.size
        findings.add(
            "wrong_size",
            f"{truth.source(pair.truth)}: is {width}×{height} pixels, its record in images {stated_width}×"
            f"{stated_height} (width×height)",
        )
        return None
    return true, predicted


def _unique(file: PanopticFile, findings: PanopticFindings) -> Mapping[int | str, PanopticRecord]:
    """Return the records by the id of their image, the first of each."""
    findings.add_all("unreadable_record", (f"{file.path}: {found}" for found in file.unreadable))
    records: dict[int | str, PanopticRecord] = {}
    for record in file.records:
        if record.image_id in records:
            findings.add("repeated_image", f"{file.path}: two records are of the image {_named(record)}")
        else:
            records[record.image_id] = record
    return records


def _sizes(file: PanopticFile) -> dict[int | str, tuple[int, int]]:
    return {
        image.id: (image.height, image.width)
        for image in file.images
        if image.height is not None and image.width is not None
    }


def _stated(area: float | None) -> int | None:
    return None if area is None or not math.isfinite(area) else int(area)


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem


def _named(record: PanopticRecord) -> str:
    return f"{record.image_id} ({record.file_name})"
