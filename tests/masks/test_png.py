import io
import random
import struct
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from maskwright.class_colors import class_color
from maskwright.errors import DataError
from maskwright.masks.bands import row_bands
from maskwright.masks.buffers import Buffers
from maskwright.masks.png import encode_png, read_label_map, write_label_map
from maskwright.structures import IGNORED_COLOR, ClassTable


def labels(dtype: type, highest: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, highest + 1, (13, 17)).astype(dtype)


@pytest.mark.parametrize(("dtype", "highest"), [(np.uint8, 255), (np.uint16, 65535)])
def test_other_readers_see_the_labels_that_were_written(tmp_path: Path, dtype: type, highest: int):
    written, path = labels(dtype, highest), tmp_path / "a" / "1.png"
    write_label_map(path, written)
    for read in (cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.array(Image.open(path)), read_label_map(path)):
        assert read.tolist() == written.tolist()
    assert read_label_map(path).dtype == dtype


PALETTE = ClassTable.from_names([f"class {i}" for i in range(1, 255)]).png_palette()


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255)))
def test_a_palette_keeps_the_values_and_shows_the_colours(written: np.ndarray):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "1.png"
        write_label_map(path, written, PALETTE)
        assert read_label_map(path).tolist() == written.tolist()
        with Image.open(path) as image:
            image.load()
            assert image.mode == "P"
            assert np.array(image).tolist() == written.tolist()
            assert np.array(image.convert("RGB")).tolist() == PALETTE[written].tolist()
        # OpenCV has no palettes: it gives the colours.
        assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:, :, ::-1].tolist() == PALETTE[written].tolist()


@given(
    arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 65535)), st.booleans()
)
def test_sixteen_bits_are_grey_with_or_without_a_palette(written: np.ndarray, colored: bool):
    content = encode_png(Path("1.png"), written, PALETTE if colored else None)
    assert np.array(Image.open(io.BytesIO(content))).tolist() == written.tolist()
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).tolist() == written.tolist()


def test_background_is_black_and_ignored_pixels_are_grey_in_a_viewer(tmp_path: Path):
    write_label_map(tmp_path / "1.png", np.array([[0, 1, 255]], np.uint8), PALETTE)
    shown = np.array(Image.open(tmp_path / "1.png").convert("RGB"))
    assert shown.tolist() == [[[0, 0, 0], list(class_color(1)), list(IGNORED_COLOR)]]


def test_with_more_than_254_classes_there_is_no_palette():
    assert ClassTable.from_names([str(i) for i in range(255)]).png_palette() is None


def test_buffers_make_no_difference():
    buffers = Buffers()
    for shape in ((13, 17), (5, 4), (20, 30)):
        written = np.random.default_rng(1).integers(0, 9, shape).astype(np.uint8)
        assert encode_png(Path(), written, PALETTE, buffers) == encode_png(Path(), written, PALETTE)


def test_a_view_of_another_array_is_written_as_it_looks(tmp_path: Path):
    written = labels(np.uint16, 65535)
    for view in (written.T, written[::2, ::-1], written[:, 3:9].astype(np.uint8)):
        write_label_map(tmp_path / "1.png", view)
        assert read_label_map(tmp_path / "1.png").tolist() == view.tolist()


def test_a_palette_image_gives_its_indices_not_its_colours(tmp_path: Path):
    written = labels(np.uint8, 5)
    image = Image.fromarray(written, mode="P")
    image.putpalette([200, 30, 30] * 256)
    image.save(tmp_path / "1.png")
    assert read_label_map(tmp_path / "1.png").tolist() == written.tolist()


def test_a_bilevel_image_gives_0_and_1(tmp_path: Path):
    written = labels(np.uint8, 1)
    Image.fromarray(written.astype(bool)).save(tmp_path / "1.png")
    read = read_label_map(tmp_path / "1.png")
    assert (read.dtype, read.tolist()) == (np.uint8, written.tolist())


def test_colours_are_no_labels(tmp_path: Path):
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    with pytest.raises(DataError, match=r"1\.png: has mode RGB; expected one channel"):
        read_label_map(tmp_path / "1.png")


@pytest.mark.parametrize("value", [-1, 70000])
def test_values_that_are_no_labels_are_refused_not_wrapped(tmp_path: Path, value: int):
    Image.fromarray(np.full((2, 2), value, np.int32)).save(tmp_path / "1.tif")
    with pytest.raises(DataError, match=rf"1\.tif: has values from .*{value}"):
        read_label_map(tmp_path / "1.tif")


def test_damage_anywhere_is_a_named_fault_or_harmless(tmp_path: Path):
    whole, path, rng = encode_png(Path(), labels(np.uint8, 5), PALETTE), tmp_path / "1.png", random.Random(0)
    read = 0
    for _ in range(120):
        spoiled = bytearray(whole)
        spoiled[rng.randrange(60)] = rng.randrange(256)
        path.write_bytes(spoiled[: rng.randrange(len(spoiled))] if rng.random() < 0.3 else spoiled)
        try:
            read += read_label_map(path).size > 0
        except DataError as error:
            assert "1.png" in str(error)  # noqa: PT017
    assert read < 40


def test_a_picture_of_too_many_pixels_is_refused_before_they_are_decoded(tmp_path: Path):
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT\x35\xaf\x06\x1e")
    with pytest.raises(DataError, match="it has 20000×20000 pixels; at most 134,217,728 are accepted"):
        read_label_map(tmp_path / "1.png")


@pytest.mark.parametrize("spoil", ["missing", "text", "cut"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, spoil: str):
    path = tmp_path / "1.png"
    if spoil == "text":
        path.write_text("not an image")
    elif spoil == "cut":
        write_label_map(path, labels(np.uint8, 255))
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"1\.png: cannot be read as a label map"):
        read_label_map(path)


@pytest.mark.parametrize(
    "spoiled",
    [np.zeros((0, 4), np.uint8), np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.int64)],
    ids=["empty", "colours", "int64"],
)
def test_a_map_that_no_png_can_hold_is_refused_and_nothing_is_written(tmp_path: Path, spoiled: np.ndarray):
    with pytest.raises(DataError, match=r"1\.png"):
        write_label_map(tmp_path / "1.png", spoiled)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 30), (3, 500), (1, 900)])
def test_bands_of_rows_make_no_difference(dtype: type, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch):
    written = np.random.default_rng(2).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    monkeypatch.setattr("maskwright.masks.png.row_bands", lambda shape: row_bands(shape, pixels=100))
    content = encode_png(Path(), written)
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED).tolist() == written.tolist()
