"""The folder of the images is found near the file, also for names of another machine."""

from pathlib import Path

import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.formats.image_search import image_folder_near, require_image_folder
from maskwright.errors import UsageError
from tests.conftest import CocoFactory


@pytest.fixture
def labels(coco: CocoFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two images in the working directory, beside empty folders."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "photos/full", ".hidden", "z"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".hidden" / "1.png").touch()
    return coco(images=({}, {"file_name": "C:\\Users\\me\\2.png"})).relative_to(tmp_path)


@pytest.mark.parametrize("name", ["1.png", "2.png"])
@pytest.mark.parametrize("folder", ["photos", "photos/full", "z", "."])
def test_a_folder_near_that_holds_an_image_is_found(folder: str, name: str, labels: Path, tmp_path: Path) -> None:
    (tmp_path / folder / name).touch()
    assert image_folder_near(read_coco(labels)) == Path(folder)


def test_the_folder_that_holds_most_is_the_one(labels: Path, tmp_path: Path) -> None:
    for file in ("a/1.png", "z/1.png", "z/2.png"):
        (tmp_path / file).touch()
    assert image_folder_near(read_coco(labels)) == Path("z")


def test_hidden_folders_and_those_far_below_are_left_out(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c" / "1.png").touch()
    assert image_folder_near(read_coco(labels)) is None


def test_the_error_of_a_wrong_folder_names_the_right_one(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "z" / "1.png").touch()
    require_image_folder(Path("z"), labels)
    with pytest.raises(UsageError) as caught:
        require_image_folder(Path("pictures"), labels)
    assert caught.value.next_command is not None
    assert caught.value.next_command.replaced == {"pictures": "z"}
    with pytest.raises(UsageError) as caught:
        require_image_folder(Path("pictures"), Path("none.json"))
    assert caught.value.next_command is None
