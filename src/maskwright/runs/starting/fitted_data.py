"""The data of a fitted recipe: an export read, its images found, and its parts written where it has none."""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.formats.exports import Export
from maskwright.annotations.formats.image_places import ImagePlaces, place_images
from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.recipes.fitting.draft import Draft
from maskwright.recipes.fitting.figures import DataFigures
from maskwright.recipes.fitting.schedules import PartSizes, choose_parts
from maskwright.runs.starting.data_figures import data_figures

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True)
class LocatedPart:
    """A part of an export with its images: its name, its file as raw and as typed records, and where its images lie."""

    name: str
    document: Document
    places: ImagePlaces

    @property
    def annotations(self) -> Path:
        """The annotation file."""
        return self.document.coco.path

    @property
    def is_exact(self) -> bool:
        """Whether every image of the file lies in the folder under the name that the file has."""
        return not self.places.missing and not self.places.renamed

    def files(self, most: int) -> list[Path]:
        """Return ``most`` of its image files."""
        return [self.places.folder / name for name in list(self.places.names.values())[:most]]


def locate_parts(export: Export, images: Path | None, reporter: Reporter) -> list[LocatedPart]:
    """Read the parts of ``export`` and find their images; ``images`` is the folder that the user gave.

    What is missing or has another name is reported.

    Raises ``UsageError`` when no image of a part is found, and ``DataError`` when a file cannot be read.
    """
    located = []
    for part in export.parts:
        document = read_document(part.annotations)
        located.append(LocatedPart(part.name, document, place_images(document.coco, part.folders, images)))
    for each in located:
        reporter.warn(_remarks(each))
    return located


def figures_of(parts: Iterable[LocatedPart]) -> DataFigures:
    """Return the figures of all ``parts`` together, of the images whose files are there."""
    known = list(parts)
    return data_figures([each.document.coco for each in known], [each.places.names.keys() for each in known])


def write_located(part: LocatedPart, path: Path) -> None:
    """Write the COCO file ``path``: the images of ``part`` that have a file, under its name, with their annotations."""
    document, names = part.document, part.places.names
    coco = document.coco
    records = records_with_ids(document.images, names)
    known = [image.id for image in coco.images if image.id in names]
    images = [
        {**_decode(record), "file_name": names[identity]} for identity, record in zip(known, records, strict=True)
    ]
    kept = [each.id for each in coco.annotations if each.image_id in names]
    categories = [category.id for category in coco.categories]
    write_coco(
        path,
        images,
        records_with_ids(document.annotations, kept),
        records_with_ids(document.categories, categories),
        document.head,
    )


def _remarks(part: LocatedPart) -> list[str]:
    places, total = part.places, len(part.document.coco.images)
    lines = []
    if places.missing:
        shown = ", ".join(places.missing[:3])
        lines.append(
            f"{part.annotations}: {len(places.missing)} of {total} images have no file in {places.folder}, such as "
            f"{shown}; they are left out. This names them all: "
            + shlex.join(["maskwright", "check", str(part.annotations), "--images", str(places.folder)])
        )
    if places.renamed:
        lines.append(f"{part.annotations}: {places.renamed} images are found under other names in {places.folder}.")
    return lines


def require_enough(parts: Sequence[LocatedPart], data: DataFigures, source: Path) -> None:
    """Raise unless ``parts``, read from ``source``, can be trained and validated on: one to split, or both."""
    names = [part.name for part in parts]
    if len(parts) > 1 and not {"train", "validation"} <= set(names):
        raise UsageError(
            f"{source}: has the parts {' and '.join(names)}; expected train and validation, or one part, which is then "
            "split. Give the annotation file of one."
        )
    if data.images < 2:
        raise DataError(
            f"{source}: {data.images} image has a file; expected two at least, one to train and one to validate on. "
            "Add images, or name their folder with --images."
        )


def sizes_of_parts(parts: Sequence[LocatedPart], data: DataFigures) -> PartSizes:
    """Return how many images to train and to validate on: those of the parts, or shares of an undivided set."""
    images = {part.name: len(part.places.names) for part in parts}
    return choose_parts(data.images) if "train" not in images else PartSizes(images["train"], images["validation"])


def usable_annotations(part: LocatedPart, place: Path) -> Path:
    """Return the annotation file of ``part``, or a copy in ``place`` whose images all have a file of their name."""
    if part.is_exact:
        return part.annotations
    path = place / ("labels.json" if part.name == "all" else f"{part.name}.json")
    write_located(part, path)
    return path


def data_source(folder: Path, file: Path) -> dict[str, Any]:
    """Return the section of a recipe that names the images ``folder`` and the annotation ``file`` of a part."""
    return {"images": folder.as_posix(), "annotations": file.as_posix()}


def fitted_text(draft: Draft, out: Path, source: Path, export: Export) -> str:
    """Return the text of the recipe ``out`` that was fitted to ``source``, with its comments."""
    kind = f" (an export of {export.kind})" if export.kind not in ("COCO", "YOLO") else ""
    head = (
        f"Fitted by `maskwright init` to {shlex.quote(source.as_posix())}{kind}. Above each key stands what its value "
        "rests on; change what you know better. Paths are relative to the folder in which you run: maskwright run "
        f"{shlex.quote(out.as_posix())}"
    )
    return draft.text(head)


def fitted_name(out: Path) -> str:
    """Return the name of the recipe ``out``: that of its file in letters that a run folder may have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", out.stem).strip("-._") or "recipe"
