import io
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.annotations.checks.comparison import compare_files
from maskwright.annotations.coco.file import read_coco
from maskwright.errors import DataError
from maskwright.progress import Reporter


def picture(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    return cv2.resize(noise, (64, 48), interpolation=cv2.INTER_LINEAR)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders: 2.png there is 1.png here, 3.png there 2.png, 4.jpg there 3.png as JPEG; here 4.png is missing."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder, seeds in ((here, (1, 2, 3)), (there, (8, 1, 9, 5))):
        folder.mkdir()
        for number, seed in enumerate(seeds, start=1):
            cv2.imwrite(str(folder / f"{number}.png"), picture(seed))
    cv2.imwrite(str(there / "3.png"), picture(2), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    cv2.imwrite(str(there / "4.jpg"), picture(3), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return here, there


def test_the_same_and_nearly_the_same_pictures_are_found_and_those_unread_counted(coco, folders: tuple[Path, Path]):
    here = read_coco(coco(images=[{}, {}, {}, {}], name="here.json"))
    there = coco(images=[{}, {}, {}, {"file_name": "4.jpg"}], name="there.json")
    found = compare_files(here, there, *folders, 0, Reporter(quiet=True))
    assert (found.by, found.images, found.unread) == ("picture", {"same": 2, "near": 1}, 1)
    assert [(fault.code, fault.record) for fault in found.faults] == [
        ("same_image", 1),
        ("same_image", 2),
        ("near_duplicate", 3),
    ]
    assert found.to_json()["images"] == {"compared_by": "picture", "same": 2, "near": 1, "unread": 1}


@pytest.mark.parametrize("given", [(True, False), (False, True), (False, False)])
def test_with_one_folder_or_none_images_go_by_file_name(coco, folders: tuple[Path, Path], given: tuple[bool, bool]):
    here = read_coco(coco(images=[{}, {"file_name": "a.png"}], name="here.json"))
    there = coco(images=[{}], name="there.json")
    images = [folder if wanted else None for folder, wanted in zip(folders, given, strict=True)]
    found = compare_files(here, there, *images, 0, Reporter(quiet=True))
    assert (found.by, found.images, [fault.code for fault in found.faults]) == (
        "file name",
        {"same": 1},
        ["same_file_name"],
    )


def test_progress_is_shown_for_both_files(coco, folders: tuple[Path, Path]):
    here = read_coco(coco(images=[{}], name="here.json"))
    there = coco(images=[{}], name="there.json")
    stream = io.StringIO()
    compare_files(here, there, *folders, 0, Reporter(stream=stream, seconds_between_lines=0))
    lines = stream.getvalue().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["pictures of here.json", "pictures of there.json"]


def test_another_file_that_cannot_be_read_is_an_error(coco, tmp_path: Path):
    (tmp_path / "there.json").write_text("{")
    with pytest.raises(DataError, match=r"there\.json: is not valid JSON"):
        compare_files(read_coco(coco()), tmp_path / "there.json", None, None, 0, Reporter(quiet=True))
