"""The ground truth of a COCO file in the form that the evaluator takes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec

from maskwright.annotations.checks.ids import require_ids_from_zero
from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import CocoAnnotation, CocoFile, category_names, coco_of_text
from maskwright.annotations.coco.json_text import read_text
from maskwright.annotations.coco.lvis_file import FederatedLabels, federated_labels, with_file_names
from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.objects import true_box
from maskwright.annotations.selection.select import audit_of_reading
from maskwright.errors import DataError
from maskwright.evaluation.coco.incomplete_objects import IncompleteObjects
from maskwright.evaluation.results.index import ImageIndex
from maskwright.masks.rle import BadSegmentation, RasterisedMask, rasterise
from maskwright.parallel.garbage_collection import collector_paused
from maskwright.structures import ImageRecord, TruthRecord, with_masks


class _Runs(msgspec.Struct, gc=False):
    size: list[int]
    counts: list[Annotated[int, msgspec.Meta(ge=0, lt=2**32)]]


# Polygons small enough to be drawn quickly whatever their shape, and run lengths; `rasterise` checks all others.
_Coordinate = Annotated[float, msgspec.Meta(ge=-8192, le=8192)]
_Points = Annotated[list[_Coordinate], msgspec.Meta(min_length=6, max_length=2000)]
_plain = msgspec.json.Decoder(list[_Points] | _Runs)


@dataclass
class CocoTruth:
    """The images, objects and classes of a COCO file, ready for the evaluator.

    ``annotations`` are COCO records with ids from 1 on in file order, because pycocotools takes a match with id 0 for
    no match. ``file_ids[i]`` is the id in the file of the annotation ``i + 1``. Areas and boxes (xywh pixels) are the
    file's, as COCO's evaluation uses them; where the file has none that can be used they are the mask's.
    ``segmentation`` is polygons or an RLE. An object without a mask has no ``segmentation``, counts for boxes only, and
    its id in the file is in ``without_mask``. Those of objects whose box is the mask's are in ``without_box``.
    ``names`` are the chosen classes by category id, ``other_names`` the others. ``federated`` are the labels of LVIS
    where the file has them.
    """

    path: Path
    images: list[ImageRecord]
    annotations: list[TruthRecord]
    names: dict[int, str]
    file_ids: list[int]
    audit: Audit
    other_names: dict[int, str] = field(default_factory=dict)
    without_mask: list[int] = field(default_factory=list)
    without_box: list[int] = field(default_factory=list)
    federated: FederatedLabels | None = None

    @property
    def has_masks(self) -> bool:
        """Return whether masks can be scored: some object has one, or there is no object at all."""
        return len(self.without_mask) < len(self.annotations) or not self.annotations

    def coco_dataset(self, kind: str) -> dict[str, Any]:
        """Return the COCO data set for ``kind``: all objects for ``bbox``, those with a mask for ``segm``."""
        annotations = with_masks(self.annotations) if kind == "segm" and self.without_mask else self.annotations
        categories = [{"id": category_id, "name": name} for category_id, name in self.names.items()]
        return {"images": self.images, "annotations": annotations, "categories": categories}

    def require_ids_from_zero(self) -> None:
        """Raise ``DataError`` when an image or a category has a negative id, which the evaluator does not take."""
        require_ids_from_zero(self.path, "image", (image["id"] for image in self.images))
        require_ids_from_zero(self.path, "category", self.names)

    def draw_masks(self) -> None:
        """Replace every polygon and uncompressed segmentation by a compressed RLE, in place.

        The evaluator reads polygons too, but the measures of single masks take RLEs only.
        """
        sizes = {image["id"]: (image["height"], image["width"]) for image in self.images}
        for each in self.annotations:
            mask = each.get("segmentation")
            if isinstance(mask, list) or (mask is not None and isinstance(mask["counts"], list)):
                each["segmentation"] = rasterise(mask, *sizes[each["image_id"]]).rle

    @property
    def incomplete(self) -> IncompleteObjects:
        """The objects without a mask or without a box."""
        return IncompleteObjects(self.without_mask, self.without_box)

    def lines(self) -> list[str]:
        """Return lines for a terminal on the annotations that cannot be used, or not as a whole."""
        source = str(self.path)
        if self.has_masks:
            return [*self.audit.lines(), *self.incomplete.lines(source)]
        return [*self.audit.lines(), f"{source}: the truth has no mask; only boxes are scored."]

    def image_index(self) -> ImageIndex:
        """Return the look-up of images by id, by file name, and by name without folders where that is unique."""
        sizes = {image["id"]: (image["height"], image["width"]) for image in self.images}
        ids = {image["file_name"]: image["id"] for image in self.images}
        bare = {name: name.replace("\\", "/").rpartition("/")[2] for name in ids}
        often = Counter(bare.values())
        return ImageIndex(sizes, {bare[name]: i for name, i in ids.items() if often[bare[name]] == 1} | ids)

    def file_names(self) -> dict[int, str]:
        """Return the file name of each image by its id."""
        return {image["id"]: image["file_name"] for image in self.images}

    def labels(self) -> dict[int, str]:
        """Return the name to show for each category id; categories that share a name have their id added."""
        often = Counter(self.names.values())
        return {i: name if often[name] == 1 else f"{name} (id {i})" for i, name in self.names.items()}


@collector_paused()
def read_truth(path: Path, classes: Sequence[str] | None = None) -> CocoTruth:
    """Read the COCO file at ``path`` as ground truth, of the ``classes`` given by name or of all.

    Every annotation is accounted for in ``audit``. Images of LVIS without a ``file_name`` have the last two parts of
    their ``coco_url``. Raises ``UsageError`` when there is no such file or class. Raises ``DataError`` when the file is
    no COCO file or lists no image.
    """
    faults: list[Fault] = []
    content = read_text(path, faults)
    coco = coco_of_text(path, content, faults)
    if coco.kind is not None and coco.kind.code == "lvis_file":
        coco = coco_of_text(path, with_file_names(content), [])
    truth = truth_of(coco, classes)
    truth.federated = federated_labels(content)
    return truth


def truth_of(coco: CocoFile, classes: Sequence[str] | None = None) -> CocoTruth:
    """Return ``coco`` as ground truth, of the ``classes`` given by name or of all; see :func:`read_truth`.

    Raises ``UsageError`` for an unknown class and ``DataError`` when there is no image.
    """
    path = coco.path
    if not coco.images:
        raise DataError(f"{path}: lists no image that can be used; expected the truth. Check it with maskwright check.")
    images: list[ImageRecord] = [
        {"id": i.id, "file_name": i.file_name, "height": i.height, "width": i.width} for i in coco.images
    ]
    names = category_names(coco)
    wanted = set(class_table(coco, classes).names) if classes is not None else set(names.values())
    chosen = {i: name for i, name in names.items() if name in wanted}
    others = {i: name for i, name in names.items() if name not in wanted}
    truth = CocoTruth(path, images, [], chosen, [], audit_of_reading(coco), others)
    _add_annotations(truth, coco)
    return truth


def _add_annotations(truth: CocoTruth, coco: CocoFile) -> None:
    sizes = {image.id: (image.height, image.width) for image in coco.images}
    for annotation in coco.annotations:
        truth.audit.found += 1
        if annotation.category_id not in truth.names:
            truth.audit.skip("other_class")
            continue
        try:
            mask = _mask(annotation, *sizes[annotation.image_id])
        except BadSegmentation as bad:
            if annotation.usable_box is None:
                message = f"(image {annotation.image_id}) {bad} and no box"
                truth.audit.fault(Fault(bad.code, "annotation", annotation.id, message))
                continue
            mask = None
            truth.without_mask.append(annotation.id)
        if annotation.usable_box is None:
            truth.without_box.append(annotation.id)
        truth.audit.used += 1
        truth.annotations.append(_record(annotation, mask, len(truth.annotations) + 1))
        truth.file_ids.append(annotation.id)


def _mask(annotation: CocoAnnotation, height: int, width: int) -> list[list[float]] | dict[str, Any] | RasterisedMask:
    """Return the file's own segmentation where it is plain and the mask is not needed for box or area, else the mask.

    The evaluator draws polygons itself, on all processors at once.
    """
    if annotation.usable_box is not None and annotation.area is not None:
        try:
            plain = _plain.decode(annotation.segmentation)
        except (msgspec.DecodeError, UnicodeDecodeError):
            plain = []
        if isinstance(plain, _Runs):
            if plain.size == [height, width] and sum(plain.counts) == height * width:
                return {"size": plain.size, "counts": plain.counts}
        elif plain and not any(len(points) % 2 for points in plain):
            return plain
    return rasterise(annotation.segmentation, height, width)


def _record(
    annotation: CocoAnnotation, mask: list[list[float]] | dict[str, Any] | RasterisedMask | None, number: int
) -> TruthRecord:
    box, area = annotation.usable_box, annotation.area
    if isinstance(mask, RasterisedMask):
        box = true_box(box, mask)
        area = mask.area if area is None else area
    elif area is None and box is not None:
        area = box[2] * box[3]
    record = {
        "id": number,
        "image_id": annotation.image_id,
        "category_id": annotation.category_id,
        "bbox": box,
        "area": area,
        "iscrowd": int(bool(annotation.iscrowd)),
    }
    if mask is not None:
        record["segmentation"] = mask.rle if isinstance(mask, RasterisedMask) else mask
    return cast(TruthRecord, record)
