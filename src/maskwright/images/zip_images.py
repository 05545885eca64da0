"""Images in ZIP files, read one by one into memory: nothing is unpacked to disk."""

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from maskwright.errors import DataError
from maskwright.files import require_regular_file
from maskwright.images.decode import IMAGE_SUFFIXES
from maskwright.limits import beyond_limit, input_limit

_ENCRYPTED = 0x1


@dataclass(frozen=True)
class ZipImages:
    """The images in the ZIP file at ``path``, which is open as ``archive``.

    ``names`` are those of its entries that are images by their suffix, in order. ``refused`` has the reason for each
    that is not read, by name.
    """

    path: Path
    names: tuple[str, ...]
    refused: dict[str, str]
    archive: zipfile.ZipFile

    @classmethod
    def open(cls, path: Path) -> "ZipImages":
        """Return the images listed in the ZIP file at ``path``.

        Refused are entries whose name leads out of a folder, links, and encrypted ones. Folders, files of other
        suffixes and macOS's copies (``__MACOSX``) do not count.

        Raises ``DataError`` when the file is no ZIP, or damaged.
        """
        try:
            archive = zipfile.ZipFile(require_regular_file(path))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"{path}: cannot be read as a ZIP file ({error}). Make or copy it again.") from error
        images = [
            entry
            for entry in archive.infolist()
            if PurePosixPath(entry.filename).suffix.lower() in IMAGE_SUFFIXES
            and not entry.is_dir()
            and not entry.filename.startswith("__MACOSX/")
        ]
        reasons = {entry.filename: _why_not(entry) for entry in images}
        refused = {name: f"{path}: the entry '{name}' {reason}." for name, reason in reasons.items() if reason}
        return cls(path, tuple(sorted(reasons.keys() - refused.keys())), refused, archive)

    def content(self, name: str) -> bytes:
        """Return the bytes of the entry ``name``; several threads may read at once.

        Raises ``DataError`` when the entry is damaged, or larger than the limit ``image-bytes``, whatever it says of
        itself.
        """
        most = input_limit("image-bytes")
        try:
            with self.archive.open(name) as entry:
                content = entry.read(most + 1)
        except Exception as error:  # zlib, bz2 and lzma have errors of their own for damaged data
            raise DataError(
                f"{self.path}: the entry '{name}' cannot be read ({error}). Make the file again."
            ) from error
        if len(content) > most:
            raise DataError(
                f"{self.path}: the entry '{name}' has more than {most:,} bytes; {beyond_limit('image-bytes')}."
            )
        return content


def _why_not(entry: zipfile.ZipInfo) -> str | None:
    """Return why an entry is not read, or None."""
    parts = PurePosixPath(entry.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        return "has a name that leads out of its folder; expected one inside"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link; expected an image"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted; expected one without a password"
    return None
