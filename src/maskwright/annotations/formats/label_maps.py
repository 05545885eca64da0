"""The reader and the writer of label map folders: one PNG per image, with class labels, and ``classes.json``."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
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
from maskwright.annotations.formats.painting import VOID, paint_objects
from maskwright.control_characters import lines_of_names
from maskwright.errors import DataError, require_file, require_folder
from maskwright.files import write_json, write_text
from maskwright.images.decode import image_size
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.components import components, masks_by_label
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.masks.rle import BadSegmentation
from maskwright.structures import ClassTable, LabelMap, normalise_name

PARTS = frozenset({"train", "val", "valid", "validation", "test"})


class _Class(msgspec.Struct):
    index: int
    name: str


def read(path: Path, reading: ReadOptions) -> AnnotatedDataset:
    """Read a folder that ``maskwright masks`` or :class:`Writer` wrote; each class is one object per image.

    An image is named after the file of that stem in the images folder, else after its label map.

    Raises ``UsageError`` when the folder or ``classes.json`` is missing, or for a class that the folder does not have.
    Raises ``DataError`` when ``classes.json`` is not a list of classes.
    """
    names = read_class_names(require_folder(path, "label maps") / "classes.json")
    classes = reading.choose_classes(names.values(), path)
    account = ConversionAudit(Audit(str(path)))
    files = label_map_files(path)
    parts = sorted({part for part, _ in files}, key=str) or [None]
    images = _images(files, names, classes, _found_images(path, reading), account)
    return AnnotatedDataset(path, classes, parts, images, account, len(files))


def read_class_names(path: Path) -> dict[int, str]:
    """Return the class name by label from a ``classes.json``.

    Raises ``UsageError`` when there is no such file, ``DataError`` when it is not a list of classes.
    """
    try:
        records = msgspec.json.decode(require_file(path, "classes").read_bytes(), type=list[_Class])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f'{path}: is not a list of classes ({error}); expected [{{"index": 1, "name": …}}]. Correct it.'
        ) from error
    return {record.index: normalise_name(record.name) for record in sorted(records, key=lambda r: r.index)}


def label_map_files(folder: Path) -> list[tuple[str | None, Path]]:
    """Return the PNG files of a folder with their part.

    These are the files of its subfolders ``train``, ``val`` …, or without such folders those of the folder itself,
    whose part is None.
    """
    parts = sorted(each for each in folder.iterdir() if each.is_dir() and each.name in PARTS)
    if parts:
        return [(part.name, path) for part in parts for path in sorted(part.glob("*.png"))]
    return [(None, path) for path in sorted(folder.glob("*.png"))]


def read_map(path: Path, folder: Path) -> LabelMap:
    """Return the label map at ``path`` inside ``folder``.

    Raises ``DataError`` when the file is not a label map, is too large, has more runs of equal labels than the limit
    ``label-map-runs``, or lies outside of ``folder``.
    """
    if file_in(folder, path.relative_to(folder).as_posix()) is None:
        raise DataError(f"{path}: is no file inside {folder}.")
    # The header is read first: it rejects a file that is not an image or is too large to unpack.
    image_size(path)
    label_map = read_label_map(path)
    # A file of stripes is small, and its masks take a hundred bytes a run.
    runs = int(np.count_nonzero(label_map[1:] != label_map[:-1])) + label_map.shape[1]
    if runs > input_limit("label-map-runs"):
        raise DataError(f"{path}: has {runs:,} runs of equal labels in its columns; {beyond_limit('label-map-runs')}.")
    return label_map


def _images(
    files: list[tuple[str | None, Path]],
    names: dict[int, str],
    classes: list[str],
    reading: ReadOptions,
    audit: ConversionAudit,
) -> Iterator[AnnotatedImage]:
    stems = Stems()
    for part, path in files:
        audit.images_found += 1
        try:
            label_map = read_map(path, path.parent)
        except DataError as error:
            audit.skip_image(Fault("unreadable_image", "image", path.name, f"is not a label map: {error}"))
            continue
        folder = images_folder(reading.images, part)
        file_name = stems.find(folder, path.stem) or path.name
        audit.change("named_by_mask", stems.find(folder, path.stem) is None)
        image = AnnotatedImage(file_name, *label_map.shape, part=part, path=file_in(folder, file_name))
        image.objects.extend(class_objects(label_map, path.name, names, classes, reading, audit))
        yield image


def _found_images(path: Path, reading: ReadOptions) -> ReadOptions:
    """Return ``reading`` with the images that the writer of this module copies, unless others are given."""
    own = path / "images"
    return replace(reading, images=own) if reading.images is None and own.is_dir() else reading


def images_folder(images: Path | None, part: str | None) -> Path | None:
    """Return the images folder of ``part``: its subfolder where it exists, else ``images`` itself."""
    return images / part if images is not None and part and (images / part).is_dir() else images


def class_objects(
    label_map: LabelMap,
    file: str,
    names: dict[int, str],
    classes: list[str],
    reading: ReadOptions,
    audit: ConversionAudit,
) -> Iterator[AnnotatedObject]:
    """Yield one object for each class of a label map, or one for each of its connected components.

    ``names`` is the class name by label, ``classes`` the names to read, ``file`` the name for faults. The largest value
    of the map's type is void, unless ``names`` has it.
    """
    void = int(np.iinfo(label_map.dtype).max)
    for label, rle in masks_by_label(label_map).items():
        if label == void and void not in names:
            audit.change("void_pixels", int((label_map == void).sum()))
            continue
        if label not in names:
            message = f"has pixels of label {label}, which is none of the {len(names)} classes"
            audit.skip_object(Fault("unnamed_class", "image", file, message))
            continue
        try:
            masks = components(rle) if reading.components else [rle]
        except BadSegmentation as bad:
            audit.skip_object(Fault(bad.code, "image", file, f"label {label} {bad}"))
            continue
        audit.objects.found += len(masks)
        if names[label] not in classes:
            audit.objects.skip("other_class", len(masks))
            continue
        audit.objects.used += len(masks)
        yield from (AnnotatedObject(names[label], mask) for mask in masks)


class Writer:
    """The writer of label maps: palette PNGs ``<stem>.png``, in a folder per part, and the class names."""

    def __init__(self, out: Path, classes: list[str], writing: WriteOptions) -> None:
        self._out = out
        self._table = ClassTable.from_names(classes)
        self._labels = {name: self._table.index_of(name) for name in classes}
        self._writing = writing
        self._claims = OutputNames()

    def add(self, image: AnnotatedImage, audit: ConversionAudit) -> None:
        """Write the label map of an image.

        Raises ``DataError`` when two images share a stem.
        """
        folder = self._out / (image.part or "")
        path = folder / f"{target_name(image.file_name).stem}.png"
        self._claims.claim(path.relative_to(self._out), image)
        audit.change("folders_left_out", len(target_name(image.file_name).parts) > 1)
        numbers, objects = paint_objects(image, self._labels, self._writing.overlap, audit)
        labels = [self._labels[each.name] for each in objects]
        audit.change("objects_merged", len(labels) - len(set(labels)))
        by_number = np.zeros(VOID + 1, self._table.label_dtype)
        by_number[1 : len(labels) + 1] = labels
        by_number[VOID] = self._table.ignore_index
        write_label_map(path, by_number[numbers], self._table.png_palette())
        if self._writing.copy_images:
            copy_image(image, self._out / "images" / (image.part or "") / target_name(image.file_name), audit)

    def finish(self, parts: list[str | None]) -> None:
        """Write ``classes.json`` and ``classes.txt``."""
        write_json(self._out / "classes.json", self._table.to_json())
        write_text(self._out / "classes.txt", lines_of_names(self._table.names_with_background))
