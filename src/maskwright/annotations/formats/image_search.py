"""Search for the images of a COCO file in the folders near it, for an error that names the right one."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.formats.image_files import file_in
from maskwright.errors import MaskwrightError, UsageError, require_folder

# So many names are looked for in so many folders: a moment, also on a slow disk.
_NAMES, _FOLDERS, _LEVELS = 20, 200, 2


def image_folder_near(coco: CocoFile) -> Path | None:
    """Return the folder that holds most of a sample of the images of ``coco``, None when none of those near does.

    Near are the folder of the file and the working directory with their subfolders, two levels deep. A name counts by
    its last part too, as exports with paths of another machine have it.
    """
    names = [image.file_name for image in coco.images]
    sample = names[:: max(1, len(names) // _NAMES)][:_NAMES]
    both = [(name, PurePosixPath(name.replace("\\", "/")).name) for name in sample]
    found = {
        folder: sum(any(file_in(folder, name) is not None for name in names) for names in both)
        for folder in islice(_near((coco.path.parent, Path())), _FOLDERS)
    }
    best = max(found, key=lambda folder: found[folder], default=None)
    return best if best is not None and found[best] else None


def require_image_folder(folder: Path, annotations: Path) -> None:
    """Raise ``UsageError`` unless ``folder`` exists; it names the folder near that holds the images, if there is one.

    ``annotations`` is the COCO file of the images.
    """
    try:
        require_folder(folder, "images")
    except UsageError as error:
        if error.next_command is None and (near := _near_file(annotations)) is not None:
            raise error.try_next(replaced={str(folder): str(near)}) from None
        raise


def _near_file(annotations: Path) -> Path | None:
    if not annotations.is_file():
        return None
    try:
        return image_folder_near(read_coco(annotations))
    except MaskwrightError:  # which its own reading reports
        return None


def _near(roots: Sequence[Path]) -> Iterator[Path]:
    """Yield ``roots`` and the folders below them, the nearest first, each once; hidden ones and links are left out."""
    seen: set[Path] = set()
    level = list(roots)
    for depth in range(_LEVELS + 1):
        below: list[Path] = []
        for folder in level:
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                yield folder
                below += _subfolders(folder) if depth < _LEVELS else []
        level = below


def _subfolders(folder: Path) -> list[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        folder / entry.name
        for entry in entries
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
    ]
