"""The names of mask files, and images whose mask files would collide."""

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath


def mask_file(name: str) -> str:
    """Return ``<stem>.png`` for the image file ``name`` without its folders, which ``/`` or a backslash ends."""
    return f"{PurePosixPath(name.replace(chr(92), '/')).stem}.png"


def file_system_key(name: str) -> str:
    """Return ``name`` without case and in Unicode form NFC: equal for names that some file system takes for one file.

    Windows and macOS treat Cat.png and cat.png as one, and macOS the é of one character and of two.
    """
    return unicodedata.normalize("NFC", name).lower()


def name_collisions(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield positions ``(first, other)`` in ``names`` of images with the same mask file on some file system.

    Each name is compared with the first of its mask file; see :func:`file_system_key`.
    """
    owners: dict[str, int] = {}
    for position, name in enumerate(names):
        first = owners.setdefault(file_system_key(mask_file(name)), position)
        if first != position:
            yield first, position
