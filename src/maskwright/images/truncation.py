"""Detection of truncated image files from their bytes, because some decoders fill missing pixels with grey silently.

JPEG, PNG and WebP mark their end. Other formats do not, or not reliably: their truncation shows in decoding only.
"""

import os
from pathlib import Path

_JPEG, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_PNG, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"


def is_truncated(path: Path) -> bool:
    """Return whether the file is a JPEG, PNG or WebP without its end; False for every other format.

    Only a few bytes are read of a file that ends correctly. Raises ``OSError`` when the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        length = file.seek(0, os.SEEK_END)
        if _is_webp(head):
            return _riff_length(head) > length
        file.seek(max(0, length - len(_PNG_END)))
        if not head.startswith((_JPEG, _PNG)) or _has_end(head, file.read()):
            return False
        file.seek(0)
        return is_truncated_content(file.read())


def is_truncated_content(content: bytes) -> bool:
    """Return whether ``content``, a whole file, is a JPEG, PNG or WebP without its end; see :func:`is_truncated`.

    Bytes after the end, such as a camera's second picture, are allowed.
    """
    if _is_webp(content):
        return _riff_length(content) > len(content)
    if not content.startswith((_JPEG, _PNG)) or _has_end(content, content[-len(_PNG_END) :]):
        return False
    return _jpeg_is_cut(content) if content.startswith(_JPEG) else _png_is_cut(content)


def _has_end(head: bytes, tail: bytes) -> bool:
    return tail.endswith(_JPEG_END if head.startswith(_JPEG) else _PNG_END)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _riff_length(head: bytes) -> int:
    return int.from_bytes(head[4:8], "little") + 8


def _jpeg_is_cut(content: bytes) -> bool:
    """Return whether no end-of-image marker (FF D9) follows the header; see ISO/IEC 10918-1, annex B.

    The search starts at the first scan (FF DA), because a thumbnail in the header has an end of its own. Compressed
    pixels never contain the marker: a byte FF among them is followed by 00 or by a restart marker.
    """
    position = 2
    while content[position : position + 1] == b"\xff" and content[position + 1 : position + 2] != b"\xda":
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return content.find(_JPEG_END, position) < 0


def _png_is_cut(content: bytes) -> bool:
    """Return whether the chunks (length, type, body, checksum) end before IEND; see ISO/IEC 15948, section 5."""
    position = len(_PNG)
    while position + 12 <= len(content):
        if content[position + 4 : position + 8] == b"IEND":
            return False
        position += 12 + int.from_bytes(content[position : position + 4], "big")
    return True
