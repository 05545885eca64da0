"""The accepted forms of an image, and the errors for others."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage

from maskwright.errors import DataError, UsageError
from maskwright.prediction.sources import as_image
from tests.prediction.invented import random_image


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read_as_rgb(kind: type, tmp_path: Path) -> None:
    image = random_image((7, 9))
    cv2.imwrite(str(tmp_path / "one.png"), image[:, :, ::-1])
    np.testing.assert_array_equal(as_image(kind(tmp_path / "one.png")), image)


def test_an_rgb_array_is_taken_as_it_is() -> None:
    image = random_image((7, 9))
    assert as_image(image) is image


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1)])
def test_gray_becomes_rgb(shape: tuple[int, ...]) -> None:
    gray = np.arange(63, dtype=np.uint8).reshape(shape)
    found = as_image(gray)
    assert found.shape == (7, 9, 3)
    assert (found == gray.reshape(7, 9, 1)).all()


def test_a_mirrored_or_read_only_view_can_become_a_tensor(recwarn: pytest.WarningsRecorder) -> None:
    import torch

    image = random_image((7, 9))
    image.setflags(write=False)
    for view in (image, image[:, ::-1], image[::2]):
        assert torch.from_numpy(as_image(view)).shape == view.shape
    assert not recwarn.list


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4), np.bool_), "bool"),
        (np.zeros((4, 4, 3), np.uint16), "uint16"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), r"\(2, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        (np.zeros(4, np.uint8), r"\(4,\)"),
        (PilImage.new("RGB", (4, 4)), "a Image"),
        (None, "a NoneType"),
    ],
)
def test_anything_else_is_refused_with_what_was_found(wrong: Any, found: str) -> None:
    with pytest.raises(UsageError, match=rf"^images\[3\]: .*{found}; expected"):
        as_image(wrong, "images[3]")


def test_a_path_without_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no image")
    with pytest.raises(UsageError, match=r"Nearest in .*photo\.jpg"):
        as_image(tmp_path / "photos.jpg")
    with pytest.raises(UsageError, match="not a file"):
        as_image(tmp_path)
    with pytest.raises(DataError, match=r"photo\.jpg"):
        as_image(tmp_path / "photo.jpg")
