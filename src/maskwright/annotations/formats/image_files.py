"""Image files of a data set: found by name inside their folder, and copied."""

from pathlib import Path, PurePosixPath, PureWindowsPath

from maskwright.annotations.faults import Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage
from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.images.decode import IMAGE_SUFFIXES, image_path
from maskwright.masks.file_names import file_system_key


def file_in(folder: Path | None, file_name: str) -> Path | None:
    """Return the file ``file_name`` inside ``folder``, or None when it does not exist or is outside of the folder."""
    if folder is None:
        return None
    try:
        path = image_path(folder, file_name)
        return path if path.is_file() else None
    except (DataError, OSError):
        return None


def images_below(folder: Path) -> list[str]:
    """Return the names of all image files in ``folder`` and its subfolders, relative to it, with ``/``, sorted."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


class Stems:
    """An index of images by stem, the name without folder and suffix, which reads each folder once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, str]] = {}

    def find(self, folder: Path | None, stem: str) -> str | None:
        """Return the image of ``stem`` in ``folder``, or None when there is none.

        Raises ``DataError`` when two images in ``folder`` share a stem.
        """
        if folder is None or not folder.is_dir():
            return None
        if folder not in self._folders:
            self._folders[folder] = _by_stem(folder)
        return self._folders[folder].get(stem)


def _by_stem(folder: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in images_below(folder):
        stem = PurePosixPath(name).stem
        if stem in names:
            raise DataError(
                f"{folder}: '{names[stem]}' and '{name}' differ in their folder or suffix only, so a mask "
                f"{stem}.png could be of either; expected one. Rename one of them."
            )
        names[stem] = name
    return names


def name_fault(image: AnnotatedImage) -> Fault | None:
    """Return the fault of an image name that no file of the target can have, because it leads out of the folder.

    None when the name is usable.
    """
    name = image.file_name.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or PureWindowsPath(name).drive:
        return Fault("absolute_path", "image", image.file_name, "has an absolute file name")
    if ".." in path.parts or not path.name:
        return Fault("outside_path", "image", image.file_name, "has a file name that leads out of the folder")
    return None


def target_name(file_name: str) -> PurePosixPath:
    """Return ``file_name`` with ``/`` between folders, for a file of the target; see :func:`name_fault`."""
    return PurePosixPath(file_name.replace("\\", "/"))


class OutputNames:
    """The file names of a target, each with the one image that may use it."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def claim(self, file: Path | PurePosixPath, image: AnnotatedImage) -> None:
        """Reserve ``file`` for ``image``.

        Raises ``DataError`` when another image has it.
        """
        key = file_system_key(str(file))
        if key in self._owners:
            raise DataError(
                f"The images '{self._owners[key]}' and '{image.file_name}' would share the file {file}; expected file "
                "names that differ before their suffix. Rename one of the images."
            )
        self._owners[key] = image.file_name


def copy_image(image: AnnotatedImage, to: Path, audit: ConversionAudit) -> None:
    """Copy the file of ``image`` to ``to``; when it was not found, enter a fault into ``audit``."""
    if image.path is None:
        message = "has no file in the images folder to copy"
        audit.objects.faults.append(Fault("image_not_copied", "image", image.file_name, message))
        return
    write_bytes(to, image.path.read_bytes())
