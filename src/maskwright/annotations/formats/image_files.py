"""The image files beside annotations: found by name inside their folder, copied when asked for."""

from pathlib import Path, PurePosixPath, PureWindowsPath

from maskwright.annotations.faults import Fault
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage
from maskwright.errors import DataError
from maskwright.files import write_bytes
from maskwright.images.decode import IMAGE_SUFFIXES, image_path


def file_in(folder: Path | None, file_name: str) -> Path | None:
    """The image file called ``file_name`` inside ``folder``, or None when it is not there or leads out of it."""
    if folder is None:
        return None
    try:
        path = image_path(folder, file_name)
        return path if path.is_file() else None
    except (DataError, OSError):
        return None


def images_below(folder: Path) -> list[str]:
    """The names, relative to ``folder`` and with ``/``, of all image files in it and in its subfolders, sorted."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


class Stems:
    """Finds images by their name without folder and suffix, reading each folder once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, str]] = {}

    def find(self, folder: Path | None, stem: str) -> str | None:
        """The image of ``stem`` in ``folder``, None when there is none; ``DataError`` where two images share it."""
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
    """What forbids to name a file after the image: its name leads out of the target's folder."""
    name = image.file_name.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or PureWindowsPath(name).drive:
        return Fault("absolute_path", "image", image.file_name, "has an absolute file name")
    if ".." in path.parts or not path.name:
        return Fault("outside_path", "image", image.file_name, "has a file name that leads out of the folder")
    return None


def target_name(file_name: str) -> PurePosixPath:
    """``file_name`` with ``/`` between folders, for a file of the target; see :func:`name_fault`."""
    return PurePosixPath(file_name.replace("\\", "/"))


class OutputNames:
    """Keeps two images from sharing one file of the target."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def claim(self, file: Path | PurePosixPath, image: AnnotatedImage) -> None:
        """Note that ``file`` belongs to ``image``; ``DataError`` when another image has it."""
        # Some file systems take Cat.txt and cat.txt for one file.
        key = str(file).lower()
        if key in self._owners:
            raise DataError(
                f"The images '{self._owners[key]}' and '{image.file_name}' would share the file {file}; expected file "
                "names that differ before their suffix. Rename one of the images."
            )
        self._owners[key] = image.file_name


def copy_image(image: AnnotatedImage, to: Path, audit: ConversionAudit) -> None:
    """Copy the image's file to ``to``; an image whose file was not found is named in the audit."""
    if image.path is None:
        message = "has no file in the images folder to copy"
        audit.objects.faults.append(Fault("image_not_copied", "image", image.file_name, message))
        return
    write_bytes(to, image.path.read_bytes())
