"""The names of mask files, and images whose mask files would collide."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath


def mask_file(name: str) -> str:
    """Return ``<stem>.png`` for the image file ``name`` without its folders, which ``/`` or a backslash ends."""
    return f"{PurePosixPath(name.replace(chr(92), '/')).stem}.png"


def name_collisions(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield positions ``(first, other)`` in ``names`` of images with the same mask file, ignoring case.

    Some file systems treat Cat.png and cat.png as one file. Each name is compared with the first of its mask file.
    """
    owners: dict[str, int] = {}
    for position, name in enumerate(names):
        first = owners.setdefault(mask_file(name).lower(), position)
        if first != position:
            yield first, position
