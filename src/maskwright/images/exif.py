"""The first directory of a block of EXIF: whether it can be read. EXIF is a file in the file, and often damaged."""

from typing import Literal

_PREFIX = b"Exif\0\0"
_BYTE_ORDERS: dict[bytes, Literal["little", "big"]] = {b"II*\0": "little", b"MM\0*": "big"}
_ENTRY = 12
_ORIENTATION = 0x0112
# The types of whole numbers, with their bytes: BYTE, SHORT, LONG.
_WIDTHS = {1: 1, 3: 2, 4: 4}
# The standard has 1 to 8, and cameras that do not know how they are held write 0.
_LARGEST_ORIENTATION = 8


def unreadable_exif(block: bytes) -> str:
    r"""Return why the first directory of the EXIF ``block`` cannot be read, or an empty text when it can.

    The directory holds the orientation. What it points to, such as a thumbnail or a maker's notes, is not looked at.
    The format is that of a TIFF file: Exif 2.32, section 4.6, and TIFF 6.0, section 2.

    Example:
        >>> from maskwright.images.exif import unreadable_exif
        >>> unreadable_exif(b"Exif\0\0nonsense")
        "it begins with b'nons', not as TIFF does"
    """
    tiff = block.removeprefix(_PREFIX)
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return f"it begins with {tiff[:4]!r}, not as TIFF does" if tiff else "it is empty"
    start = int.from_bytes(tiff[4:8], order)
    if not len(_PREFIX) < start <= len(tiff) - 2:
        return f"its directory begins at byte {start} of {len(tiff)}"
    entries = int.from_bytes(tiff[start : start + 2], order)
    directory = tiff[start + 2 : start + 2 + _ENTRY * entries]
    if len(directory) < _ENTRY * entries:
        return f"its directory is cut off (entries: {entries})"
    for entry in (directory[at : at + _ENTRY] for at in range(0, len(directory), _ENTRY)):
        if int.from_bytes(entry[:2], order) == _ORIENTATION:
            return _unreadable_orientation(entry, order)
    return ""


def _unreadable_orientation(entry: bytes, order: Literal["little", "big"]) -> str:
    """Return why the orientation in its ``entry`` (tag, type, count, value) cannot be read; empty when it can."""
    width = _WIDTHS.get(int.from_bytes(entry[2:4], order))
    if width is None:
        return "its orientation is no whole number"
    value = int.from_bytes(entry[8 : 8 + width], order)
    return "" if value <= _LARGEST_ORIENTATION else f"its orientation is {value}, where 1 to 8 are known"
