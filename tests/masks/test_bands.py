import numpy as np
import pytest

from maskwright.masks.bands import BAND, pixel_bands, row_bands

SHAPES = pytest.mark.parametrize("shape", [(1, 1), (7, 3), (3, 50), (1, 100), (0, 4), (4, 0)])


@SHAPES
def test_bands_of_rows_cover_every_row_once_and_are_no_larger_than_asked(shape: tuple[int, ...]):
    bands, rows = list(row_bands(shape, pixels=12)), np.arange(shape[0])
    assert [row for band in bands for row in rows[band]] == rows.tolist()
    for band in bands:
        count = band.stop - band.start
        assert count == 1 or count * shape[1] <= 12


@SHAPES
def test_bands_of_pixels_cover_every_pixel_once_whatever_the_shape(shape: tuple[int, ...]):
    one = np.arange(shape[0] * shape[1]).reshape(shape)
    bands = list(pixel_bands(one, one + 100, pixels=12))
    assert [value for first, _ in bands for value in first] == list(range(one.size))
    assert all(first.size <= 12 and (second == first + 100).all() for first, second in bands)


def test_a_band_of_a_map_is_the_map_itself():
    label_map = np.zeros((4, 5), np.uint16)
    for (band,) in pixel_bands(label_map, pixels=7):
        band[...] = 3
    assert (label_map == 3).all()


def test_an_image_of_usual_size_is_one_band():
    assert list(row_bands((1080, 1920))) == [slice(0, 1080)]
    assert len(list(row_bands((2, BAND)))) == 2
