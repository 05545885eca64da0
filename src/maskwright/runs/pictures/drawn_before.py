"""Which panels of a run need not be drawn again: those whose file is what the same image, truth and prediction gave.

Decoding, drawing and encoding its panels takes longer than all else of a page whose figures are kept.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from maskwright.errors import DataError
from maskwright.files import read_json
from maskwright.images.decode import image_content
from maskwright.reports.kept_files import source_digest
from maskwright.version import __version__

DRAWN_OF = "drawn_of"
"""The key of :func:`drawn_of` in the records of ``figures/panels.json``."""

# The rooms whose code decides how a panel looks.
_ROOMS = ("images", "masks", "structures", "reports/pictures", "runs/pictures", "evaluation/coco")


def drawn_of(sources: Iterable[bytes], panel: Path) -> str | None:
    """Return a digest of the ``sources`` of a panel, of the code that draws it, and of its file.

    It is None when there is no such file, or one that a run does not write: a link, or more than an image file may
    have.
    """
    try:
        content = None if panel.is_symlink() else image_content(panel)
    except (DataError, OSError):
        return None
    if content is None:
        return None
    digest = hashlib.sha256(_code().encode())
    for part in (*sources, content):
        # By its length: else two parts could be taken for two others.
        digest.update(b"%d " % len(part) + part)
    return digest.hexdigest()


def digests_of_panels(panels_file: Path) -> Mapping[str, str]:
    """Return the digest of each panel by its ``file``, as a report wrote it into ``figures/panels.json``.

    A list that is missing or damaged has none: the report writes it anew.
    """
    try:
        records = read_json(panels_file)
    except (OSError, ValueError):
        return {}
    return {
        record["file"]: record[DRAWN_OF]
        for record in (records if isinstance(records, list) else ())
        if isinstance(record, dict) and all(isinstance(record.get(key), str) for key in ("file", DRAWN_OF))
    }


@cache
def _code() -> str:
    """Return a digest of the version and of the code that draws panels."""
    folders = [files("maskwright").joinpath(room) for room in _ROOMS]
    return f"{__version__} {source_digest(file for folder in folders for file in folder.iterdir())}"
