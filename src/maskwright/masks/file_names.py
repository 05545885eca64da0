"""The name of an image's mask file, and the images that would share one."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath


def mask_file(name: str) -> str:
    """``<stem>.png`` for the image file ``name``, whose folders are left out, whichever way its slashes lean."""
    return f"{PurePosixPath(name.replace(chr(92), '/')).stem}.png"


def name_collisions(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Positions ``(first, other)`` in ``names`` of images whose masks would be one file; the case does not count.

    Each name is compared with the first of its mask file, because some file systems take Cat.png and cat.png for one.
    """
    owners: dict[str, int] = {}
    for position, name in enumerate(names):
        first = owners.setdefault(mask_file(name).lower(), position)
        if first != position:
            yield first, position
