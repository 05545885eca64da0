"""The text of a JSON file: decompressed, recoded and repaired without loss, with a fault for each change."""

import codecs
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from maskwright.annotations.coco.file_kind import kind_fault
from maskwright.annotations.coco.given_path import annotations_beside, require_annotations
from maskwright.annotations.coco.not_finite import not_finite_faults
from maskwright.annotations.faults import FAULTS, Fault
from maskwright.errors import DataError

Read = TypeVar("Read")

_GZIP = b"\x1f\x8b"
_ARCHIVES = (
    (0, b"PK\3\4", "zip"),
    (257, b"ustar", "tar"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ", "xz"),
    (0, b"7z\xbc", "7z"),
)

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Which of the first four bytes are zero.
_ZEROS: dict[tuple[bool, ...], str] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}

# Gzip shrinks JSON five to twenty times; a file that unpacks a hundredfold is not an annotation file.
_MOST_UNPACKING = 100
_ALWAYS_UNPACKED = 64 << 20

_AT_ONCE = 1 << 20

# Strings come first, so that no token is found inside one. One without an end is matched up to the end of the text, and
# nothing is tried twice (++ and *+): else each quote of "\"\"\"… would be followed to the end, which takes the square.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|(-?(?:NaN|Infinity)\b)|(,)(?=\s*[\]}])', re.DOTALL)


class BadJson(DataError):
    """The error of a file that cannot be read as COCO JSON at all.

    ``code`` is the code of the fault, ``found`` what was found.
    """

    def __init__(self, path: Path, code: str, found: str) -> None:
        remedy = FAULTS[code].remedy
        super().__init__(f"{path}: {found}; expected a COCO file. {remedy[0].upper()}{remedy[1:]}.")
        self.code = code
        self.found = found


def read_text(path: Path, faults: list[Fault]) -> bytes:
    """Return the JSON in ``path`` as UTF-8 bytes, decompressed and without a byte-order mark.

    Each change is appended to ``faults``. Text that is not UTF-8 is a fault too, but is returned unchanged, because
    only the records with such bytes are lost.

    Raises ``UsageError`` when there is no such file. Raises :class:`BadJson` when the file is empty, an archive or
    invalid UTF-16 or UTF-32, or when its gzip stream is damaged, cut off, or unpacks to over a hundred times its size
    and over 64 MiB.
    """
    content = require_annotations(path).read_bytes()
    if content.startswith(_GZIP):
        faults.append(Fault("json_gzip", "file", None, "is compressed by gzip"))
        content = _unpacked(path, content)
    for start, mark, archive in _ARCHIVES:
        if content[start : start + len(mark)] == mark:
            raise BadJson(path, "json_archive", f"is a {archive} archive")
    content = _utf8(path, content, faults)
    if content.startswith(codecs.BOM_UTF8):
        faults.append(Fault("json_bom", "file", None, "begins with a byte-order mark"))
        content = content[len(codecs.BOM_UTF8) :]
    if not content or content.isspace():
        raise BadJson(path, "json_invalid", "is empty")
    faults += _not_utf8(content)
    return content


def decode_leniently(
    path: Path, content: bytes, faults: list[Fault], decode: Callable[[bytes, list[Fault]], Read]
) -> Read:
    """Return ``decode(content, faults)``; when plain decoding fails, the JSON is repaired first.

    Raises :class:`BadJson` when the text is not JSON even after :func:`repair_json`, is nested too deeply, or does not
    have the type that ``decode`` expects; a file of another kind, such as a model's results, is named as such.
    """
    try:
        try:
            return decode(content, faults)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return decode(repair_json(content, faults), faults)
    except msgspec.ValidationError as error:
        kind = kind_fault(content)
        if kind is not None:
            truth = annotations_beside(path) if kind.code == "results_file" else None
            score = ("score", "instance", truth, path) if truth is not None else ("check", path)
            raise BadJson(path, kind.code, kind.message).try_next(*score) from error
        raise BadJson(path, "json_top_level", f"is not a COCO file ({error})") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        code = "json_truncated" if "truncated" in str(error) else "json_invalid"
        raise BadJson(path, code, f"is not valid JSON ({error})") from error
    except RecursionError as error:
        raise BadJson(path, "json_nesting", "is nested too deeply") from error


def repair_json(content: bytes, faults: list[Fault]) -> bytes:
    """Return ``content`` with null for NaN and Infinity and without trailing commas.

    Each change is appended to ``faults``.
    """
    offsets: list[int] = []
    commas = shift = 0

    def replace(match: re.Match[bytes]) -> bytes:
        nonlocal commas, shift
        if match[1] is None and match[2] is None:
            return match[0]
        new = b"" if match[1] is None else b"null"
        commas += match[1] is None
        offsets.extend([match.start() + shift] * bool(new))
        shift += len(new) - len(match[0])
        return new

    content = _TOKENS.sub(replace, content)
    if offsets:
        faults += not_finite_faults(content, offsets)
    if commas:
        message = f"has {commas} trailing comma{'s' * (commas > 1)} before a closing bracket"
        faults.append(Fault("json_trailing_comma", "file", None, message))
    return content


def _utf8(path: Path, content: bytes, faults: list[Fault]) -> bytes:
    """Return ``content``, recoded when it is UTF-16 or UTF-32; Windows tools write UTF-16 with a byte-order mark."""
    encoding = _wide_encoding(content[:4])
    if encoding is None:
        return content
    name = encoding[:6].upper()
    try:
        recoded = content.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        raise BadJson(path, "json_invalid", f"is neither UTF-8 nor {name} ({error})") from error
    faults.append(Fault("json_utf16", "file", None, f"is {name}"))
    return recoded


def _wide_encoding(head: bytes) -> str | None:
    """Return the encoding of a text whose first four bytes are ``head``: UTF-16, UTF-32, or None for UTF-8.

    Without a byte-order mark the zeros tell it, because JSON begins with two ASCII characters: RFC 4627, section 3.
    """
    for mark, encoding in _MARKS:  # that of UTF-32 begins with that of UTF-16
        if head.startswith(mark):
            return encoding
    return _ZEROS.get(tuple(byte == 0 for byte in head))


def _not_utf8(content: bytes) -> list[Fault]:
    """Return a fault when a byte of the text is not UTF-8.

    Most fields are never decoded, so that decoding alone would not find it.
    """
    if content.isascii():
        return []
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _AT_ONCE):
        begun = len(decoder.getstate()[0])  # bytes of a character that the block before this one cuts
        try:
            decoder.decode(content[start : start + _AT_ONCE], final=start + _AT_ONCE >= len(content))
        except UnicodeDecodeError as error:
            return [
                Fault(
                    "json_encoding",
                    "file",
                    None,
                    f"is not UTF-8 ({error.reason} at byte {start - begun + error.start})",
                )
            ]
    return []


def _unpacked(path: Path, content: bytes) -> bytes:
    limit = max(_ALWAYS_UNPACKED, _MOST_UNPACKING * len(content))
    unpacked = bytearray()
    # A gzip file may have several members, one after the other.
    while content:
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            unpacked += stream.decompress(content, limit - len(unpacked) + 1)
        except zlib.error as error:
            raise BadJson(path, "json_invalid", f"is a damaged gzip file ({error})") from error
        if len(unpacked) > limit:
            raise BadJson(path, "json_invalid", f"unpacks to over {limit >> 20} MiB, far more than its size")
        if not stream.eof:
            raise BadJson(path, "json_truncated", "is a gzip file without its end")
        content = stream.unused_data.lstrip(b"\0")
    return bytes(unpacked)
