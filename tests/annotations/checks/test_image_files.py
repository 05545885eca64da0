import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.checks.image_files import image_file_faults
from maskwright.annotations.checks.paths import path_faults
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import FAULTS, Fault

RGB = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def faults(coco, folder: Path):
    """``faults(*names)``: the faults of the files of images of 48 × 64 pixels with these names."""

    def check(*names: str) -> list[Fault]:
        read = read_coco(coco(images=[{"file_name": name} for name in names]))
        return list(image_file_faults(read, folder, workers=0))

    return check


def codes(faults: list[Fault]) -> list[str]:
    return [fault.code for fault in faults]


def exif(orientation: int) -> Image.Exif:
    found = RGB.getexif()
    found[0x0112] = orientation
    return found


def test_a_sound_image_has_no_fault(faults, folder: Path):
    for name in ("1.png", "1.jpg", "1.JPEG", "1.webp", "1.bmp", "1.tif"):
        RGB.save(folder / name)
    assert faults("1.png", "1.jpg", "1.JPEG", "1.webp", "1.bmp", "1.tif") == []


def test_a_missing_file_is_named(faults, folder: Path):
    (found,) = faults("1.png")
    assert (found.code, str(found)) == ("missing_image", f"image 1 ('1.png') has no file in {folder}")
    assert codes(faults("x" * 300 + ".png", "sub/1.png")) == ["missing_image"] * 2


def test_a_folder_or_a_pipe_is_no_image_file(faults, folder: Path):
    (folder / "1.png").mkdir()
    os.mkfifo(folder / "2.png")
    assert codes(faults("1.png", "2.png")) == ["missing_image"] * 2


def test_what_cannot_be_read_has_no_other_fault(faults, folder: Path):
    (folder / "1.jpg").touch()
    (folder / "2.jpg").write_text("not an image")
    found = faults("1.jpg", "2.jpg")
    assert codes(found) == ["unreadable_image"] * 2
    assert "it is empty (0 bytes)" in found[0].message


@pytest.mark.parametrize("name", ["1.jpg", "1.png", "1.webp", "1.bmp"])
def test_a_cut_file_is_truncated(faults, folder: Path, name: str):
    RGB.save(folder / name)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    assert codes(faults(name)) == ["truncated_image"]


def bitmap(width: int, height: int) -> bytes:
    """The header of a BMP, without the pixels."""
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("stored", "listed", "expected"),
    [
        ((60_000, 60_000), (48, 64), ["image_bomb"]),
        ((60_000, 60_000), (60_000, 60_000), ["unlisted_image"]),
        ((10_000, 10_000), (48, 64), ["image_bomb"]),
        ((10_000, 10_000), (6_000, 6_000), ["image_size", "huge_image"]),
        ((10_000, 10_000), (10_000, 10_000), ["huge_image"]),
    ],
)
def test_many_pixels_are_a_bomb_unless_the_record_has_nearly_as_many(
    coco, folder: Path, stored: tuple[int, int], listed: tuple[int, int], expected: list[str]
):
    (folder / "1.bmp").write_bytes(bitmap(*stored))
    read = read_coco(coco(images=[{"file_name": "1.bmp", "height": listed[0], "width": listed[1]}]))
    assert codes(list(image_file_faults(read, folder, workers=0))) == expected


def test_another_size_than_the_json_says_is_named_with_both(faults, folder: Path):
    RGB.resize((32, 24)).save(folder / "1.png")
    (found,) = faults("1.png")
    assert found.code == "image_size"
    assert "is 32×24 pixels on disk, but 64×48 in the JSON (width×height)" in found.message


@pytest.mark.parametrize(
    ("image", "orientation", "expected"),
    [
        (RGB, 3, ["exif_orientation"]),
        (RGB, 6, ["exif_orientation"]),
        (RGB.resize((48, 64)), 6, ["image_orientation"]),
        (RGB.resize((48, 64)), 3, ["image_size"]),
        (RGB.resize((48, 64)), 1, ["image_size"]),
        (RGB.resize((20, 20)), 6, ["image_size"]),
        (RGB, 1, []),
    ],
)
def test_orientation_is_an_error_only_where_the_size_depends_on_it(
    faults, folder: Path, image: Image.Image, orientation: int, expected: list[str]
):
    image.save(folder / "1.jpg", exif=exif(orientation))
    assert codes(faults("1.jpg")) == expected


