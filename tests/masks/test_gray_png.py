import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskwright.errors import DataError
from maskwright.masks.buffers import Buffers
from maskwright.masks.gray_png import gray_rows, read_gray_label_map
from maskwright.masks.png import read_label_map


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([np.uint8, np.uint16]), st.booleans())
def test_label_maps_are_read_as_they_are_written(
    tmp_path_factory: pytest.TempPathFactory, seed: int, dtype: type, by_opencv: bool
):
    rng = np.random.default_rng(seed)
    values = rng.choice([0, 7, 26, np.iinfo(dtype).max, 26001 % np.iinfo(dtype).max], rng.integers(1, 40, 2))
    labels = np.repeat(np.repeat(values, 3, 0), 2, 1).astype(dtype)
    path = tmp_path_factory.mktemp("png") / "ids.png"
    if by_opencv:
        cv2.imwrite(str(path), labels)
    else:
        Image.fromarray(labels).save(path)
    read = read_gray_label_map(path)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, labels)
    assert gray_rows(path.read_bytes(), Buffers()) is not None


def test_memory_is_used_again_without_leaving_traces(tmp_path: Path):
    buffers = Buffers()
    for name, labels in (("large", np.full((300, 400), 26001)), ("small", np.arange(70).reshape(7, 10))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), labels.astype(np.uint16))
        np.testing.assert_array_equal(read_gray_label_map(tmp_path / f"{name}.png", buffers), labels)


def blocks(height: int = 400, width: int = 600) -> np.ndarray:
    """A street of a few flat regions, whose file is hundreds of times smaller than its pixels."""
    labels = np.full((height, width), 7, np.uint16)
    labels[:100], labels[150:300, 200:350], labels[-3:] = 23, 26001, 1
    return labels


@pytest.mark.parametrize("by_opencv", [False, True])
def test_large_flat_label_maps_are_read_as_they_are_written(tmp_path: Path, by_opencv: bool):
    path = tmp_path / "ids.png"
    if by_opencv:
        cv2.imwrite(str(path), blocks())
    else:
        Image.fromarray(blocks()).save(path)
    assert path.stat().st_size < blocks().nbytes / 100
    np.testing.assert_array_equal(read_gray_label_map(path), blocks())


def test_a_flat_label_map_with_a_changed_byte_is_not_taken_for_another(tmp_path: Path):
    path = tmp_path / "ids.png"
    cv2.imwrite(str(path), blocks())
    whole = path.read_bytes()
    start = whole.index(b"IDAT") + 4
    length = int.from_bytes(whole[start - 8 : start - 4], "big")
    for position in range(start + 2, start + length, 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        try:
            read = read_gray_label_map(path)
        except DataError:
            continue
        np.testing.assert_array_equal(read, blocks())


def test_a_damaged_header_that_fits_the_pixels_is_refused(tmp_path: Path):
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((3, 7), np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 5, 4)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.png"):
        read_gray_label_map(path)
    assert gray_rows(bytes(content), Buffers()) is None


@pytest.mark.parametrize("mode", ["1", "P"])
def test_other_label_maps_are_read_as_always(tmp_path: Path, mode: str):
    path = tmp_path / "ids.png"
    Image.fromarray((np.indices((6, 8)).sum(axis=0) % 3).astype(np.uint8)).convert(mode).save(path)
    assert gray_rows(path.read_bytes(), Buffers()) is None
    np.testing.assert_array_equal(read_gray_label_map(path), read_label_map(path))


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "colour"])
def test_what_is_no_label_map_is_refused_by_name(tmp_path: Path, damage: str):
    path = tmp_path / "ids.png"
    if damage == "colour":
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    elif damage != "missing":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50)).astype(np.uint8)).save(path)
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:900])
    with pytest.raises(DataError, match=r"ids\.png"):
        read_gray_label_map(path)
