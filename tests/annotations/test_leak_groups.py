import io
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.annotations.coco.document import read_document
from maskwright.annotations.leak_groups import LeakGroups, find_leak_groups
from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter


class Heard(Reporter):
    """A reporter whose warnings can be read."""

    def __init__(self) -> None:
        super().__init__(quiet=True, stream=io.StringIO())

    @property
    def text(self) -> str:
        return self.stream.getvalue()  # pyright: ignore


def together(
    path: Path, groups: str | None = None, images: Path | None = None, heard: Heard | None = None
) -> LeakGroups:
    return find_leak_groups(read_document(path), groups, images, heard or Heard())


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """1.png to 8.png, all different, but 5.png is 2.png and 7.png a copy of 3.png with half its sides."""
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(1, 9):
        # Soft shapes, as in photographs: in plain noise no smaller copy is like the original.
        picture = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (256, 192), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    shutil.copy(folder / "2.png", folder / "5.png")
    half = cv2.resize(cv2.imread(str(folder / "3.png")), (128, 96), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "7.png"), half)
    return folder


def test_every_reason_counts_and_sets_that_overlap_are_joined(coco, pictures: Path):
    address = {"coco_url": "http://images.example/1.png"}
    images = [address, {}, {}, address, {}, {"set": "x"}, {"set": "x"}, {"file_name": "1.jpg"}]
    found = together(coco({}, images=images), "set", pictures)
    assert found.sets == [{1, 4, 8}, {2, 5}, {3, 6, 7}]
    assert found.user_groups == {6: "x", 7: "x"}
    assert found.to_json() == {
        "sets": 3,
        "images": 8,
        "largest": 3,
        "reasons": {"same_name": 1, "same_url": 1, "group": 1, "picture": 2},
        "not_compared": [8],
    }


def test_without_groups_and_images_only_names_and_addresses_count(coco):
    assert together(coco({}, images=[{}] * 3)).to_json()["reasons"] == dict.fromkeys(
        ("same_name", "same_url", "group", "picture"), 0
    )


def test_pictures_that_cannot_be_compared_are_named(coco, pictures: Path):
    (pictures / "4.png").unlink()
    (pictures / "6.png").write_bytes(b"no image")
    heard = Heard()
    assert together(coco({}, images=[{}] * 8), images=pictures, heard=heard).not_compared == [4, 6]
    assert "not compared with others: 4.png, 6.png." in heard.text


def test_pictures_that_are_all_different_give_no_sets(coco, pictures: Path):
    assert together(coco({}, images=[{}, {}, {}]), images=pictures).sets == []


def test_a_folder_without_the_images_is_refused(coco, pictures: Path, tmp_path: Path):
    path = coco({}, images=[{"file_name": "a.png"}] * 3)
    with pytest.raises(DataError, match=r"none of the images of .* can be read there, such as 'a\.png'"):
        together(path, images=pictures)
    with pytest.raises(UsageError, match=r"expected the images folder. Nearest"):
        together(path, images=tmp_path / "image")


def test_images_without_a_group_and_groups_without_an_image_are_named(coco, tmp_path: Path):
    groups = tmp_path / "groups.csv"
    groups.write_text("1.png,one\n2.png,one\ngone.png,two\n")
    heard = Heard()
    path = coco({}, images=[{}] * 7)
    assert together(path, str(groups), heard=heard).sets == [{1, 2}]
    assert heard.text.splitlines() == [
        f"{groups}: images without a group: 3.png, 4.png, 5.png, … (5); each is on its own.",
        f"{groups}: names without an image in {path}: gone.png.",
    ]