@pytest.mark.parametrize(
    ("image", "name", "options", "expected"),
    [
        (RGB.convert("L"), "1.jpg", {}, ["gray_image"]),
        (RGB.convert("RGBA"), "1.png", {}, ["alpha_image"]),
        (RGB.convert("P"), "1.png", {}, ["palette_image"]),
        (RGB.convert("CMYK"), "1.jpg", {}, ["cmyk_image"]),
        (Image.fromarray(np.zeros((48, 64), np.uint16)), "1.png", {}, ["gray_image", "deep_image"]),
        (RGB, "1.jpg", {"format": "PNG"}, ["wrong_suffix"]),
        (RGB, "1.dat", {"format": "PNG"}, ["wrong_suffix"]),
        (RGB, "1", {"format": "JPEG"}, ["wrong_suffix"]),
        (RGB, "1.jpg", {"format": "MPO"}, []),
        (RGB, "1.png", {"save_all": True, "append_images": [RGB.rotate(9)]}, ["animated_image"]),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else " ".join(value),
)
def test_the_way_pixels_are_stored_is_named(
    faults, folder: Path, image: Image.Image, name: str, options: dict[str, object], expected: list[str]
):
    image.save(folder / name, **options)
    assert codes(faults(name)) == expected


def test_images_that_no_record_names_are_named_once_in_order(faults, folder: Path):
    for name in ("1.png", "sub/deep/3.JPG", "2.png", ".hidden.png", ".cache/4.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        RGB.save(folder / name)
    (folder / "notes.txt").touch()
    found = faults("1.png")
    assert codes(found) == ["unlisted_image"] * 2
    assert [str(fault) for fault in found] == [
        f"has no usable record of the image '{name}' in {folder}" for name in ("2.png", "sub/deep/3.JPG")
    ]


@pytest.mark.parametrize("written", ["./1.png", "sub/../1.png", "link/1.png", "1.PNG", ".\\1.PNG"])
def test_a_file_is_listed_however_its_name_is_spelt(faults, folder: Path, written: str):
    RGB.save(folder / "1.png")
    os.symlink(".", folder / "link")
    (folder / "sub").mkdir()
    assert "unlisted_image" not in codes(faults(written))


def test_a_link_out_of_the_folder_is_opened_and_checked(faults, folder: Path):
    RGB.crop((0, 0, 20, 20)).save(folder.parent / "small.png")
    os.symlink("../small.png", folder / "link.png")
    assert codes(faults("link.png")) == ["image_size"]


@pytest.mark.parametrize("name", ["../secret.png", "1.PNG", "/secret.png", "sub\\1.png"])
def test_what_is_a_fault_of_the_path_is_not_opened_and_not_named_twice(coco, folder: Path, name: str):
    RGB.save(folder.parent / "secret.png")
    RGB.save(folder / "1.png")
    read = read_coco(coco(images=[{"file_name": "1.png"}, {"file_name": name}]))
    opened: list[str] = []
    listening = True
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if listening and event == "open" else None)
    found = list(image_file_faults(read, folder, workers=0))
    listening = False
    assert [fault.record for fault in found if fault.kind == "image"] == []
    assert [fault.record for fault in path_faults(read, folder) if fault.code != "shared_mask_file"] == [2]
    assert str(folder / "1.png") in opened
    assert not [path for path in opened if "secret" in path]


def test_threads_find_what_one_finds_in_the_same_order(coco, folder: Path):
    for number in range(1, 41):
        image = RGB.convert("L") if number % 3 == 0 else RGB
        image.resize((64, 48) if number % 5 else (48, 64)).save(folder / f"{number}.png")
    read = read_coco(coco(images=[{} for _ in range(50)]))
    alone = list(image_file_faults(read, folder, workers=0))
    assert list(image_file_faults(read, folder, workers=3)) == alone
    assert len(alone) == 13 + 8 + 10


def test_progress_is_shown_per_image(coco, folder: Path):
    RGB.save(folder / "1.png")
    seen = []

    def track(each):
        for faults in each:
            seen.append(len(faults))
            yield faults

    assert len(list(image_file_faults(read_coco(coco(images=[{}, {}])), folder, track=track))) == 1
    assert seen == [0, 1]


def test_every_code_is_in_the_catalogue_with_its_severity():
    expected = {
        "missing_image": "error",
        "truncated_image": "error",
        "image_bomb": "error",
        "animated_image": "warning",
    }
    assert {code: FAULTS[code].severity for code in expected} == expected


def test_the_greyscale_images_of_coco300_are_all_that_is_odd_there(shared: Path):
    found = {}
    for part in ("train-300", "validation-300"):
        read = read_coco(shared / "data" / "coco300" / part / "labels.json")
        for fault in image_file_faults(read, shared / "data" / "coco300" / part / "data"):
            found.setdefault(fault.code, []).append((part, fault.record))
    assert found == {"gray_image": [("train-300", 9), ("train-300", 77), ("validation-300", 244)]}


@pytest.mark.parametrize("name", ["1.jpg", "1.png", "1.webp"])
def test_exif_that_cannot_be_read_is_named_and_the_image_is_used_as_it_is_stored(faults, folder: Path, name: str):
    RGB.save(folder / name, exif=b"Exif\0\0nonsense")
    (found,) = faults(name)
    assert found.code == "unreadable_exif"
    assert f"image 1 ('{name}') has EXIF that cannot be read (it begins with b'nons'" in str(found)
    RGB.resize((48, 64)).save(folder / name, exif=exif(6).tobytes()[:20])
    assert codes(faults(name)) == ["image_size", "unreadable_exif"]
