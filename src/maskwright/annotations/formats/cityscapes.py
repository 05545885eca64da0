"""The reader of Cityscapes ``gtFine``: of each ``<part>/<city>/<image>_gtFine_…`` the file with most detail.

A pixel of ``instanceIds.png`` is ``label * 1000 + number`` in an object, and the plain label outside of objects. There,
a label that has instances marks a group of objects that are not separated, which becomes a crowd region. Without that
file, polygons of ``polygons.json`` are drawn by the official rule (``json2instanceImg.py``: Pillow, in file order).
With ``labelIds.png`` alone there are no objects, so all pixels of a label that has instances are one crowd region.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from hotcoco import mask as coco_mask
from PIL import Image, ImageDraw

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE, INSTANCE_LABELS, LABELS, label_id_of
from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedDataset, AnnotatedImage, AnnotatedObject, ReadOptions
from maskwright.annotations.formats.image_files import file_in
from maskwright.annotations.formats.label_maps import images_folder, read_map
from maskwright.errors import DataError, require_folder
from maskwright.limits import input_limit
from maskwright.masks.components import masks_by_label
from maskwright.structures import LabelMap, Rle

_SUFFIXES = ("_instanceIds.png", "_polygons.json", "_labelIds.png")
_BY_ID = {label.id: label for label in LABELS}
_BY_NAME = {label.name: label for label in LABELS}
# A label of polygons that the official masks omit.
_NOT_DRAWN = "license plate"
_FARTHEST = 1e6


class _Polygon(msgspec.Struct):
    label: str
    polygon: list[tuple[float, float]]
    deleted: int | bool = 0


class _Polygons(msgspec.Struct):
    imgHeight: int
    imgWidth: int
    objects: list[_Polygon]


def read(path: Path, reading: ReadOptions) -> AnnotatedDataset:
    """Read a folder that is ``gtFine`` or holds it; by default the eight classes of the instance benchmark.

    Images are named ``<city>/<image>_leftImg8bit.png``. Raises ``UsageError`` for a missing folder and for a class that
    Cityscapes does not have. Raises ``DataError`` when the folder holds no masks.
    """
    root = require_folder(path, "Cityscapes")
    root = root / "gtFine" if (root / "gtFine").is_dir() else root
    labels = INSTANCE_LABELS if reading.classes is None else LABELS
    classes = reading.choose_classes((label.name for label in labels if label.category != "void"), path)
    stems = sorted({_stem(each) for suffix in _SUFFIXES for each in root.rglob(f"*{suffix}")})
    if not stems:
        raise DataError(
            f"{path}: holds no files that end in {' or '.join(_SUFFIXES)}{_others(root)}; expected Cityscapes' gtFine "
            "folder. Add one of them for each image, or give another folder."
        )
    account = ConversionAudit(Audit(str(path)))
    parts = list(dict.fromkeys(_place(stem, root)[0] for stem in stems))
    images = reading.images or root.parent / "leftImg8bit"
    return AnnotatedDataset(path, classes, parts, _images(root, stems, classes, images, account), account, len(stems))


def _others(root: Path) -> str:
    """Return a text that names the other kinds of ground-truth files, empty when there are none."""
    endings = sorted({path.name.rpartition("_gt")[2].partition("_")[2] for path in root.rglob("*_gt*_*")})
    return f", found {', '.join(f'_{ending}' for ending in endings[:5])}" if endings else ""


def _stem(path: Path) -> Path:
    return path.with_name(next(path.name.removesuffix(s) for s in _SUFFIXES if path.name.endswith(s)))


def _place(stem: Path, root: Path) -> tuple[str | None, str]:
    """Return the part and the image name by the depth of the file: ``part/city/image``, ``city/image`` or ``image``."""
    *folders, name = stem.relative_to(root).parts
    base = name.removesuffix("_gtFine").removesuffix("_gtCoarse")
    part = folders.pop(0) if len(folders) > 1 or folders[:1] in (["train"], ["val"], ["test"]) else None
    return part, "/".join([*folders, f"{base}_leftImg8bit.png"])


def _images(
    root: Path, stems: list[Path], classes: list[str], images: Path, audit: ConversionAudit
) -> Iterator[AnnotatedImage]:
    for stem in stems:
        part, name = _place(stem, root)
        audit.images_found += 1
        try:
            numbers, told_apart = _instance_numbers(stem, root)
        except DataError as error:
            audit.skip_image(Fault("unreadable_file", "image", name, f"has an unreadable mask: {error}"))
            continue
        path = file_in(images_folder(images, part), name)
        image = AnnotatedImage(name, *numbers.shape, part=part, path=path)
        for number, rle in masks_by_label(numbers).items():
            each = _object(number, rle, name, classes, audit)
            if each is not None:
                image.objects.append(each)
                audit.change("not_told_apart", each.crowd and not told_apart)
        yield image


def _object(number: int, rle: Rle, image: str, classes: list[str], audit: ConversionAudit) -> AnnotatedObject | None:
    label = _BY_ID.get(label_id_of(number))
    if label is not None and label.category == "void":
        audit.change("void_pixels", int(coco_mask.area(rle)))
        return None
    if label is None:
        audit.skip_object(Fault("unnamed_class", "image", image, f"has the value {number}, which is no label"))
        return None
    audit.objects.found += 1
    if label.name not in classes:
        audit.objects.skip("other_class")
        return None
    audit.objects.used += 1
    return AnnotatedObject(label.name, rle, crowd=number < FIRST_INSTANCE and label.has_instances)


def _instance_numbers(stem: Path, root: Path) -> tuple[LabelMap, bool]:
    """Return the instance mask ``(H, W)`` of an image, and whether its file separates objects."""
    instances, polygons, labels = (stem.with_name(stem.name + suffix) for suffix in _SUFFIXES)
    if instances.is_file():
        return read_map(instances, root), True
    if labels.is_file() and not polygons.is_file():
        return read_map(labels, root), False
    if file_in(root, polygons.relative_to(root).as_posix()) is None:
        raise DataError(f"{polygons}: is no file inside {root}.")
    try:
        return _drawn(msgspec.json.decode(polygons.read_bytes(), type=_Polygons)), True
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{polygons}: is not a Cityscapes polygon file ({error}).") from error


def _drawn(content: _Polygons) -> LabelMap:
    if not 0 < content.imgHeight * content.imgWidth <= input_limit("image-pixels") or content.imgHeight < 1:
        raise ValueError(f"it is {content.imgWidth}×{content.imgHeight} pixels large")
    image = Image.new("I", (content.imgWidth, content.imgHeight), 0)
    drawer = ImageDraw.Draw(image)
    seen: Counter[int] = Counter()
    for each in content.objects:
        if each.label == _NOT_DRAWN or each.deleted:
            continue
        label = _BY_NAME.get(each.label) or _BY_NAME.get(each.label.removesuffix("group"))
        if label is None:
            raise ValueError(f"it has the unknown label '{each.label}'")
        if len(each.polygon) < 2 or not all(math.isfinite(v) and abs(v) < _FARTHEST for p in each.polygon for v in p):
            raise ValueError(f"a polygon of '{each.label}' has no finite points")
        number = label.id
        if label.has_instances and label.name == each.label:
            number = FIRST_INSTANCE * label.id + seen[label.id]
            seen[label.id] += 1
        drawer.polygon(each.polygon, fill=number)
    return np.array(image).astype(np.uint16)
