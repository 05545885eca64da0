"""What a labelling tool exported: the annotation file of each part, and the folders its images may lie in.

The layouts are those of Roboflow (``_annotations.coco.json`` beside the images, in a folder of each part), CVAT
(``annotations/instances_NAME.json`` beside ``images``), Label Studio (``result.json``, mostly beside ``images``), a
YOLO folder, and a COCO file of any name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from maskwright.annotations.coco.given_path import YOLO_NAMES
from maskwright.annotations.formats.image_search import require_image_folder
from maskwright.errors import UsageError, require_file, some_of

ExportKind = Literal["COCO", "Roboflow", "CVAT", "Label Studio", "YOLO"]

_ROBOFLOW = "_annotations.coco.json"
# The names of parts that tools use.
_PARTS = {
    "train": ("train", "training"),
    "validation": ("valid", "val", "validation"),
    "test": ("test", "testing"),
}


@dataclass(frozen=True)
class ExportPart:
    """A part of an export: its name (``all`` for an undivided one), its file, and folders its images may lie in."""

    name: str
    annotations: Path
    folders: tuple[Path, ...]


@dataclass(frozen=True)
class Export:
    """An export: the tool or format, and its parts; none for YOLO, whose ``source`` must be converted first.

    ``beside`` are annotation files of other parts that lie beside the one that was named.
    """

    kind: ExportKind
    source: Path
    parts: tuple[ExportPart, ...] = ()
    beside: tuple[Path, ...] = ()


def find_export(source: Path, images: Path | None = None) -> Export:
    """Return what ``source``, an annotation file or the folder of an export, holds; ``images`` is the images folder.

    Raises ``UsageError`` when there is no such file or folder, no annotations are in it, or several that do not say
    which parts they are.
    """
    if images is not None:
        require_image_folder(images, source)
    if not source.is_dir():
        require_file(source, "annotations")
        if source.suffix in (".yaml", ".yml"):
            return Export("YOLO", source)
        return Export(_kind_of(source), source, (ExportPart("all", source, _folders(source, images)),), _beside(source))
    roboflow = sorted(source.glob(f"*/{_ROBOFLOW}"))
    if (source / _ROBOFLOW).is_file():
        roboflow = [source / _ROBOFLOW]
    cvat = sorted((source / "annotations").glob("instances_*.json"))
    kinds: tuple[tuple[ExportKind, Sequence[Path]], ...] = (
        ("Roboflow", roboflow),
        ("CVAT", cvat),
        ("Label Studio", [source / "result.json"] if (source / "result.json").is_file() else []),
    )
    for kind, files in kinds:
        if files:
            return Export(kind, source, _parts(source, files, images))
    if any((source / name).is_file() for name in YOLO_NAMES):
        return Export("YOLO", source)
    return Export("COCO", source, _parts(source, sorted(source.glob("*.json")), images))


def part_called(name: str) -> str | None:
    """Return ``train``, ``validation`` or ``test`` for a tool's ``name`` of it, else None.

    Example:
        >>> part_called("valid"), part_called("default")
        ('validation', None)
    """
    return next((part for part, names in _PARTS.items() if name.lower() in names), None)


def _kind_of(file: Path) -> ExportKind:
    if file.name == _ROBOFLOW:
        return "Roboflow"
    if file.parent.name == "annotations" and file.name.startswith("instances_"):
        return "CVAT"
    return "Label Studio" if file.name == "result.json" else "COCO"


def _parts(source: Path, files: Sequence[Path], images: Path | None) -> tuple[ExportPart, ...]:
    if not files:
        raise UsageError(
            f"{source}: holds no annotations that are known here; expected a COCO file (.json), or an export of "
            "Roboflow, CVAT, Label Studio or YOLO. Give the annotation file itself, or convert it: maskwright convert."
        )
    if len(files) == 1:
        return (ExportPart("all", files[0], _folders(files[0], images)),)
    named = {_part_of(file): file for file in files}
    if None in named or len(named) < len(files) or not {"train", "validation"} <= named.keys():
        shown = some_of(file.relative_to(source) for file in files)
        raise UsageError(
            f"{source}: holds {len(files)} annotation files ({shown}); expected one, or one for each of train, valid "
            "and test. Give the file to use."
        )
    order = [part for part in _PARTS if part in named]
    return tuple(ExportPart(part, named[part], _folders(named[part], images, part)) for part in order)


def _part_of(file: Path) -> str | None:
    own = file.stem.removeprefix("instances_")
    return part_called(file.parent.name) if file.name == _ROBOFLOW else part_called(own)


def _beside(file: Path) -> tuple[Path, ...]:
    """Return the files of the other parts of an export of Roboflow, of which ``file`` is one."""
    if file.name != _ROBOFLOW or part_called(file.absolute().parent.name) is None:
        return ()
    return tuple(each for each in sorted(_above(file.parent).glob(f"*/{_ROBOFLOW}")) if not each.samefile(file))


def _folders(file: Path, images: Path | None, part: str | None = None) -> tuple[Path, ...]:
    """Return the folders in which images of ``file`` may lie, the likeliest first."""
    if images is not None:
        own = [images / name for name in _PARTS[part]] if part else []
        return tuple(folder for folder in (*own, images) if folder.is_dir())
    beside = file.parent
    known = (beside / "images", beside / "data", beside, _above(beside) / "images")
    return tuple(folder for folder in known if folder.is_dir())


def _above(folder: Path) -> Path:
    """Return the parent of ``folder``, relative where it is."""
    return folder.parent if folder.name else folder / ".."
