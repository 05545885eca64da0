"""The path that a user gives for an annotation file: what else may be there, and what to type then."""

import shlex
from pathlib import Path

from maskwright.errors import UsageError, require_file, some_of

# The files by which a folder in YOLO's format is known.
YOLO_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt")
# Files beside a model's results are looked at up to this size.
_LARGEST_LOOKED_AT = 64 << 20


def require_annotations(path: Path) -> Path:
    """Return ``path`` when it is a file, else raise ``UsageError`` that says what it is and what to type instead."""
    listing = path.suffix in (".yaml", ".yml") and path.name in YOLO_NAMES and path.is_file()
    if not path.is_dir() and not listing:
        return require_file(path, "annotations")
    if listing or any((path / name).is_file() for name in YOLO_NAMES):
        out = f"{(path.resolve().parent if listing else path.resolve()).name}-coco"
        raise UsageError(
            f"{path}: is a {'file' if listing else 'folder'} in YOLO's format; expected a COCO file. Convert it, or "
            f"train on it as it is: maskwright train {shlex.quote(str(path))}."
        ).try_next("convert", path, "--from", "yolo", "--to", "coco", "--out", out)
    files = sorted(path.glob("*.json"))
    shown = f" It holds {some_of((file.name for file in files), 3)}." if files else ""
    error = UsageError(f"{path}: it is not a file; expected the annotations file.{shown}")
    raise error.try_next(replaced={str(path): str(files[0])}) if len(files) == 1 else error


def annotations_beside(results: Path) -> Path | None:
    """Return the COCO file beside ``results``, a model's results, where there is exactly one; else None."""
    others = [file for file in sorted(results.parent.glob("*.json")) if file.name != results.name and _is_coco(file)]
    return others[0] if len(others) == 1 else None


def _is_coco(file: Path) -> bool:
    """Return whether ``file`` looks like a COCO file: an object with images and annotations."""
    try:
        if file.stat().st_size > _LARGEST_LOOKED_AT:
            return False
        content = file.read_bytes()
    except OSError:
        return False
    return content[:64].lstrip().startswith(b"{") and b'"images"' in content and b'"annotations"' in content
