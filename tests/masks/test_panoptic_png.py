from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskwright.errors import DataError
from maskwright.masks.panoptic_png import MOST_SEGMENT_ID, read_panoptic_png, write_panoptic_png


@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 9))
def test_ids_are_written_as_the_colours_of_panopticapi_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int, height: int, width: int
):
    ids = np.random.default_rng(seed).integers(0, MOST_SEGMENT_ID + 1, (height, width))
    path = tmp_path_factory.mktemp("png") / "1.png"
    write_panoptic_png(path, ids)
    colors = np.asarray(Image.open(path)).astype(int)
    assert (colors[..., 0] + 256 * colors[..., 1] + 256**2 * colors[..., 2] == ids).all()
    found = read_panoptic_png(path)
    assert found.dtype == np.uint32
    assert (found == ids).all()


def test_transparency_is_not_looked_at(tmp_path: Path):
    colors = np.zeros((2, 2, 4), np.uint8)
    colors[..., 0], colors[..., 3] = 7, [[0, 255], [9, 1]]
    Image.fromarray(colors).save(tmp_path / "1.png")
    assert (read_panoptic_png(tmp_path / "1.png") == 7).all()


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16"])
def test_a_png_without_colours_is_refused_by_name(tmp_path: Path, mode: str):
    Image.new(mode, (4, 3)).save(tmp_path / "1.png")
    with pytest.raises(DataError, match=rf"1\.png: has mode {mode}; expected colours"):
        read_panoptic_png(tmp_path / "1.png")


def test_damaged_and_missing_files_are_refused_by_name(tmp_path: Path):
    path = tmp_path / "1.png"
    with pytest.raises(DataError, match=r"1\.png: the file does not exist"):
        read_panoptic_png(path)
    write_panoptic_png(path, np.arange(60).reshape(6, 10))
    content = path.read_bytes()
    for damaged in (content[:-20], content[:60] + b"\0" + content[61:], b"GIF89a", b""):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"1\.png: cannot be read as a panoptic PNG"):
            read_panoptic_png(path)


def test_more_pixels_than_the_limit_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_panoptic_png(tmp_path / "1.png", np.zeros((9, 9), int))
    monkeypatch.setenv("MASKWRIGHT_LIMIT_PANOPTIC_PIXELS", "80")
    with pytest.raises(DataError, match=r"9×9 pixels; at most 80 .*--limit panoptic-pixels"):
        read_panoptic_png(tmp_path / "1.png")


@pytest.mark.parametrize(
    "ids", [np.zeros((2, 2, 3), int), np.zeros((2, 2)), np.zeros((0, 2), int), np.array([[-1]]), np.array([[2**24]])]
)
def test_what_is_no_map_of_ids_is_not_written(tmp_path: Path, ids: np.ndarray):
    with pytest.raises(DataError, match=r"1\.png: (segment ids|has segment ids from)"):
        write_panoptic_png(tmp_path / "1.png", ids)
    assert not (tmp_path / "1.png").exists()
