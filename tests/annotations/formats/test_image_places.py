"""Images are found in the folder that holds them, under names that tools write in many ways."""

from pathlib import Path

import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.formats.image_places import ImagePlaces, place_images
from maskwright.errors import UsageError
from tests.conftest import CocoFactory


@pytest.fixture
def place(coco: CocoFactory, tmp_path: Path):
    """``place(names, *files)``: a COCO file with images of these names, and these files in ``tmp_path``/photos."""

    def placed(names: list[str], *files: str) -> ImagePlaces:
        for file in files:
            path = tmp_path / "photos" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        (tmp_path / "photos").mkdir(exist_ok=True)
        path = coco(images=[{"file_name": name} for name in names])
        return place_images(read_coco(path), [tmp_path / "empty", tmp_path / "photos"], tmp_path / "photos")

    return placed


def test_exact_names_are_kept_and_the_folder_that_holds_them_is_taken(place, tmp_path: Path) -> None:
    found = place(["1.jpg", "a/2.jpg"], "1.jpg", "a/2.jpg", "3.jpg")
    assert found == ImagePlaces(tmp_path / "photos", {1: "1.jpg", 2: "a/2.jpg"}, (), 0)


def test_missing_images_are_named(place) -> None:
    found = place(["1.jpg", "2.jpg", "3.jpg"], "2.jpg")
    assert (found.names, found.missing, found.renamed) == ({2: "2.jpg"}, ("1.jpg", "3.jpg"), 0)


def test_names_that_differ_in_slash_or_case_are_their_files(place) -> None:
    found = place(["1.jpg", "a\\2.JPG"], "1.jpg", "a/2.jpg")
    assert (found.names, found.renamed) == ({1: "1.jpg", 2: "a/2.jpg"}, 1)


def test_paths_of_another_machine_are_matched_by_their_last_names(place) -> None:
    found = place(["C:\\data\\1.jpg", "/srv/upload/2.jpg", "/srv/upload/9.jpg"], "default/1.jpg", "default/2.jpg")
    assert (found.names, found.missing) == ({1: "default/1.jpg", 2: "default/2.jpg"}, ("/srv/upload/9.jpg",))
    assert found.renamed == 2


def test_of_files_with_one_last_name_the_folder_decides_and_else_none_is_taken(place) -> None:
    found = place(
        ["/x/a/1.jpg", "/x/b/1.jpg", "/x/c/2.jpg", "/x/3.jpg"], "a/1.jpg", "b/1.jpg", "a/2.jpg", "b/2.jpg", "3.jpg"
    )
    assert found.names == {1: "a/1.jpg", 2: "b/1.jpg", 4: "3.jpg"}


@pytest.mark.parametrize("name", [".", "./", "/"])
def test_the_name_of_a_folder_is_that_of_no_image(name: str, place) -> None:
    found = place([name, "/x/1.jpg"], "1.jpg")
    assert (found.names, found.missing) == ({2: "1.jpg"}, (name,))


def test_a_file_that_two_names_would_take_is_given_to_none(place) -> None:
    assert place(["/x/1.jpg", "/y/1.jpg", "/x/2.jpg"], "1.jpg", "2.jpg").names == {3: "2.jpg"}


def test_what_lies_below_the_folder_of_the_annotations_is_searched_only_when_asked(
    coco: CocoFactory, tmp_path: Path
) -> None:
    (tmp_path / "holidays").mkdir()
    (tmp_path / "holidays" / "1.jpg").write_bytes(b"")
    file = read_coco(coco(images=[{"file_name": "/srv/1.jpg"}]))
    with pytest.raises(UsageError, match="--images DIR"):
        place_images(file, [tmp_path])
    assert place_images(file, [tmp_path], tmp_path).names == {1: "holidays/1.jpg"}


def test_a_folder_without_any_of_them_is_refused_with_a_name_and_the_remedy(place) -> None:
    with pytest.raises(UsageError, match=r"none of its 2 images is in .*photos, such as '1\.jpg.*--images DIR"):
        place(["1.jpg", "2.jpg"], "other.jpg")


def test_a_name_that_leads_out_of_the_folder_is_not_followed(place, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"")
    found = place(["1.jpg", "../secret.jpg"], "1.jpg")
    assert found.missing == ("../secret.jpg",)
