"""The data sets of a transfer: images with their truth, read from COCO files and Cityscapes folders, or drawn."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.annotations.formats import cityscapes
from maskwright.annotations.formats.dataset import AnnotatedImage, ReadOptions
from maskwright.errors import DataError, require_file, require_folder
from maskwright.evaluation.cityscapes.layout import INSTANCE_IDS, frame_of, truth_files
from maskwright.evaluation.coco.truth import read_truth
from maskwright.files import sha256_of
from maskwright.images.decode import image_path
from maskwright.recipes.transfer import ImageSet
from maskwright.structures import ClassTable, ImageRecord, TruthRecord
from maskwright.synthetic.shapes import write_shapes
from maskwright.synthetic.streets import draw_streets


@dataclass(frozen=True)
class TransferDataset:
    """Images in ``folder`` with objects of the classes ``table``.

    ``images`` are COCO image records. ``annotations`` are COCO annotation records, whose ``category_id`` is an index of
    ``table`` and whose mask is an RLE; one without a mask counts for boxes only. ``official`` are Cityscapes' own truth
    files by image id, where there are any. ``identity`` describes the data set: equal identities mean equal data sets,
    but for the pixels of the images. ``remarks`` are lines on what was skipped or lacks a mask or a box.
    """

    name: str
    folder: Path
    table: ClassTable
    images: list[ImageRecord]
    annotations: list[TruthRecord]
    identity: dict[str, Any]
    official: dict[int, Path] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def path_of(self, image: ImageRecord) -> Path:
        """Return the file of ``image``, one of ``images``."""
        return image_path(self.folder, image["file_name"])

    def coco_dataset(
        self, annotations: Iterable[TruthRecord], table: ClassTable, ignored: Iterable[TruthRecord] = ()
    ) -> dict[str, Any]:
        """Return a COCO data set of these images with other ``annotations`` of the classes ``table``.

        Each of the ``ignored`` records becomes a crowd of every class, so that detections on it count neither for nor
        against.
        """
        spared = [{**each, "category_id": c.index, "iscrowd": 1} for each in ignored for c in table]
        records = [{**each, "id": number} for number, each in enumerate([*annotations, *spared], start=1)]
        categories = [{"id": c.index, "name": c.name} for c in table]
        return {"images": self.images, "annotations": records, "categories": categories}


def require_transfer_dataset(section: ImageSet, root: Path) -> None:
    """Raise ``UsageError`` when a file or folder of ``section``, relative to ``root``, does not exist."""
    if section.annotations is not None or section.cityscapes is not None:
        require_folder(root, "data (root)")
    if section.annotations is not None and section.images is not None:
        require_file(root / section.annotations, "annotations")
        require_folder(root / section.images, "images")
    if section.cityscapes is not None:
        truth_files(require_folder(root / section.cityscapes, "Cityscapes"), section.split, INSTANCE_IDS)


def load_transfer_dataset(name: str, section: ImageSet, root: Path, drawn: Path) -> TransferDataset:
    """Return the data set that ``section`` names, called ``name``; built-in data is drawn into the folder ``drawn``.

    Paths are relative to ``root``.

    Raises ``UsageError`` for what does not exist, ``DataError`` for what cannot be used, or has no image.
    """
    if section.shapes is not None:
        shapes = section.shapes
        path = write_shapes(drawn, shapes.images, shapes.seed, domain=shapes.domain)
        found = _of_coco(name, path, drawn / "images", {"shapes": shapes.model_dump(mode="json")})
    elif section.streets is not None:
        streets = section.streets
        draw_streets(drawn, streets.images, streets.seed, streets.size, streets.split)
        found = _of_cityscapes(name, drawn, streets.split, {"streets": streets.model_dump(mode="json")})
    elif section.cityscapes is not None:
        found = _of_cityscapes(name, root / section.cityscapes, section.split)
    else:
        # The schema allows exactly one way.
        assert section.annotations is not None
        assert section.images is not None
        found = _of_coco(name, root / section.annotations, root / section.images)
    return _first(found, section.max_images)


def _of_coco(name: str, path: Path, folder: Path, identity: dict[str, Any] | None = None) -> TransferDataset:
    truth = read_truth(path)
    truth.draw_masks()
    present = [image for image in truth.images if image_path(folder, image["file_name"]).is_file()]
    if not present:
        raise DataError(
            f"{path}: none of its {len(truth.images)} images is in {folder}; expected the files that it lists. "
            "Give their folder as images."
        )
    remarks = truth.lines()
    if len(present) < len(truth.images):
        remarks.append(f"{path}: {len(truth.images) - len(present)} of {len(truth.images)} images are not in {folder}.")
    table = ClassTable.from_names(dict.fromkeys(truth.names.values()))
    index = {category_id: table.index_of(each) for category_id, each in truth.names.items()}
    kept = {image["id"] for image in present}
    annotations: list[TruthRecord] = [
        {**each, "category_id": index[each["category_id"]]} for each in truth.annotations if each["image_id"] in kept
    ]
    file = {"annotations": str(path), "sha256": sha256_of(path)}
    return TransferDataset(name, folder, table, present, annotations, identity or file, remarks=remarks)


def _of_cityscapes(name: str, root: Path, split: str, identity: dict[str, Any] | None = None) -> TransferDataset:
    truth = root / "gtFine" if (root / "gtFine").is_dir() else root
    folder = truth.parent / "leftImg8bit" / split
    require_folder(folder, "images")
    files = truth_files(root, split, INSTANCE_IDS)
    names = [label.name for label in INSTANCE_LABELS]
    dataset = cityscapes.read(truth / split, ReadOptions(images=folder, classes=names))
    table = ClassTable.from_names(names)
    images: list[ImageRecord] = []
    annotations: list[TruthRecord] = []
    official = {}
    missing = 0
    for each in dataset.images:
        if each.path is None:
            missing += 1
            continue
        number = len(images) + 1
        images.append({"id": number, "file_name": each.file_name, "height": each.height, "width": each.width})
        annotations += _records(each, number, table, len(annotations))
        frame = frame_of(Path(each.file_name).name)
        if frame in files:
            official[number] = files[frame]
    if not images:
        raise DataError(f"{folder}: holds none of the images of {truth / split}; expected Cityscapes' leftImg8bit.")
    remarks = [*dataset.audit.objects.lines()]
    if missing:
        remarks.append(f"{truth / split}: {missing} images are not in {folder} and are skipped.")
    listed = "\n".join(f"{path.name} {path.stat().st_size}" for path in files.values())
    folder_identity = {
        "cityscapes": str(root),
        "split": split,
        "sha256": hashlib.sha256(listed.encode()).hexdigest(),
    }
    return TransferDataset(name, folder, table, images, annotations, identity or folder_identity, official, remarks)


def _records(image: AnnotatedImage, number: int, table: ClassTable, before: int) -> list[TruthRecord]:
    return [
        {
            "id": before + position,
            "image_id": number,
            "category_id": table.index_of(each.name),
            "segmentation": each.rle,
            "bbox": [float(side) for side in each.box],
            "area": float(each.area),
            "iscrowd": int(each.crowd),
        }
        for position, each in enumerate(image.objects, start=1)
    ]


def _first(found: TransferDataset, count: int | None) -> TransferDataset:
    if count is None or count >= len(found.images):
        return found
    images = found.images[:count]
    kept = {image["id"] for image in images}
    annotations = [each for each in found.annotations if each["image_id"] in kept]
    official = {number: path for number, path in found.official.items() if number in kept}
    identity = {**found.identity, "max_images": count}
    return TransferDataset(
        found.name, found.folder, found.table, images, annotations, identity, official, found.remarks
    )
