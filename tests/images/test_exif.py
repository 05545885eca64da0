"""Blocks of EXIF, sound and damaged; Pillow, which reads them for other programs, agrees on the sound ones."""

import struct

import pytest
from PIL import Image

from maskwright.images.exif import unreadable_exif

ORIENTATION, SHORT, RATIONAL = 0x0112, 3, 5


def block(*entries: tuple[int, int, int], order: str = "<", start: int = 8) -> bytes:
    """A block of EXIF whose first directory has these entries of tag, type and value."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    directory = struct.pack(f"{order}H", len(entries))
    for tag, kind, value in entries:
        directory += struct.pack(f"{order}HHI", tag, kind, 1) + struct.pack(f"{order}HH", value, 0)
    return b"Exif\0\0" + head + directory + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(9))
def test_a_sound_block_is_read_in_both_byte_orders_as_pillow_reads_it(order: str, orientation: int):
    made = block((0x010E, SHORT, 1), (ORIENTATION, SHORT, orientation), order=order)
    theirs = Image.Exif()
    theirs.load(made)
    assert theirs[ORIENTATION] == orientation
    assert unreadable_exif(made) == unreadable_exif(made.removeprefix(b"Exif\0\0")) == ""


def test_what_pillow_writes_can_be_read():
    for tags in ({}, {ORIENTATION: 6}, {0x010F: "a camera", ORIENTATION: 1, 0x011A: 72.0}):
        written = Image.Exif()
        written.update(tags)
        assert unreadable_exif(written.tobytes()) == ""


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (b"Exif\0\0", "it is empty"),
        (b"", "it is empty"),
        (b"Exif\0\0nonsense", "not as TIFF does"),
        (b"II*\0\x08", "begins at byte 8 of 5"),
        (block(start=2**31 - 1), "begins at byte 2147483647 of 14"),
        (block(start=0), "begins at byte 0"),
        (block((ORIENTATION, SHORT, 1))[:20], "directory is cut off (entries: 1)"),
        (b"MM\0*\0\0\0\x08\xff\xff" + bytes(100), "directory is cut off (entries: 65535)"),
        (block((ORIENTATION, SHORT, 9)), "its orientation is 9"),
        (block((ORIENTATION, RATIONAL, 1)), "its orientation is no whole number"),
    ],
)
def test_a_damaged_block_says_what_is_wrong_with_it(made: bytes, reason: str):
    assert reason in unreadable_exif(made)
