"""Where the images of a COCO file lie: the folder that holds them, and their names inside it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.formats.image_files import file_in, images_below
from maskwright.annotations.formats.image_search import image_folder_near
from maskwright.errors import UsageError, some_of
from maskwright.images.folder_names import FolderNames

_SAMPLE = 200


@dataclass(frozen=True)
class ImagePlaces:
    """The ``folder`` of the images, their ``names`` inside it by image id, and the file names that are ``missing``.

    ``renamed`` counts images whose name in the file differs from that in the folder.
    """

    folder: Path
    names: Mapping[int, str]
    missing: tuple[str, ...]
    renamed: int


def place_images(coco: CocoFile, folders: Sequence[Path], asked: Path | None = None) -> ImagePlaces:
    """Return where the images of ``coco`` lie: in the one of ``folders`` that holds most of a sample of them.

    A name that differs from its file only in case, Unicode form or kind of slash is taken for it. Where not one name of
    the file is in any folder, as in exports with paths of another machine, files are matched by the last parts of their
    names. ``asked`` is the folder that the user gave, for the message.

    Raises ``UsageError`` when no folder holds an image of the file.
    """
    names = {image.id: image.file_name for image in coco.images}
    sample = list(names.values())[:: max(1, len(names) // _SAMPLE)]
    held = {folder: sum(file_in(folder, name) is not None for name in sample) for folder in folders}
    best = max(held, key=lambda folder: held[folder], default=None)
    if best is not None and held[best]:
        return _in_folder(best, names)
    # Not below the folder of the annotations, unless asked: it may be anything, such as all that a user has.
    for folder in (each for each in folders if each == asked or each != coco.path.parent):
        found = _by_last_parts(images_below(folder), names)
        if found:
            missing = tuple(name for identity, name in names.items() if identity not in found)
            return ImagePlaces(folder, found, missing, sum(found[identity] != names[identity] for identity in found))
    where = some_of([asked] if asked is not None else folders) or "the folder of the file"
    error = UsageError(
        f"{coco.path}: none of its {len(names)} images is in {where}, such as {some_of(names.values(), 1)!r}; expected "
        "the folder with these files. Name it with --images DIR."
    )
    near = image_folder_near(coco) if names else None
    if near is None:
        raise error
    raise error.try_next(replaced={str(asked): str(near)} if asked is not None else {}, added=("--images", near))


def _in_folder(folder: Path, names: Mapping[int, str]) -> ImagePlaces:
    found = {identity: name for identity, name in names.items() if file_in(folder, name) is not None}
    exact = len(found)
    if exact < len(names):
        files, taken = FolderNames(folder), set(found.values())
        for identity, name in names.items():
            alike = [] if identity in found else files.alike(name)
            if len(alike) == 1 and alike[0] in files.files and alike[0] not in taken:
                found[identity] = alike[0]
                taken.add(alike[0])
    missing = tuple(name for identity, name in names.items() if identity not in found)
    return ImagePlaces(folder, found, missing, len(found) - exact)


def _by_last_parts(files: Iterable[str], names: Mapping[int, str]) -> dict[int, str]:
    """Return the file by image id that agrees with the name in most of its last parts, where that is one file.

    A file that several names would take is given to none of them.
    """
    by_last: dict[str, list[str]] = {}
    for file in files:
        by_last.setdefault(PurePosixPath(file).name, []).append(file)
    found = {}
    for identity, name in names.items():
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts:  # the name of a folder, such as "."
            continue
        shared = {file: _shared_end(PurePosixPath(file).parts, parts) for file in by_last.get(parts[-1], ())}
        best = [file for file, number in shared.items() if number == max(shared.values())]
        if len(best) == 1:
            found[identity] = best[0]
    taken = Counter(found.values())
    return {identity: file for identity, file in found.items() if taken[file] == 1}


def _shared_end(a: Sequence[str], b: Sequence[str]) -> int:
    """Return how many of the last parts of two paths are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(reversed(a), reversed(b), strict=False)))
