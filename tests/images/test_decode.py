import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError
from maskwright.images.decode import find_images, image_path, image_size, read_image

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)
# JPEG blurs noise beyond recognition; it keeps plain colours nearly as they are.
PLAIN = np.full((20, 30, 3), (200, 60, 20), np.uint8)


def test_a_png_is_read_as_rgb(tmp_path: Path):
    Image.fromarray(COLOURS).save(tmp_path / "1.png")
    assert (read_image(tmp_path / "1.png") == COLOURS).all()


def test_a_jpeg_is_read_as_rgb_whatever_its_suffix_says(tmp_path: Path):
    Image.fromarray(PLAIN).save(tmp_path / "1.png", format="JPEG", quality=95)
    assert np.abs(read_image(tmp_path / "1.png").astype(int) - PLAIN).max() <= 4


def test_grey_is_repeated_over_the_channels(tmp_path: Path):
    Image.fromarray(COLOURS[:, :, 0]).save(tmp_path / "1.png")
    assert (read_image(tmp_path / "1.png") == COLOURS[:, :, :1]).all()


def test_palette_indices_become_their_colours(tmp_path: Path):
    indexed = Image.fromarray(COLOURS).quantize(16)
    indexed.save(tmp_path / "1.png")
    assert (read_image(tmp_path / "1.png") == np.array(indexed.convert("RGB"))).all()


def test_alpha_is_dropped(tmp_path: Path):
    alpha = RNG.integers(1, 256, (20, 30, 1)).astype(np.uint8)
    Image.fromarray(np.concatenate([COLOURS, alpha], axis=2)).save(tmp_path / "1.png")
    assert (read_image(tmp_path / "1.png") == COLOURS).all()


def test_sixteen_bits_keep_their_upper_eight(tmp_path: Path):
    deep = (np.arange(20 * 30).reshape(20, 30) * 100).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "1.png")
    read = read_image(tmp_path / "1.png")
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - (deep / 257)[:, :, None]).max() <= 1


def test_cmyk_becomes_rgb(tmp_path: Path):
    Image.fromarray(PLAIN).convert("CMYK").save(tmp_path / "1.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "1.jpg").astype(int) - PLAIN).max() <= 6


def test_a_format_that_opencv_does_not_know_is_read_all_the_same(tmp_path: Path):
    Image.fromarray(COLOURS).save(tmp_path / "1.pcx")
    assert (read_image(tmp_path / "1.pcx") == COLOURS).all()


def test_exif_orientation_is_not_applied_because_masks_refer_to_the_stored_pixels(tmp_path: Path):
    stored = PLAIN.copy()
    stored[:, 15:] = (20, 60, 200)
    image = Image.fromarray(stored)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "1.jpg", exif=exif, quality=95, subsampling=0)
    read = read_image(tmp_path / "1.jpg")
    assert read.shape == (20, 30, 3)
    assert np.abs(read[:, 2].astype(int) - PLAIN[:, 2]).max() <= 4
    assert image_size(tmp_path / "1.jpg") == (20, 30)


@pytest.mark.parametrize(
    "content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "only a signature"]
)
def test_what_is_no_image_is_refused_with_its_name(tmp_path: Path, content: bytes):
    path = tmp_path / "1.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"1\.jpg: cannot be decoded as an image"):
        read_image(path)
    with pytest.raises(DataError, match=r"1\.jpg: cannot be read as an image"):
        image_size(path)


@pytest.mark.parametrize("name", ["1.png", "1.jpg"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_cut_file_is_refused_with_its_name(tmp_path: Path, name: str, kept: float):
    path = tmp_path / name
    Image.fromarray(COLOURS).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match=name):
        read_image(path)


@pytest.mark.parametrize("name", ["1.png", "1.jpg", "1.webp"])
def test_a_file_without_its_end_is_refused_before_a_decoder_could_fill_it_with_grey(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / name
    Image.fromarray(COLOURS).save(path)
    path.write_bytes(path.read_bytes()[:-10])
    monkeypatch.setattr(cv2, "imdecode", lambda *_: np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(DataError, match=rf"{name}: cannot be decoded as an image; its end is missing after \d+ bytes"):
        read_image(path)


def test_a_png_that_is_damaged_inside_is_refused_with_its_name(tmp_path: Path):
    path = tmp_path / "1.png"
    Image.fromarray(COLOURS).save(path)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(20) + content[middle + 20 :])
    with pytest.raises(DataError, match=r"1\.png: cannot be decoded as an image"):
        read_image(path)


def test_a_picture_that_is_a_program_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "1.eps"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    monkeypatch.setattr("subprocess.check_call", lambda *_, **__: pytest.fail("a program was started"))
    for read in (read_image, image_size):
        with pytest.raises(DataError, match="no known image format"):
            read(path)


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (134_217_729, 1)])
def test_the_limit_on_pixels_is_said(tmp_path: Path, width: int, height: int):
    (tmp_path / "1.bmp").write_bytes(
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    )
    said = f"{width}×{height} pixels; at most 134,217,728 are accepted; raise that with: maskwright --limit image-"
    with pytest.raises(DataError, match=said):
        image_size(tmp_path / "1.bmp")


@pytest.mark.parametrize("name", ["x" * 300 + ".jpg", "\udc80.jpg", "circle/1.jpg", "a\0b.jpg"])
def test_names_that_no_file_can_have_are_refused_or_missing(tmp_path: Path, name: str):
    os.symlink("circle", tmp_path / "circle")
    with pytest.raises(DataError):
        read_image(image_path(tmp_path, name))


def test_a_missing_file_and_a_folder_are_refused_with_their_name(tmp_path: Path):
    (tmp_path / "2.jpg").mkdir()
    for name in ("1.jpg", "2.jpg"):
        with pytest.raises(DataError, match=name):
            read_image(tmp_path / name)
        with pytest.raises(DataError, match=name):
            image_size(tmp_path / name)


