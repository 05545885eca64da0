"""The images that are predicted: found once each, read in order, broken ones left out."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError, UsageError
from maskwright.images.video_frames import write_video
from maskwright.runs.predicting import inputs
from maskwright.runs.predicting.inputs import find_inputs, read_ahead, videos_of


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Five images of different sizes, and one that is broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        Image.fromarray(np.full((10 + number, 20, 3), number, np.uint8)).save(folder / f"{number}.png")
    (folder / "2.png").write_bytes(b"broken")
    return folder


def refuse_tall(size: tuple[int, int]) -> None:
    if size[0] > 13:
        raise DataError("it is too tall.")


@pytest.mark.parametrize("largest", [inputs.LARGE, 250, 0])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_images_come_in_order_whatever_is_read_ahead(
    threads: int, largest: int, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "LARGE", largest)
    found, refused = find_inputs([photos, photos / "1.png"])
    assert ([image.name for image in found], refused) == ([f"{number}.png" for number in range(5)], {})
    skipped: dict[str, str] = {}
    read = [(image.name, pixels.shape) for image, pixels in read_ahead(found, refuse_tall, skipped, threads)]
    assert read == [(f"{number}.png", (10 + number, 20, 3)) for number in (0, 1, 3)]
    assert skipped["4.png"] == f"{photos / '4.png'}: it is too tall."
    assert "cannot be decoded" in skipped["2.png"]


def test_an_entry_of_a_zip_is_called_by_both_names(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("1.png", "2.png", "4.png"):
            archive.write(photos / name, f"deep/{name}")
    found, _ = find_inputs([path])
    skipped: dict[str, str] = {}
    ((image, pixels),) = read_ahead(found, refuse_tall, skipped, 2)
    assert (image.name, str(image), pixels.shape) == ("1.png", f"{path}: 'deep/1.png'", (11, 20, 3))
    assert skipped["4.png"] == f"{path}: 'deep/4.png': it is too tall."
    assert skipped["2.png"].startswith(f"{path}: 'deep/2.png': cannot be decoded")


def test_the_folders_inside_that_have_images_are_told(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "yolo" / "labels").mkdir(parents=True)
    photos.rename(tmp_path / "yolo" / "photos")
    with pytest.raises(UsageError, match=r"There are images in .*photos") as caught:
        find_inputs([tmp_path / "yolo"])
    told = caught.value.next_command
    assert told is not None
    assert told.replaced == {str(tmp_path / "yolo"): str(tmp_path / "yolo" / "photos")}
    (tmp_path / "yolo" / "photos" / "more").mkdir()
    shutil.copy(tmp_path / "yolo" / "photos" / "1.png", tmp_path / "yolo" / "photos" / "more")
    with pytest.raises(UsageError, match=r"photos, .*more") as caught:
        find_inputs([tmp_path / "yolo"])
    assert caught.value.next_command is None


def test_a_source_without_images_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    for source in (tmp_path, tmp_path / "none*.png", tmp_path / "empty.zip", tmp_path / "nowhere"):
        with pytest.raises(UsageError):
            find_inputs([source])


@pytest.mark.parametrize("threads", [0, 3])
def test_frames_of_a_video_are_read_in_order_and_videos_are_kept_apart(threads: int, tmp_path: Path) -> None:
    for name, count in (("a.mkv", 7), ("b.mkv", 2)):
        write_video(tmp_path / name, [np.full((16, 32, 3), 30 * k, np.uint8) for k in range(count)], 5)
    found, _ = find_inputs([tmp_path / "a.mkv", tmp_path / "b.mkv"], every=3)
    names = ["a-000000", "a-000003", "a-000006", "b-000000"]
    read = list(read_ahead(found, lambda _: None, {}, threads))
    assert [image.name for image, _ in read] == names
    assert [round(pixels.mean() / 30) for _, pixels in read] == [0, 3, 6, 0]
    assert {video: len(frames) for video, frames in videos_of(found).items()} == {"a": 3, "b": 1}
    skipped: dict[str, str] = {}
    assert not list(read_ahead(found, refuse_wide, skipped, threads))
    assert skipped["a-000003"] == f"{tmp_path / 'a.mkv'}: frame 3: it is too wide."


def refuse_wide(size: tuple[int, int]) -> None:
    if size[1] > 30:
        raise DataError("it is too wide.")
