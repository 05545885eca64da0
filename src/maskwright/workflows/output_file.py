"""Files that a command is asked to write."""

from pathlib import Path

from maskwright.errors import UsageError


def require_other_file(out: Path, annotations: Path) -> None:
    """Raise ``UsageError`` when ``out`` is a folder, or the very file that is read."""
    if out.is_dir():
        raise UsageError(f"{out}: it is a folder; expected the name of a JSON file to write.")
    if out.exists() and annotations.exists() and out.samefile(annotations):
        raise UsageError(f"{out}: it is the file that is read; expected another one. Choose another --out.")
