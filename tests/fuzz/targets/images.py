"""Image and video files."""

import io
import struct
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from maskwright.errors import DataError
from maskwright.images.decode import image_size, read_image
from maskwright.images.inspection import inspect
from maskwright.images.video_frames import VideoFrames, write_video
from maskwright.images.zip_images import ZipImages
from tests.fuzz import pngs
from tests.fuzz.harness import Target

_FORMATS = (
    "JPEG",
    "PNG",
    "BMP",
    "TIFF",
    "WEBP",
    "GIF",
    "PPM",
    "JPEG2000",
    "PCX",
    "ICO",
    "DDS",
    "SGI",
    "TGA",
    "QOI",
    "AVIF",
)
_MODES = {"RGB": 3, "L": 1}
_FRAMES = 4


def _read_image(path: Path) -> None:
    """Nothing is raised by the inspection; an image that is decoded has the size of its header."""
    inspected = inspect(path)
    assert inspected.reason or inspected.state == "whole"
    pixels = read_image(path)
    assert pixels.ndim == 3
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3
    size = image_size(path)
    # Frames of an icon have sizes of their own, and TIFF states how the sides are turned.
    if inspected.format not in ("ICO", "TIFF"):
        assert pixels.shape[:2] == size, f"{inspected.format}: {pixels.shape[:2]} pixels, {size} in the header"


def _pixels(side: int = 9) -> np.ndarray:
    return np.arange(side * (side + 2) * 3).reshape(side, side + 2, 3).astype(np.uint8)


@cache
def _image_seeds() -> list[bytes]:
    found = []
    for format in _FORMATS:
        for image in (Image.fromarray(_pixels()), Image.fromarray(_pixels()).convert("L")):
            file = io.BytesIO()
            try:
                image.save(file, format)
            except (OSError, KeyError, ValueError):  # formats that hold no grey, or that Pillow was built without
                continue
            found.append(file.getvalue())
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "text"
    for format in ("JPEG", "PNG", "WEBP"):
        file = io.BytesIO()
        Image.fromarray(_pixels()).save(file, format, exif=exif)
        found.append(file.getvalue())
    return found


@st.composite
def _images(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):
        return draw(pngs.pngs())
    content = bytearray(draw(st.sampled_from(_image_seeds())))
    for _ in range(draw(st.integers(1, 4))):
        # The header is where sizes and lengths are.
        at = draw(st.integers(0, min(len(content), 120) - 4))
        kind = draw(st.sampled_from([">H", "<H", ">I", "<I", "B"]))
        struct.pack_into(kind, content, at, draw(st.sampled_from([0, 1, 2, 8, 255])) if kind == "B" else draw(
            st.sampled_from([0, 1, 2, 7, 8, 255, 256, 32767, 65535])))  # fmt: skip
    return bytes(content)


@cache
def _video_seeds() -> list[bytes]:
    import cv2

    found = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = [np.roll(_pixels(30), i, axis=1) for i in range(_FRAMES)]
        path = Path(folder) / "a.mkv"
        write_video(path, pictures, 5)
        found.append(path.read_bytes())
        for name, codec in (("a.avi", "MJPG"), ("a.mp4", "mp4v")):
            other = Path(folder) / name
            writer = cv2.VideoWriter(str(other), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 5, (32, 30))
            for picture in pictures:
                writer.write(picture)
            writer.release()
            if other.is_file():
                found.append(other.read_bytes())
    return found


def _read_video(path: Path) -> None:
    """Every frame that was counted is there, in the size that was said, or the file is refused."""
    video = VideoFrames(path, every=2)
    try:
        for number in video.wanted[:8]:
            assert video.frame(number).shape == (*video.size, 3)
    finally:
        video.close()


@st.composite
def _videos(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(_video_seeds())))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, min(len(content), 600) - 8))
        content[at : at + 4] = draw(st.binary(min_size=1, max_size=8))
    return bytes(content)


def _read_zip(path: Path) -> None:
    """Every entry is read, or is refused by its name."""
    images = ZipImages.open(path)
    with images.archive:
        for name in images.names[:20]:
            try:
                images.content(name)
            except DataError as error:
                if name not in str(error):
                    raise AssertionError(f"the entry {name!r} is not named: {error}") from error


@cache
def _zip_seeds() -> list[bytes]:
    found = []
    for way in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", way) as archive:
            for name in ("a/1.png", "2.JPG", "notes.txt"):
                archive.writestr(name, bytes(40))
        found.append(file.getvalue())
    return found


_ZIP_PIECES = (
    *(b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"../", b".png", b"\1\0\x20\0", b"\xff" * 8, b"\0" * 8),
)


@st.composite
def _zips(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(_zip_seeds())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 8))] = draw(st.sampled_from(_ZIP_PIECES))
    return bytes(content)


TARGETS = [
    Target(
        name="image",
        file="image.png",
        read=_read_image,
        errors=(DataError,),
        seeds=_image_seeds,
        strategy=_images,
        tokens=(
            *pngs.TOKENS,
            b"\xff\xd8\xff",
            b"\xff\xd9",
            b"\xff\xda",
            b"\xff\xc0",
            b"RIFF",
            b"WEBP",
            b"Exif\0\0",
            b"II*\0",
        ),
        mend=pngs.mended,
    ),
    Target(
        name="zip",
        file="images.zip",
        read=_read_zip,
        errors=(DataError,),
        seeds=_zip_seeds,
        strategy=_zips,
        tokens=_ZIP_PIECES,
    ),
    Target(
        name="video",
        file="video.mkv",
        read=_read_video,
        errors=(DataError,),
        seeds=_video_seeds,
        strategy=_videos,
        tokens=(
            b"ftyp",
            b"moov",
            b"mdat",
            b"trak",
            b"\x1a\x45\xdf\xa3",
            b"AVI ",
            b"RIFF",
            b"#EXTM3U\n",
            b"stsz",
            b"\xa3",
        ),
    ),
]