def test_a_small_file_that_unpacks_to_gigapixels_is_refused(tmp_path: Path):
    side = 60_000
    rows = zlib.compress(b"\0" * (side // 8 + 1) * 100)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    (tmp_path / "1.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in chunks
        )
    )
    with pytest.raises(DataError, match=r"1\.png"):
        read_image(tmp_path / "1.png")
    with pytest.raises(DataError, match=r"1\.png"):
        image_size(tmp_path / "1.png")


@pytest.mark.parametrize("name", ["1.png", "sub/1.png", "./1.png", "sub/../1.png", "  猫 café #%20?.jpg"])
def test_names_inside_the_folder_are_allowed(tmp_path: Path, name: str):
    assert image_path(tmp_path / "images", name) == tmp_path / "images" / name


@pytest.mark.parametrize("name", ["../secret.png", "sub/../../secret.png", "/etc/hostname", "..", "../images2/1.png"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str):
    with pytest.raises(DataError, match="lies outside"):
        image_path(tmp_path / "images", name)


def test_an_absolute_name_is_refused_even_when_it_points_inside(tmp_path: Path):
    with pytest.raises(DataError, match="lies outside"):
        image_path(tmp_path, str(tmp_path / "1.png"))


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder whose 1.png and sub are links to what lies outside, and gone.png to what is not there."""
    folder, outside = tmp_path / "images", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    cv2.imwrite(str(outside / "1.png"), np.zeros((2, 3), np.uint8))
    for link, target in (("1.png", "outside/1.png"), ("sub", "outside"), ("gone.png", "outside/gone.png")):
        os.symlink(f"../{target}", folder / link)
    return folder


@pytest.mark.parametrize("name", ["1.png", "sub/1.png", "./1.png"])
def test_links_in_the_folder_may_lead_out_of_it(linked: Path, name: str):
    assert read_image(image_path(linked, name)).shape == (2, 3, 3)
    with pytest.raises(DataError, match="lies outside"):
        image_path(linked, name, follow_links=False)


def test_a_link_that_leads_nowhere_is_a_missing_file(linked: Path):
    with pytest.raises(DataError, match="does not exist"):
        read_image(image_path(linked, "gone.png"))


@pytest.mark.parametrize("name", ["sub/../secret.png", "sub/../../secret.png", "sub/../outside/1.png"])
def test_a_name_cannot_climb_out_by_a_link(linked: Path, name: str):
    (linked.parent / "secret.png").touch()
    with pytest.raises(DataError, match="lies outside"):
        image_path(linked, name)


def test_a_link_to_what_is_no_regular_file_is_refused(linked: Path):
    os.mkfifo(linked.parent / "pipe")
    os.symlink("../pipe", linked / "2.png")
    for name in ("2.png", "sub"):
        with pytest.raises(DataError, match="expected a link to a regular file"):
            image_path(linked, name)


def test_links_inside_the_folder_are_allowed(tmp_path: Path):
    (tmp_path / "1.png").touch()
    os.symlink("1.png", tmp_path / "2.png")
    assert image_path(tmp_path, "2.png") == tmp_path / "2.png"


def test_a_folder_that_is_itself_a_link_is_allowed(tmp_path: Path):
    (tmp_path / "there").mkdir()
    os.symlink("there", tmp_path / "images")
    assert image_path(tmp_path / "images", "1.png") == tmp_path / "images" / "1.png"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "notes.txt", "c.tiff"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.png").touch()
    return tmp_path


def found(source: Path) -> list[str]:
    return [path.name for path in find_images(source)]


def test_the_images_of_a_folder_are_found_in_order_without_its_subfolders(pictures: Path):
    assert found(pictures) == ["a.JPG", "b.png", "c.tiff"]


def test_a_glob_finds_images_only(pictures: Path):
    assert found(pictures / "*") == ["a.JPG", "b.png", "c.tiff"]
    assert found(pictures / "[bn]*") == ["b.png"]


def test_one_file_is_itself_whatever_its_suffix(pictures: Path):
    assert found(pictures / "notes.txt") == ["notes.txt"]


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(pictures: Path):
    (pictures / "x[1].png").touch()
    assert found(pictures / "x[1].png") == ["x[1].png"]


def test_nothing_is_found_where_nothing_is(pictures: Path):
    assert found(pictures / "z.png") == []


def png_of(width: int, height: int) -> bytes:
    """A PNG of one grey value: a million times smaller than its pixels."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes((width + 1) * min(height, 64)))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def test_the_header_is_asked_before_a_decoder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "1.png").write_bytes(png_of(32_000, 32_000))
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("pixels were decoded"))
    with pytest.raises(DataError, match="32000×32000 pixels; at most"):
        read_image(tmp_path / "1.png")


def test_the_limits_can_be_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "1.png").write_bytes(png_of(30, 20))
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_PIXELS", "600")
    assert read_image(tmp_path / "1.png").shape == (20, 30, 3)
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_PIXELS", "599")
    with pytest.raises(DataError, match="30×20 pixels; at most 599"):
        read_image(tmp_path / "1.png")
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_BYTES", "20")
    with pytest.raises(DataError, match=r"bytes; at most 20 are accepted; .*--limit image-bytes"):
        read_image(tmp_path / "1.png")


def test_a_fifo_and_a_device_are_refused_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "1.png")
    (tmp_path / "2.png").symlink_to("/dev/zero")
    for name in ("1.png", "2.png"):
        with pytest.raises(DataError, match="is no regular file"):
            read_image(tmp_path / name)
        with pytest.raises(DataError, match="expected a regular file"):
            image_size(tmp_path / name)
