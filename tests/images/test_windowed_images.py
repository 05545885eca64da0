"""Windows of large images have the pixels of the whole, in the memory of a window."""

import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError
from maskwright.images import windowed_images
from maskwright.images.decode import read_image
from maskwright.images.windowed_images import open_windowed_image

SIZE = (150, 210)


def pixels(size: tuple[int, int] = SIZE) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (size[0] // 10, size[1] // 10, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), np.uint8)


def write(path: Path, mode: str, **options: Any) -> Path:
    image = Image.fromarray(pixels())
    if mode == "P":
        image = image.quantize(40)
    elif mode.endswith("A"):
        image = image.convert(mode)
        image.putalpha(Image.fromarray(pixels()[..., 0]))
    else:
        image = image.convert(mode)
    image.save(path, **options)
    return path


PNG = [("a.png", mode, {}) for mode in ("RGB", "L", "P", "LA", "RGBA")]
TIFF = [
    *(("a.tif", "RGB", {"compression": name}) for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")),
    ("a.tif", "L", {"compression": "tiff_lzw"}),
    ("a.tif", "RGB", {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2, 278: 16}}),
    ("a.tif", "RGB", {"compression": "raw", "big_tiff": True}),
    ("a.tif", "RGB", {"compression": "tiff_adobe_deflate", "tiffinfo": {278: 7}}),
]


@pytest.mark.parametrize(("name", "mode", "options"), [*PNG, *TIFF], ids=str)
def test_a_window_has_the_pixels_of_the_whole(name: str, mode: str, options: dict, tmp_path: Path) -> None:
    path = write(tmp_path / name, mode, **options)
    whole, image = read_image(path), open_windowed_image(path, 0)
    assert image is not None
    assert image.shape == whole.shape
    for rows in (slice(0, 40), slice(30, 90), slice(30, 31), slice(80, 150), slice(10, 60)):  # the last goes back
        for columns in (slice(0, 210), slice(17, 18), slice(100, 210)):
            assert np.array_equal(image[rows, columns], whole[rows, columns])
    assert np.array_equal(image[:, :], whole)
    reduced = image.reduced(10)
    assert reduced.shape == (15, 21, 3)
    assert np.abs(reduced.astype(float) - whole.reshape(15, 10, 21, 10, 3).mean(axis=(1, 3))).max() <= 1


def tiled_tiff(path: Path, image: np.ndarray, side: int) -> None:
    """A TIFF file in tiles of ``side`` pixels, deflated, as maps have them; Pillow does not write them."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, -height % side), (0, -width % side), (0, 0)))
    tiles = [
        zlib.compress(padded[top : top + side, left : left + side].tobytes())
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]
    starts = np.cumsum([8, *map(len, tiles)]).tolist()
    beside = starts[-1] + starts[-1] % 2
    body = struct.pack("<2sHI", b"II", 42, beside + 6 + 8 * len(tiles)) + b"".join(tiles) + b"\0" * (starts[-1] % 2)
    body += struct.pack("<3H", 8, 8, 8) + struct.pack(f"<{len(tiles)}I", *starts[:-1])
    body += struct.pack(f"<{len(tiles)}I", *map(len, tiles))
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, beside), (259, 3, 1, 8), (262, 3, 1, 2), (277, 3, 1, 3),
        (284, 3, 1, 1), (322, 4, 1, side), (323, 4, 1, side), (324, 4, len(tiles), beside + 6),
        (325, 4, len(tiles), beside + 6 + 4 * len(tiles)),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    path.write_bytes(body + directory + b"\0" * 4)


def test_tiles_of_a_tiff_file_are_read_where_they_are_needed(tmp_path: Path) -> None:
    tiled_tiff(tmp_path / "map.tif", pixels(), 64)
    assert np.array_equal(read_image(tmp_path / "map.tif"), pixels())
    image = open_windowed_image(tmp_path / "map.tif", 0)
    assert image is not None
    assert np.array_equal(image[60:130, 50:210], pixels()[60:130, 50:210])
    assert np.array_equal(image[0:10, 0:10], pixels()[0:10, 0:10])


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_memory_is_that_of_a_window(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"large.{kind}"
    monkeypatch.setattr(windowed_images, "_KEPT", 8_000_000)
    options = {"compression": "tiff_lzw"} if kind == "tif" else {}
    Image.fromarray(np.zeros((4000, 4000, 3), np.uint8)).save(path, **options)
    image = open_windowed_image(path, 1_000_000)
    assert image is not None
    tracemalloc.start()
    for top in range(0, 4000, 400):
        for left in range(0, 4000, 500):
            assert not image[top : top + 400, left : left + 500].any()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # of the 48 million bytes of the whole


def test_small_images_and_other_kinds_are_read_as_a_whole(tmp_path: Path) -> None:
    assert open_windowed_image(write(tmp_path / "a.png", "RGB"), SIZE[0] * SIZE[1]) is None
    assert open_windowed_image(write(tmp_path / "a.jpg", "RGB"), 0) is None
    Image.fromarray(pixels()[..., 0].astype(np.uint16)).save(tmp_path / "deep.png")
    assert open_windowed_image(tmp_path / "deep.png", 0) is None
    (tmp_path / "none.png").write_bytes(b"no image")
    assert open_windowed_image(tmp_path / "none.png", 0) is None


def test_a_file_that_ends_early_and_one_beyond_the_limit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.png", "RGB")
    content = path.read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    image = open_windowed_image(tmp_path / "cut.png", 0)
    assert image is not None
    with pytest.raises(DataError, match="end is missing"):
        image[100:150, 0:10]
    monkeypatch.setenv("MASKWRIGHT_LIMIT_WINDOWED_PIXELS", "1000")
    with pytest.raises(DataError, match="windowed-pixels"):
        open_windowed_image(path, 0)
