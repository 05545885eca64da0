import os
import unicodedata
from pathlib import Path

import pytest

from maskwright.annotations.checks.paths import path_faults
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import FAULTS

NFC, NFD = (unicodedata.normalize(form, "café.png") for form in ("NFC", "NFD"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An images folder with two files, and a file outside it."""
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for path in (folder / "1.png", folder / "sub" / "2.png", tmp_path / "secret.png"):
        path.touch()
    return folder


@pytest.fixture
def codes(coco):
    """``codes(*names, folder=…)``: the codes and ids of the path faults of images with these names."""

    def check(*names: str, folder: Path | None = None) -> list[tuple[str, int]]:
        path = coco(images=[{"file_name": name} for name in names])
        return [(fault.code, fault.record) for fault in path_faults(read_coco(path), folder)]

    return check


@pytest.mark.parametrize("name", ["1.png", "./1.png", "sub/2.png", "sub/../1.png", "sub//2.png"])
def test_a_name_inside_the_folder_is_fine(codes, folder: Path, name: str):
    assert codes(name) == []
    assert codes(name, folder=folder) == []


@pytest.mark.parametrize(
    "name", ["2:30.png", "..1.png", "a..b.png", " 猫 #%20?.png", "...", "~x.png", "http://x/1.png"]
)
def test_an_odd_name_is_a_name(codes, folder: Path, name: str):
    assert codes(name) == []
    assert codes(name, folder=folder) == []


@pytest.mark.parametrize(
    "name", ["/data/1.png", "//server/1.png", "C:\\data\\1.png", "c:/data/1.png", "\\\\server\\share\\1.png", "\\1.png"]
)
def test_an_absolute_path_is_named_on_every_system(codes, folder: Path, name: str):
    assert codes(name) == [("absolute_path", 1)]
    assert codes(name, folder=folder) == [("absolute_path", 1)]


def test_an_absolute_path_is_named_even_when_it_leads_into_the_folder(codes, folder: Path):
    assert codes(str(folder / "1.png"), folder=folder) == [("absolute_path", 1)]


@pytest.mark.parametrize(
    "name", ["../secret.png", "sub/../../secret.png", "..", "..\\secret.png", "sub\\..\\..\\x.png"]
)
def test_a_name_that_leads_out_is_named(codes, folder: Path, name: str):
    assert codes(name) == [("outside_path", 1)]
    assert codes(name, folder=folder) == [("outside_path", 1)]


@pytest.mark.parametrize(("link", "name"), [("3.png", "3.png"), ("out", "out/secret.png")])
def test_a_link_that_leads_out_is_a_warning(codes, folder: Path, link: str, name: str):
    os.symlink("../secret.png" if link == "3.png" else "..", folder / link)
    assert codes(name) == []
    assert codes(name, folder=folder) == [("outside_link", 1)]
    assert FAULTS["outside_link"].severity == "warning"


def test_a_name_that_climbs_out_by_a_link_is_an_error(codes, folder: Path):
    os.symlink("..", folder / "out")
    assert codes("out/../x.png", folder=folder) == [("outside_path", 1)]


def test_links_inside_the_folder_and_the_folder_itself_may_be_links(codes, folder: Path):
    os.symlink("1.png", folder / "3.png")
    os.symlink("sub", folder / "other")
    os.symlink("images", folder.parent / "linked")
    for each in (folder, folder.parent / "linked"):
        assert codes("3.png", "other/2.png", folder=each) == []


def test_a_circle_of_links_is_named(codes, folder: Path):
    os.symlink("circle.png", folder / "circle.png")
    assert codes("circle.png", folder=folder) == [("outside_path", 1)]


def test_backslashes_are_named(codes, folder: Path):
    assert codes("sub\\2.png") == [("backslash_path", 1)]
    assert codes("sub\\2.png", folder=folder) == [("backslash_path", 1)]


def test_a_file_whose_own_name_has_a_backslash_is_fine(codes, folder: Path):
    (folder / "a\\b.png").touch()
    assert codes("a\\b.png", folder=folder) == []


@pytest.mark.parametrize("name", ["1.PNG", "SUB/2.png", "Sub/2.Png"])
def test_another_case_than_the_files_is_named(codes, folder: Path, name: str):
    assert codes(name) == []
    assert codes(name, folder=folder) == [("case_differs", 1)]


@pytest.mark.parametrize(("on_disk", "written"), [(NFC, NFD), (NFD, NFC)], ids=["NFD", "NFC"])
def test_another_unicode_form_than_the_files_is_named(codes, folder: Path, on_disk: str, written: str):
    (folder / on_disk).touch()
    assert codes(written, folder=folder) == [("unicode_form", 1)]
    assert codes(on_disk, folder=folder) == []


def test_the_file_that_is_meant_is_named(coco, folder: Path):
    faults = list(path_faults(read_coco(coco(images=[{"file_name": "SUB/2.PNG"}])), folder))
    assert [str(fault) for fault in faults] == [
        f"image 1 ('SUB/2.PNG') differs in its case from the file 'sub/2.png' in {folder}"
    ]


def test_a_missing_file_is_no_fault_of_its_path(codes, folder: Path):
    assert codes("3.png", "x" * 300, folder=folder) == []


def test_images_that_would_share_a_mask_are_named_after_the_paths(coco):
    path = coco(images=[{"file_name": name} for name in ("1.png", "a/1.jpg", "/2.png", "2.jpg", "3.png")])
    faults = list(path_faults(read_coco(path)))
    assert [(fault.code, fault.record) for fault in faults] == [
        ("absolute_path", 3),
        ("shared_mask_file", 2),
        ("shared_mask_file", 4),
    ]
    assert str(faults[1]) == "image 2 ('a/1.jpg') would share the mask file 1.png with image 1 ('1.png')"


def test_nul_and_nothing_are_faults_of_the_record(coco):
    read = read_coco(coco(images=[{"file_name": "a\0b.png"}, {"file_name": ""}, {}]))
    assert [fault.code for fault in read.faults] == ["bad_image", "bad_image"]
    assert list(path_faults(read)) == []
