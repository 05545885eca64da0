from pathlib import Path

import pytest

from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage
from maskwright.annotations.formats.image_files import OutputNames, Stems, copy_image, file_in, images_below, name_fault
from maskwright.errors import DataError
from tests.annotations.formats.examples import write_blank


def image(name: str, path: Path | None = None) -> AnnotatedImage:
    return AnnotatedImage(name, 4, 5, path=path)


def test_files_are_found_in_the_folder_and_by_its_links_only(tmp_path: Path):
    inside = write_blank(tmp_path / "images" / "deep" / "a.png")
    write_blank(tmp_path / "b.png")
    folder = tmp_path / "images"
    (folder / "link.png").symlink_to(tmp_path / "b.png")
    (folder / "gone.png").symlink_to(tmp_path / "gone.png")
    assert file_in(folder, "deep/a.png") == inside
    assert file_in(folder, "link.png") == folder / "link.png"
    for name in ("a.png", "../b.png", str(tmp_path / "b.png"), "gone.png", "deep", "x" * 5000, "a\0b"):
        assert file_in(folder, name) is None
    assert file_in(None, "a.png") is None


def test_images_are_listed_with_their_folders_whatever_the_case_of_their_suffix(tmp_path: Path):
    write_blank(tmp_path / "b.png").rename(tmp_path / "b.PNG")
    write_blank(tmp_path / "a" / "c.jpg")
    (tmp_path / "notes.txt").touch()
    assert images_below(tmp_path) == ["a/c.jpg", "b.PNG"]


def test_a_stem_names_one_image(tmp_path: Path):
    write_blank(tmp_path / "a" / "c.jpg")
    assert Stems().find(tmp_path, "c") == "a/c.jpg"
    assert Stems().find(tmp_path, "d") is None
    assert Stems().find(None, "c") is None
    assert Stems().find(tmp_path / "none", "c") is None
    write_blank(tmp_path / "c.png")
    with pytest.raises(DataError, match="differ in their folder or suffix only"):
        Stems().find(tmp_path, "d")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.jpg", None),
        ("a/b.jpg", None),
        ("a\\b.jpg", None),
        ("a..b.jpg", None),
        ("/a.jpg", "absolute_path"),
        ("C:a.jpg", "absolute_path"),
        ("\\\\host\\share\\a.jpg", "absolute_path"),
        ("../a.jpg", "outside_path"),
        ("a\\..\\b.jpg", "outside_path"),
        (".", "outside_path"),
    ],
)
def test_names_that_lead_out_of_the_target_are_faults(name: str, code: str | None):
    fault = name_fault(image(name))
    assert (fault.code if fault else None) == code


def test_two_images_cannot_claim_one_file_in_any_case():
    claims = OutputNames()
    claims.claim(Path("a.txt"), image("a.jpg"))
    claims.claim(Path("x/a.txt"), image("x/a.jpg"))
    with pytest.raises(DataError, match=r"'a\.jpg' and 'A\.png' would share the file A\.txt"):
        claims.claim(Path("A.txt"), image("A.png"))


def test_an_image_that_was_not_found_is_named_instead_of_copied(tmp_path: Path, account: ConversionAudit):
    copy_image(image("a.png", write_blank(tmp_path / "a.png")), tmp_path / "out" / "a.png", account)
    assert (tmp_path / "out" / "a.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    copy_image(image("b.png"), tmp_path / "out" / "b.png", account)
    assert account.objects.lines() == ["source: 1 used with image_not_copied (images b.png)."]
