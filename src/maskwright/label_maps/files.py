"""The mask file of each image, by its file name."""

from collections.abc import Sequence

from maskwright.errors import DataError
from maskwright.masks.mask_file import mask_file, sharing


def mask_files(names: Sequence[str]) -> dict[str, str]:
    """The mask file ``<stem>.png`` of each image file name; ``DataError`` when two images would share one."""
    for first, other in sharing(names):
        raise DataError(
            f"The images '{names[first]}' and '{names[other]}' would share the mask file {mask_file(names[other])}; "
            "expected file names that differ before their suffix. Rename one of the images."
        )
    return {name: mask_file(name) for name in names}
