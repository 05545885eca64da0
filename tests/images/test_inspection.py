import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.images.inspection import ImageFile, inspect, one_large_at_a_time, pillow_silenced

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)
RGB = Image.fromarray(COLOURS)
DEEP = (np.arange(20 * 30).reshape(20, 30) * 100).astype(np.uint16)


def saved(image: Image.Image, path: Path, **options: object) -> ImageFile:
    image.save(path, **options)
    return inspect(path)


def png(width: int, height: int, bits: int, kind: int, rows: bytes) -> bytes:
    """A PNG written by hand: for what Pillow does not write, and for what it would refuse to."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return content


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "tif", "webp", "gif"])
def test_format_and_size_are_those_of_the_file(tmp_path: Path, suffix: str):
    file = saved(RGB, tmp_path / f"1.{suffix}")
    assert file.format == {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
    assert (file.size, file.pixels, file.state, file.reason) == ((20, 30), 600, "whole", "")


@pytest.mark.parametrize(
    ("image", "name", "found"),
    [
        (RGB, "1.png", set()),
        (RGB.convert("L"), "1.jpg", {"gray"}),
        (RGB.convert("1"), "1.png", {"gray"}),
        (RGB.convert("LA"), "1.png", {"gray", "alpha"}),
        (RGB.convert("RGBA"), "1.png", {"alpha"}),
        (RGB.convert("P"), "1.png", {"palette"}),
        (RGB.convert("CMYK"), "1.jpg", {"cmyk"}),
        (Image.fromarray(DEEP), "1.png", {"gray", "deep"}),
        (Image.fromarray(DEEP), "1.tif", {"gray", "deep"}),
        (Image.fromarray(DEEP.astype(np.float32)), "1.tif", {"gray", "deep"}),
    ],
    ids=lambda value: (
        value.mode
        if isinstance(value, Image.Image)
        else " ".join(sorted(value))
        if isinstance(value, set)
        else str(value)
    ),
)
def test_the_kind_of_pixels_is_named(tmp_path: Path, image: Image.Image, name: str, found: set[str]):
    file = saved(image, tmp_path / name)
    assert file.state == "whole"
    assert {kind for kind in ("gray", "alpha", "palette", "cmyk", "deep") if getattr(file, kind)} == found


def test_a_transparent_colour_of_a_palette_is_alpha(tmp_path: Path):
    assert saved(RGB.convert("P"), tmp_path / "1.png", transparency=3).alpha


def test_colours_of_sixteen_bits_are_deep_though_pillow_reads_eight(tmp_path: Path):
    path = tmp_path / "1.png"
    path.write_bytes(png(2, 2, 16, 2, (b"\0" + bytes(12)) * 2))
    file = inspect(path)
    assert (file.mode, file.bits, file.deep, file.state) == ("RGB", 16, True, "whole")


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_a_moving_picture_is_animated_and_a_still_one_is_not(tmp_path: Path, suffix: str):
    other = Image.fromarray(255 - COLOURS)
    assert saved(RGB, tmp_path / f"1.{suffix}", save_all=True, append_images=[other]).animated
    assert not saved(RGB, tmp_path / f"1.{suffix}").animated


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_exif_orientation_leaves_the_stored_size_and_may_swap_the_shown_one(
    tmp_path: Path, suffix: str, orientation: int
):
    exif = RGB.getexif()
    exif[0x0112] = orientation
    file = saved(RGB, tmp_path / f"1.{suffix}", exif=exif)
    assert (file.orientation, file.size) == (orientation, (20, 30))
    assert file.shown_size == ((30, 20) if orientation >= 5 else (20, 30))


@pytest.mark.parametrize("orientation", [0, 9, 1000])
def test_an_orientation_that_does_not_exist_is_upright(tmp_path: Path, orientation: int):
    exif = RGB.getexif()
    exif[0x0112] = orientation
    assert saved(RGB, tmp_path / "1.jpg", exif=exif).orientation == 1


@pytest.mark.parametrize("name", ["1.jpg", "1.png", "1.bmp", "1.tif", "1.webp", "1.gif"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_cut_file_is_never_whole(tmp_path: Path, name: str, kept: float):
    path = tmp_path / name
    RGB.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    file = inspect(path)
    assert file.state in ("truncated", "unreadable")  # unreadable where not even the header is whole
    assert file.reason
    if name in ("1.jpg", "1.png", "1.webp"):
        assert file.state == "truncated"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty (0 bytes)"),
        (b"not an image", "no known image format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n", "no known image format"),
        (b"BM" + bytes(60), ""),
    ],
    ids=["empty", "text", "a program", "broken header"],
)
def test_what_is_no_image_is_unreadable_for_a_reason(tmp_path: Path, content: bytes, reason: str):
    path = tmp_path / "1.jpg"
    path.write_bytes(content)
    file = inspect(path)
    assert (file.state, file.size, file.pixels) == ("unreadable", None, 0)
    assert file.reason
    assert reason in file.reason


def test_a_png_with_a_damaged_stretch_is_unreadable(tmp_path: Path):
    path = tmp_path / "1.png"
    RGB.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert inspect(path).state == "unreadable"


def test_a_bomb_tells_its_pixels_and_is_not_decoded(tmp_path: Path):
    path = tmp_path / "1.png"
    path.write_bytes(png(60_000, 60_000, 1, 0, bytes(7501) * 100))
    file = inspect(path)
    assert (file.state, file.pixels) == ("not decoded", 3_600_000_000)


def test_the_caller_says_how_many_pixels_are_decoded(tmp_path: Path):
    RGB.save(tmp_path / "1.png")
    assert inspect(tmp_path / "1.png", most_decoded=599).state == "not decoded"
    assert inspect(tmp_path / "1.png", most_decoded=600).state == "whole"


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path):
    assert inspect(tmp_path / "1.png").state == "unreadable"
    assert inspect(tmp_path).state == "unreadable"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_no_damage_raises(tmp_path: Path, format: str):
    path = tmp_path / "1"
    RGB.save(path, format)
    content = path.read_bytes()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        damaged = bytearray(content)
        for position in rng.integers(0, rng.choice([40, len(content)]), 5):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        assert inspect(path).state in ("whole", "truncated", "unreadable", "not decoded")


def test_what_pillow_warns_of_is_left_unsaid(tmp_path: Path, recwarn: pytest.WarningsRecorder):
    path = tmp_path / "1.tif"
    RGB.save(path, compression="tiff_lzw")
    path.write_bytes(path.read_bytes()[:-1])
    assert inspect(path).state != "whole"
    assert len(recwarn) > 0  # else this test shows nothing
    recwarn.clear()
    with pillow_silenced():
        assert inspect(path).state != "whole"
    assert len(recwarn) == 0


def test_large_images_wait_for_each_other_and_small_ones_do_not():
    entered = threading.Event()

    def enter(pixels: int) -> None:
        with one_large_at_a_time(pixels):
            entered.set()

    with one_large_at_a_time(50_000_000):
        small = threading.Thread(target=enter, args=[600])
        small.start()
        assert entered.wait(5)
        small.join()
        entered.clear()
        large = threading.Thread(target=enter, args=[50_000_000])
        large.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    large.join()
