from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError
from maskwright.masks.png import read_label_map, write_label_map


def labels(dtype: type, highest: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, highest + 1, (13, 17)).astype(dtype)


@pytest.mark.parametrize(("dtype", "highest"), [(np.uint8, 255), (np.uint16, 65535)])
def test_other_readers_see_the_labels_that_were_written(tmp_path: Path, dtype: type, highest: int):
    written, path = labels(dtype, highest), tmp_path / "a" / "1.png"
    write_label_map(path, written)
    for read in (cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.array(Image.open(path)), read_label_map(path)):
        assert read.tolist() == written.tolist()
    assert read_label_map(path).dtype == dtype


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


def test_a_map_that_no_png_can_hold_is_refused_and_nothing_is_written(tmp_path: Path):
    with pytest.raises(DataError, match=r"1\.png"):
        write_label_map(tmp_path / "1.png", np.zeros((0, 4), np.uint8))
    assert list(tmp_path.iterdir()) == []
