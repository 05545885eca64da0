from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from maskwright.errors import DataError
from maskwright.images import fingerprint as module
from maskwright.images.fingerprint import Fingerprint, correlation, fingerprint, perceptual_hash, shrunk, thumbnail
from maskwright.images.near_duplicates import near_pairs

Pixels = npt.NDArray[np.uint8]


def scene(seed: int) -> Pixels:
    """A picture ``(240, 320, 3)`` with coarse shapes and fine detail, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(20, 236, (6, 8, 3)).astype(np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse + rng.normal(0, 6, coarse.shape), 0, 255).astype(np.uint8)


def of(image: Pixels, path: Path, **options: object) -> Fingerprint:
    Image.fromarray(image).save(path, **options)
    return fingerprint(path)


def test_one_picture_in_two_lossless_formats_has_one_content(tmp_path: Path):
    first, second = (of(scene(0), tmp_path / name) for name in ("1.png", "1.bmp"))
    assert first.file != second.file
    assert first.content == second.content
    assert (first.hash, first.thumbnail.tolist()) == (second.hash, second.thumbnail.tolist())


def test_one_pixel_makes_another_content(tmp_path: Path):
    changed = scene(0)
    changed[5, 7, 2] ^= 1
    assert of(scene(0), tmp_path / "1.png").content != of(changed, tmp_path / "2.png").content


def test_pixels_in_another_shape_are_another_content(tmp_path: Path):
    assert of(scene(0), tmp_path / "1.png").content != of(scene(0).reshape(320, 240, 3), tmp_path / "2.png").content


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "half": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "double": lambda image: cv2.resize(image, None, fx=2, fy=2),
    "another shape": lambda image: cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA),
    "brighter": lambda image: cv2.convertScaleAbs(image, beta=15),
    "more contrast": lambda image: cv2.convertScaleAbs(image, alpha=1.1),
    "grey": lambda image: np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2),
    "cut by 2 %": lambda image: image[2:-2, 3:-3],
}


@pytest.mark.parametrize("change", COPIES)
@pytest.mark.parametrize("seed", range(5))
def test_a_changed_copy_looks_the_same_and_is_not_the_same(tmp_path: Path, change: str, seed: int):
    original = of(scene(seed), tmp_path / "1.png")
    copy = of(COPIES[change](scene(seed)), tmp_path / "2.jpg", quality=50)
    assert original.content != copy.content
    assert [(pair.first, pair.second) for pair in near_pairs([original], [copy])] == [(0, 0)]


def test_different_pictures_look_different(tmp_path: Path):
    prints = [of(scene(seed), tmp_path / f"{seed}.png") for seed in range(20)]
    assert list(near_pairs(prints)) == []


@pytest.mark.parametrize(
    "image", [np.full((50, 60, 3), 128, np.uint8), scene(0) // 64 + 100], ids=["one colour", "faint"]
)
def test_an_image_that_shows_next_to_nothing_is_known_by_its_pixels_only(tmp_path: Path, image: Pixels):
    found = of(image, tmp_path / "1.png")
    assert (found.hash, found.thumbnail) == (None, None)
    assert found.pixels is not None


def test_an_image_with_too_many_pixels_is_known_by_its_bytes_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_DECODED", 240 * 320 - 1)
    found = of(scene(0), tmp_path / "1.png")
    assert (found.pixels, found.hash, found.content) == (None, None, found.file)


def test_what_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "1.jpg").write_bytes(b"not an image")
    for name in ("1.jpg", "2.jpg"):
        with pytest.raises(DataError, match=name):
            fingerprint(tmp_path / name)


def test_the_hash_is_the_sign_of_the_lowest_cosines_against_their_median():
    gray = shrunk(scene(3))
    steps = np.pi / 32 * (np.arange(32) + 0.5)
    cosines = np.cos(np.outer(np.arange(32), steps))  # the definition of the DCT-II, up to scale
    scale = np.where(np.arange(32) == 0, np.sqrt(0.5), 1)
    spectrum = scale[:, None] * scale * (cosines @ gray.astype(np.float64) @ cosines.T)
    lowest = sorted((row + column, row, column) for row in range(32) for column in range(32))[1:65]
    values = np.array([spectrum[row, column] for _, row, column in lowest])
    expected = int("".join("1" if value > np.median(values) else "0" for value in values), 2)
    assert perceptual_hash(gray) == expected
    assert expected.bit_count() == 32


def test_the_thumbnail_is_the_mean_brightness():
    assert np.abs(thumbnail(shrunk(scene(1))).mean() - shrunk(scene(1)).mean()) < 0.5


def test_the_correlation_is_that_of_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 7, 16, 16)).astype(np.uint8)
    expected = [np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(correlation(a, b), expected, atol=1e-12)
    assert correlation(a[:0], b[:0]).shape == (0,)
