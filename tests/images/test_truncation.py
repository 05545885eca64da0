import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from maskwright.images.truncation import is_truncated, is_truncated_content

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8))


def encoded(format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    NOISE.save(buffer, format, **options)
    return buffer.getvalue()


def with_thumbnail() -> bytes:
    """A JPEG whose header holds a whole JPEG, as cameras write it."""
    exif = b"Exif\0\0" + encoded("JPEG", quality=20)
    return encoded("JPEG", exif=exif)


WHOLE = {
    "jpeg": encoded("JPEG"),
    "progressive jpeg": encoded("JPEG", progressive=True),
    "jpeg with thumbnail": with_thumbnail(),
    "png": encoded("PNG"),
    "webp": encoded("WEBP"),
    "lossless webp": encoded("WEBP", lossless=True),
}


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest) -> bytes:
    return WHOLE[request.param]


def said_of_file(content: bytes, folder: Path) -> bool:
    path = folder / "image"
    path.write_bytes(content)
    return is_truncated(path)


def test_a_whole_file_does_not_end_early(whole: bytes, tmp_path: Path):
    assert not is_truncated_content(whole)
    assert not said_of_file(whole, tmp_path)


@pytest.mark.parametrize(
    "extra", [b"\0" * 100, b"SEFT trailer of a phone", WHOLE["jpeg"]], ids=["zeros", "text", "jpeg"]
)
def test_bytes_after_the_end_are_allowed(whole: bytes, extra: bytes, tmp_path: Path):
    assert not is_truncated_content(whole + extra)
    assert not said_of_file(whole + extra, tmp_path)


@pytest.mark.parametrize("missing", [1, 2, 10, 500])
def test_a_file_without_its_last_bytes_ends_early(whole: bytes, missing: int, tmp_path: Path):
    assert is_truncated_content(whole[:-missing])
    assert said_of_file(whole[:-missing], tmp_path)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_file_whose_end_is_zeros_ends_early(kind: str, tmp_path: Path):
    half = len(WHOLE[kind]) // 2
    filled = WHOLE[kind][:half] + bytes(half)
    assert is_truncated_content(filled)
    assert said_of_file(filled, tmp_path)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_image():
    content = WHOLE["jpeg with thumbnail"]
    assert content.find(b"\xff\xd9") < len(content) // 2
    assert is_truncated_content(content[: len(content) * 3 // 4])


@given(st.sampled_from(["jpeg", "progressive jpeg", "png"]), st.floats(0.05, 1))
@example("png", 1)
def test_wherever_pillow_misses_pixels_the_file_ends_early(kind: str, share: float):
    content = WHOLE[kind][: round(share * len(WHOLE[kind]))]
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except (OSError, SyntaxError):
        assert is_truncated_content(content)


@pytest.mark.parametrize("content", [b"", b"\xff", b"not an image", b"BM", b"II*\0", b"RIFF", b"GIF89a"])
def test_of_other_formats_nothing_is_said(content: bytes, tmp_path: Path):
    assert not is_truncated_content(content)
    assert not said_of_file(content, tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\xff\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_header_that_breaks_off_ends_early(content: bytes, tmp_path: Path):
    assert is_truncated_content(content)
    assert said_of_file(content, tmp_path)
