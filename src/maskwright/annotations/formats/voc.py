"""The reader and the writer of Pascal VOC segmentation folders.

``SegmentationObject`` gives each pixel the number of its object, ``SegmentationClass`` its class; 255 is void. Masks
come from these PNGs. The boxes of the XML are written but not read.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maskwright.annotations.faults import Audit, Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import (
    AnnotatedDataset,
    AnnotatedImage,
    AnnotatedObject,
    ReadOptions,
    WriteOptions,
)
from maskwright.annotations.formats.image_files import OutputNames, Stems, copy_image, file_in, target_name
from maskwright.annotations.formats.label_maps import class_objects, images_folder, read_map
from maskwright.annotations.formats.painting import VOID, paint_objects
from maskwright.annotations.formats.voc_names import read_voc_names, voc_palette, write_voc_names
from maskwright.annotations.formats.voc_xml import image_name, write_xml
from maskwright.control_characters import lines_of_names, unquote_name
from maskwright.errors import DataError, require_folder
from maskwright.files import write_text
from maskwright.masks.bands import pixel_bands
from maskwright.masks.components import masks_by_label
from maskwright.masks.png import write_label_map
from maskwright.structures import LabelMap

_MOST = 254
_PARTS = ("train", "val", "test")
_CLASS, _OBJECT, _SETS = "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"


def read(path: Path, reading: ReadOptions) -> AnnotatedDataset:
    """Read a folder laid out like ``VOC2012``.

    Without ``SegmentationObject`` each class is one object per image. An image is named after the file of that stem in
    ``JPEGImages`` or in the images folder given, else as its XML says, else after its mask.

    Raises ``UsageError`` when there is no ``SegmentationClass``, or for a class that the folder does not have.
    """
    require_folder(path / _CLASS, "VOC class masks")
    names = read_voc_names(path)
    classes = reading.choose_classes(names.values(), path)
    account = ConversionAudit(Audit(str(path)))
    parts = _parts(path, account)
    total = sum(map(len, parts.values()))
    return AnnotatedDataset(
        path, classes, list(parts), _images(path, parts, names, classes, reading, account), account, total
    )


def _parts(root: Path, audit: ConversionAudit) -> dict[str | None, list[str]]:
    """Return the image stems by part, as the lists of the folder say; without lists, all masks are one part."""
    masks = sorted(path.stem for path in (root / _CLASS).glob("*.png"))
    folder = root / _SETS
    lists = [folder / f"{part}.txt" for part in _PARTS if (folder / f"{part}.txt").is_file()]
    lists = lists or sorted(path for path in folder.glob("*.txt") if path.is_file())
    if not lists:
        return {None: masks}
    parts: dict[str | None, list[str]] = {path.stem: _lines(path) for path in lists}
    for stem in sorted(set(masks).difference(*parts.values())):
        audit.images_found += 1
        names = ", ".join(path.name for path in lists)
        audit.skip_image(Fault("unlisted_image", "image", stem, f"has masks but is not listed in {names}"))
    return parts


def _lines(path: Path) -> list[str]:
    lines = (unquote_name(line.strip()) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return list(dict.fromkeys(filter(None, lines)))


def _images(
    root: Path,
    parts: dict[str | None, list[str]],
    names: dict[int, str],
    classes: list[str],
    reading: ReadOptions,
    audit: ConversionAudit,
) -> Iterator[AnnotatedImage]:
    stems = Stems()
    for part, wanted in parts.items():
        folder = images_folder(reading.images or root / "JPEGImages", part)
        for stem in wanted:
            audit.images_found += 1
            maps = _maps(root, stem, audit)
            if maps is None:
                continue
            by_xml = image_name(root / "Annotations" / f"{stem}.xml", stem, audit)
            file_name = stems.find(folder, stem) or by_xml or f"{stem}.png"
            audit.change("named_by_mask", file_name == f"{stem}.png")
            image = AnnotatedImage(file_name, *maps[0].shape, part=part, path=file_in(folder, file_name))
            file = f"{stem}.png"
            if maps[1] is None:
                image.objects.extend(class_objects(maps[0], file, names, classes, reading, audit))
            else:
                image.objects.extend(_objects(maps[0], maps[1], file, names, classes, audit))
            yield image


def _maps(root: Path, stem: str, audit: ConversionAudit) -> tuple[LabelMap, LabelMap | None] | None:
    """Return the class map of an image and its object map, if any, or None when they cannot be read."""
    file = f"{stem}.png"
    folders = [root / _CLASS] + [root / _OBJECT] * (root / _OBJECT).is_dir()
    if "/" in stem or "\\" in stem or not all(file_in(folder, file) for folder in folders):
        missing = " and ".join(folder.name for folder in folders)
        audit.skip_image(Fault("missing_mask", "image", stem, f"is listed but has no {file} in {missing}"))
        return None
    try:
        by_class, *by_object = (read_map(folder / file, folder) for folder in folders)
    except DataError as error:
        audit.skip_image(Fault("unreadable_image", "image", stem, f"has an unreadable mask: {error}"))
        return None
    if by_object and by_object[0].shape != by_class.shape:
        message = f"has a class mask {by_class.shape} and an object mask {by_object[0].shape} (height, width)"
        audit.skip_image(Fault("image_size", "image", stem, message))
        return None
    return by_class, by_object[0] if by_object else None


def _objects(
    by_class: LabelMap,
    by_object: LabelMap,
    file: str,
    names: dict[int, str],
    classes: list[str],
    audit: ConversionAudit,
) -> Iterator[AnnotatedObject]:
    """Yield the objects of an object map; the class of an object is that of most of its pixels."""
    void = int(np.iinfo(by_object.dtype).max)
    classes_of = _classes_of_objects(by_class, by_object)
    for number, rle in masks_by_label(by_object).items():
        labels = classes_of[number]
        if number == void:
            audit.change("void_pixels", sum(labels.values()))
            continue
        audit.objects.found += 1
        label = max(sorted(labels), key=lambda each: labels[each])
        if label not in names:
            message = f"has object {number} of class {label}, which is none of the {len(names)} classes"
            audit.objects.fault(Fault("unnamed_class", "image", file, message))
            continue
        if names[label] not in classes:
            audit.objects.skip("other_class")
            continue
        audit.objects.used += 1
        if len(labels) > 1:
            message = f"has object {number} with pixels of {len(labels)} classes; it is taken for {names[label]}"
            audit.objects.faults.append(Fault("mixed_classes", "image", file, message))
        yield AnnotatedObject(names[label], rle)


def _classes_of_objects(by_class: LabelMap, by_object: LabelMap) -> dict[int, Counter[int]]:
    """Return by object number the pixels of each class, in one pass over the maps ``(H, W)``."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for classes, objects in pixel_bands(by_class, by_object):
        pairs = objects.astype(np.uint32) << 16 | classes
        starts = np.concatenate(([0], np.flatnonzero(pairs[1:] != pairs[:-1]) + 1))
        pixels = np.diff(starts, append=pairs.size)
        values, places = np.unique(pairs[starts], return_inverse=True)
        for value, count in zip(values.tolist(), np.bincount(places, pixels).tolist(), strict=True):
            found[value >> 16][value & 0xFFFF] += int(count)
    return found


