import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.errors import DataError
from maskwright.masks.binary_png import read_mask
from maskwright.masks.buffers import Buffers
from maskwright.masks.gray_png import gray_rows


def dense(path: Path) -> npt.NDArray[np.bool_]:
    region = read_mask(path)
    mask = np.zeros(region.size, np.bool_)
    mask[region.box] = region.mask
    return mask


def by_pillow(path: Path) -> npt.NDArray[np.bool_]:
    return np.array(Image.open(path).convert("L")) != 0


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def filtered_png(pixels: npt.NDArray[np.uint8], filters: list[int]) -> bytes:
    """A grey PNG whose row i is written with filter ``filters[i]``, by the definitions of the PNG specification."""
    rows = []
    above = np.zeros(pixels.shape[1], np.int64)
    for row, used in zip(pixels.astype(np.int64), filters, strict=True):
        left, corner = np.concatenate([[0], row[:-1]]), np.concatenate([[0], above[:-1]])
        distance = np.abs(np.stack([above - corner, left - corner, left + above - 2 * corner]))
        paeth = np.where(
            (distance[0] <= distance[1]) & (distance[0] <= distance[2]),
            left,
            np.where(distance[1] <= distance[2], above, corner),
        )
        guess = [0, left, above, (left + above) // 2, paeth][used]
        rows.append(bytes([used]) + ((row - guess) % 256).astype(np.uint8).tobytes())
        above = row
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(rows))
    half = len(data) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", data[:half])
        + chunk(b"IDAT", data[half:])
        + chunk(b"IEND", b"")
    )


@settings(max_examples=80)
@given(st.data())
def test_every_filter_is_undone_as_pillow_does(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    height, width = rng.integers(1, 12, 2)
    pixels = np.zeros((height, width), np.uint8)
    top, left = rng.integers(0, height), rng.integers(0, width)
    inside = pixels[top : top + rng.integers(0, 8), left : left + rng.integers(0, 8)]
    inside[...] = rng.choice([0, 1, 255], inside.shape) if rng.random() < 0.5 else 255
    path = tmp_path_factory.mktemp("png") / "mask.png"
    path.write_bytes(filtered_png(pixels, rng.integers(0, 5 if rng.random() < 0.7 else 3, height).tolist()))
    np.testing.assert_array_equal(by_pillow(path), pixels != 0)
    np.testing.assert_array_equal(dense(path), pixels != 0)


def test_the_box_is_as_small_as_the_mask(tmp_path: Path):
    pixels = np.zeros((20, 30), np.uint8)
    pixels[3:7, 10:12] = 1
    cv2.imwrite(str(tmp_path / "mask.png"), pixels)
    region = read_mask(tmp_path / "mask.png")
    assert (region.size, region.top, region.left, region.mask.shape) == ((20, 30), 3, 10, (4, 2))
    assert region.mask.all()


@pytest.mark.parametrize("value", [0, 255])
def test_empty_and_full_masks(tmp_path: Path, value: int):
    cv2.imwrite(str(tmp_path / "mask.png"), np.full((5, 6), value, np.uint8))
    assert dense(tmp_path / "mask.png").all() == bool(value)
    assert read_mask(tmp_path / "mask.png").mask.size == (30 if value else 0)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "LA", "I;16"])
def test_other_kinds_of_png_are_read_as_the_official_script_reads_them(tmp_path: Path, mode: str):
    gray = Image.fromarray((np.indices((6, 8)).sum(axis=0) % 3 * 120).astype(np.uint8))
    image = Image.fromarray(np.asarray(gray).astype(np.uint16) * 256) if mode == "I;16" else gray.convert(mode)
    image.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(dense(tmp_path / "mask.png"), by_pillow(tmp_path / "mask.png"))


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "bytes"])
def test_what_is_no_mask_is_refused_by_name(tmp_path: Path, damage: str):
    path = tmp_path / "mask.png"
    whole = filtered_png(np.full((50, 50), 7, np.uint8), [0] * 50)
    content = {"empty": b"", "text": b"no picture", "cut": whole[: len(whole) // 2], "bytes": whole[:45] + b"\xff" * 60}
    if damage != "missing":
        path.write_bytes(content[damage])
    with pytest.raises(DataError, match=r"mask\.png"):
        read_mask(path)


def test_a_stream_that_unpacks_to_more_than_the_header_says_is_not_believed(tmp_path: Path):
    path = tmp_path / "mask.png"
    header = struct.pack(">IIBBBBB", 10, 10, 8, 0, 0, 0, 0)
    bomb = zlib.compress(bytes(100_000_000), 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", bomb) + chunk(b"IEND", b""))
    assert not dense(path).any()


@pytest.mark.parametrize("wrong", ["packing", "filters", "name"])
def test_a_header_that_png_does_not_have_is_not_taken_for_the_usual_one(tmp_path: Path, wrong: str):
    path = tmp_path / "mask.png"
    header = struct.pack(">IIBBBBB", 3, 3, 8, 0, wrong == "packing", wrong == "filters", 0)
    rows = chunk(b"IDAT", zlib.compress(b"\0\0\1\2" * 3))
    name = b"IHER" if wrong == "name" else b"IHDR"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(name, header) + rows + chunk(b"IEND", b""))
    assert gray_rows(path.read_bytes(), Buffers()) is None
