"""PNG files of any header and chunks, with the checksums that make a reader go on."""

import struct
import zlib

from hypothesis import strategies as st

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
TOKENS = (
    *(
        b"IHDR",
        b"PLTE",
        b"tRNS",
        b"IDAT",
        b"IEND",
        b"eXIf",
        b"iCCP",
        b"gAMA",
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"acTL",
        b"fcTL",
    ),
    *(b"fdAT", b"cHRM", b"sBIT", b"pHYs", b"\0\0\0\0IEND\xaeB`\x82"),
)


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, depth: int, color: int, rows: bytes, *extra: bytes, interlaced: int = 0) -> bytes:
    """A PNG of filtered ``rows``, with ``extra`` chunks before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))
    return SIGNATURE + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def labels_png(width: int = 6, height: int = 5, depth: int = 8) -> bytes:
    """A grey PNG whose values are 0 to 3."""
    row = b"".join((x // 2 % 4).to_bytes(depth // 8, "big") for x in range(width))
    return png_of(width, height, depth, 0, (b"\0" + row) * height)


def mended(content: bytes) -> bytes:
    """Return a PNG with the right checksum in each chunk that is whole."""
    parts, position = [content[: len(SIGNATURE)]], len(SIGNATURE)
    while position + 12 <= len(content):
        end = position + 8 + int.from_bytes(content[position : position + 4], "big")
        if end + 4 > len(content):
            break
        parts.append(chunk(content[position + 4 : position + 8], content[position + 8 : end]))
        position = end + 4
    return b"".join([*parts, content[position:]])


def bare(content: bytes) -> bytes:
    """Return a PNG without the chunks that its pixels do not depend on, whose kind begins with a small letter."""
    parts, position = [content[: len(SIGNATURE)]], len(SIGNATURE)
    while position + 12 <= len(content):
        end = position + 12 + int.from_bytes(content[position : position + 4], "big")
        if not content[position + 4 : position + 5].islower():
            parts.append(content[position:end])
        position = end
    return b"".join([*parts, content[position:]])


@st.composite
def pngs(draw: st.DrawFn) -> bytes:
    """PNG files of small images in every kind of colour, whole or with rows that do not fit, and odd chunks."""
    width, height = draw(st.integers(1, 20)), draw(st.integers(1, 12))
    depth = draw(st.sampled_from([8, 8, 16, 1, 2, 4, 3, 32]))
    color = draw(st.sampled_from([0, 0, 0, 2, 3, 4, 6, 5]))
    length = -(-width * depth * CHANNELS.get(color, 1) // 8)
    filters = st.sampled_from([0, 0, 1, 2, 3, 4, 5])
    rows = b"".join(bytes([draw(filters)]) + draw(st.binary(min_size=length, max_size=length)) for _ in range(height))
    rows = draw(st.sampled_from([rows, rows, rows, rows[:-1], rows + rows, b""]))
    extra = [chunk(b"PLTE", draw(st.binary(min_size=3, max_size=12)))] if color == 3 else []
    for _ in range(draw(st.integers(0, 2))):
        extra.append(chunk(draw(st.sampled_from(TOKENS)), draw(st.binary(max_size=40))))
    stated = draw(
        st.sampled_from([(width, height)] * 4 + [(width + 1, height), (0, 5), (2**31 - 1, 1), (70000, 70000)])
    )
    return png_of(*stated, depth, color, rows, *extra, interlaced=draw(st.sampled_from([0, 0, 0, 1, 2])))