class Writer:
    """The writer of a VOC folder: object and class masks, XML, lists of the parts, and class names."""

    def __init__(self, out: Path, classes: list[str], writing: WriteOptions) -> None:
        """Take the folder, the class names by label and the options; raise ``DataError`` for over 254 classes."""
        if len(classes) > _MOST:
            raise DataError(
                f"{len(classes)} classes do not fit into VOC's 8-bit masks; expected at most {_MOST}. Choose with "
                "--classes."
            )
        self._out = out
        self._classes = classes
        self._labels = {name: label for label, name in enumerate(classes, start=1)}
        self._writing = writing
        self._palette = voc_palette()
        self._claims = OutputNames()
        self._stems: dict[str | None, list[str]] = {}

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Write the two masks and the XML of an image.

        Raises ``DataError`` when two images share a stem, or when XML cannot hold a name.
        """
        name = target_name(image.file_name)
        self._claims.claim(Path(f"{name.stem}.png"), image)
        audit.change("folders_left_out", len(name.parts) > 1)
        self._stems.setdefault(image.part, []).append(name.stem)
        numbers, objects = paint_objects(image, self._labels, self._writing.overlap, audit, _MOST)
        labels = np.zeros(VOID + 1, np.uint8)
        labels[1 : len(objects) + 1] = [self._labels[each.name] for each in objects]
        labels[VOID] = 255
        file = f"{name.stem}.png"
        write_label_map(self._out / _CLASS / file, labels[numbers], self._palette)
        write_label_map(self._out / _OBJECT / file, numbers.astype(np.uint8), self._palette)  # VOID becomes 255
        boxes = [(each.name, each.box) for each in objects]
        write_xml(self._out / "Annotations" / f"{name.stem}.xml", image, name.name, boxes)
        if self._writing.copy_images:
            copy_image(image, self._out / "JPEGImages" / name.name, audit)

    def finish(self, parts: list[str | None]) -> None:
        """Write the class names and the list of each part."""
        write_voc_names(self._out, self._classes)
        for part in parts:
            stems = self._stems.get(part, [])
            write_text(self._out / _SETS / f"{part or 'train'}.txt", lines_of_names(stems))
