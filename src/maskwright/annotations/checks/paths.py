"""Faults of file names: paths that leave the images folder, that only some systems understand, or that collide.

No file is opened. Links are followed only to see where they lead.
"""

import posixpath
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from maskwright.annotations.coco.file import CocoFile, CocoImage
from maskwright.annotations.faults import Fault
from maskwright.errors import DataError
from maskwright.images.decode import image_path
from maskwright.images.folder_names import FolderNames
from maskwright.masks.file_names import mask_file, name_collisions

# /x, C:\x, C:/x, \\server\x; but 2:30.jpg is a name like any other.
_ABSOLUTE = re.compile(r"([A-Za-z]:)?[\\/]")


def path_faults(coco: CocoFile, folder: Path | None = None) -> Iterator[Fault]:
    """Yield the faults of the file names of ``coco``, in file order, then the images that would share a mask file.

    Names are checked as they are written. With ``folder``, they are also compared with its files: links that leave it,
    which is a warning, and names that differ from a file's in case or Unicode form. Empty names and names with NUL are
    faults of the record, which reading finds.
    """
    names = FolderNames(folder) if folder is not None else None
    for image in coco.images:
        fault = path_fault(image, names)
        if fault is None and names is not None and _is_linked_out(image.file_name, names):
            fault = _fault("outside_link", image, f"is a link out of {names.folder}")
        if fault is not None:
            yield fault
    yield from _shared_mask_files(coco)


def path_fault(image: CocoImage, names: FolderNames | None) -> Fault | None:
    """Return the fault of the file name of ``image``, or None; ``names`` are those of the images folder."""
    if names is not None and image.file_name in names.files:
        return None  # a plain file of just this name is inside the folder
    return _written_fault(image, names) or (None if names is None else _fault_in_folder(image, names))


def _written_fault(image: CocoImage, names: FolderNames | None) -> Fault | None:
    """Return the fault of the name as it is written, whatever files exist."""
    name = image.file_name
    if _ABSOLUTE.match(name):
        return _fault("absolute_path", image, "is an absolute path")
    # A folder shows whether a name with .. leaves it, but a backslash is never followed.
    if (names is None or "\\" in name) and _leaves(name.replace("\\", "/")):
        return _fault("outside_path", image, "leads out of the images folder")
    if "\\" in name:
        return _fault("backslash_path", image, "has backslashes, which only Windows reads as folder separators")
    return None


def _leaves(name: str) -> bool:
    plain = posixpath.normpath(name)
    return plain == ".." or plain.startswith("../")


def _fault_in_folder(image: CocoImage, names: FolderNames) -> Fault | None:
    name = image.file_name
    try:
        image_path(names.folder, name)
    except DataError:
        return _fault("outside_path", image, f"does not lead to a file inside {names.folder}")
    plain = posixpath.normpath(name)
    alike = names.alike(plain)
    if plain in names or not alike:
        return None
    # A file system that treats both spellings as one finds the file, but others do not.
    form = [other for other in alike if _nfc(other) == _nfc(plain)]
    code, what = ("unicode_form", "Unicode form") if form else ("case_differs", "case")
    written = " or ".join(f"'{other}'" for other in form or alike)
    return _fault(code, image, f"differs in its {what} from the file {written} in {names.folder}")


def _is_linked_out(name: str, names: FolderNames) -> bool:
    """Return whether the file is in the folder by a link, its own or that of a folder above it, that leaves it."""
    plain = PurePosixPath(posixpath.normpath(name))
    if not any(each.as_posix() in names.links for each in (plain, *plain.parents)):
        return False
    return not (names.folder / name).resolve().is_relative_to(names.folder.resolve())


def _shared_mask_files(coco: CocoFile) -> Iterator[Fault]:
    images = coco.images
    for first, other in name_collisions([image.file_name for image in images]):
        file = mask_file(images[other].file_name)
        message = f"would share the mask file {file} with image {images[first].id} ('{images[first].file_name}')"
        yield _fault("shared_mask_file", images[other], message)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _fault(code: str, image: CocoImage, found: str) -> Fault:
    return Fault(code, "image", image.id, f"('{image.file_name}') {found}")
