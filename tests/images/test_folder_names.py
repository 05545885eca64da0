import os
import unicodedata
from pathlib import Path

import pytest

from maskwright.images.folder_names import FolderNames, folded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    for name in ("b.jpg", "sub/deep/A.JPG", "notes.txt", ".hidden.jpg", ".cache/1.jpg"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_files_of_subfolders_are_named_and_hidden_ones_are_not(folder: Path):
    assert FolderNames(folder).files == {"b.jpg", "sub/deep/A.JPG", "notes.txt"}


def test_links_are_named_apart_and_not_followed(folder: Path):
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "secret.jpg").touch()
    os.symlink("../outside", folder / "link")
    os.symlink("b.jpg", folder / "c.jpg")
    names = FolderNames(folder)
    assert names.links == {"link", "c.jpg"}
    assert "c.jpg" in names
    assert "link/secret.jpg" not in names


def test_a_circle_of_links_ends(folder: Path):
    os.symlink("..", folder / "sub" / "up")
    assert FolderNames(folder).links == {"sub/up"}


def test_a_folder_that_does_not_exist_has_no_files(tmp_path: Path):
    assert FolderNames(tmp_path / "none").files == set()


def test_what_waits_for_another_program_is_no_file(folder: Path):
    os.mkfifo(folder / "pipe.jpg")
    assert "pipe.jpg" not in FolderNames(folder)


def test_a_file_is_found_under_another_case_and_with_backslashes(folder: Path):
    names = FolderNames(folder)
    assert names.alike(".\\SUB\\deep\\..\\deep\\a.jpg") == ["sub/deep/A.JPG"]
    assert names.alike("a.jpg") == []


def test_a_file_is_found_under_another_unicode_form(folder: Path):
    composed, decomposed = (unicodedata.normalize(form, "café.jpg") for form in ("NFC", "NFD"))
    (folder / decomposed).touch()
    assert FolderNames(folder).alike(composed) == [decomposed]


def test_every_file_that_may_be_meant_is_given(folder: Path):
    (folder / "B.jpg").touch()
    assert FolderNames(folder).alike("b.JPG") == ["B.jpg", "b.jpg"]


@pytest.mark.parametrize("name", ["É.JPG", "ǅ.png", "Straße.jpg", "ΰ.png", "a\\b.jpg"])
def test_folding_twice_is_folding_once(name: str):
    assert folded(folded(name)) == folded(name)
