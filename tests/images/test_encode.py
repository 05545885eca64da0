from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.images.encode import write_jpeg, write_png


def test_png_comes_back_to_the_pixel_and_jpeg_nearly(tmp_path: Path):
    image = np.full((20, 30, 3), (250, 120, 10), np.uint8)
    write_png(tmp_path / "new" / "a.png", image)
    write_jpeg(tmp_path / "a.jpg", image)
    np.testing.assert_array_equal(read_image(tmp_path / "new" / "a.png"), image)
    assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - image).max() <= 3


@pytest.mark.parametrize("size", [(1, 5), (64, 7), (200, 30)])
def test_a_spent_image_gives_the_same_file(tmp_path: Path, size: tuple[int, int]):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    write_jpeg(tmp_path / "kept.jpg", before := image.copy())
    assert np.array_equal(before, image)
    write_jpeg(tmp_path / "spent.jpg", image, spent=True)
    assert (tmp_path / "spent.jpg").read_bytes() == (tmp_path / "kept.jpg").read_bytes()


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 5), (4, 5, 2)])
def test_what_is_no_picture_is_refused_and_leaves_no_file(tmp_path: Path, shape: tuple[int, ...]):
    with pytest.raises(DataError, match=r"a\.jpg.*cannot be written as JPEG"):
        write_jpeg(tmp_path / "a.jpg", np.zeros(shape, np.uint8))
    assert list(tmp_path.iterdir()) == []
