"""Frames of videos: in any order of asking, by several threads, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import DataError
from maskwright.images.video_frames import VideoFrames, is_video, write_video

COUNT = 40


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose frame k shows the bits of k as white columns, beside a red side."""
    path = tmp_path_factory.mktemp("videos") / "clip.mkv"

    def picture(number: int) -> np.ndarray:
        pixels = np.zeros((48, 80, 3), np.uint8)
        pixels[:, :32] = 200, 0, 0
        for bit in range(6):
            pixels[:, 32 + 8 * bit : 40 + 8 * bit] = 255 * (number >> bit & 1)
        return pixels

    write_video(path, map(picture, range(COUNT)), 10.0)
    return path


def number_of(frame: np.ndarray) -> int:
    return sum(int(frame[:, 34 + 8 * bit : 38 + 8 * bit].mean() > 128) << bit for bit in range(6))


def test_a_video_is_written_and_read_frame_by_frame(clip: Path) -> None:
    video = VideoFrames(clip)
    assert (video.count, video.size, video.rate) == (COUNT, (48, 80), pytest.approx(10))
    for number in range(COUNT):
        frame = video.frame(number)
        assert (frame.shape, frame.dtype) == ((48, 80, 3), np.uint8)
        assert number_of(frame) == number
        assert frame[:, :28, 0].mean() > 150 > 60 > frame[:, :28, 1:].mean()


@pytest.mark.parametrize("order", [[5, 3, 4, 30, 29, 22], [39, 0], [7, 7], [20, 2, 21]])
def test_frames_are_right_in_any_order(order: list[int], clip: Path) -> None:
    video = VideoFrames(clip)
    assert [number_of(video.frame(number)) for number in order] == order


def test_several_threads_read_one_video(clip: Path) -> None:
    video = VideoFrames(clip, every=3)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda number: number_of(video.frame(number)), video.wanted))
    assert found == list(range(0, COUNT, 3))
    assert video.rate == pytest.approx(10 / 3)


def test_a_video_that_breaks_off_names_what_is_missing(clip: Path, tmp_path: Path) -> None:
    whole = VideoFrames(clip)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    short = VideoFrames(broken)
    assert 0 < short.count < whole.count
    with pytest.raises(DataError, match=rf"broken\.mkv: frame {COUNT + 5} cannot be decoded"):
        short.frame(COUNT + 5)
    assert number_of(short.frame(1)) == 1


def test_pictures_of_several_sizes_make_no_video(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(20, 32, 3\); expected \(16, 32, 3\)"):
        write_video(tmp_path / "a.mkv", [np.zeros((side, 32, 3), np.uint8) for side in (16, 20)], 5)


def test_play_lists_and_other_files_are_refused(tmp_path: Path) -> None:
    for name, content in (
        ("list.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/hostname\n"),
        ("concat.mkv", b"ffconcat version 1.0\nfile /etc/hostname\n"),
        ("empty.avi", b""),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match="does not begin as a video does"):
            VideoFrames(tmp_path / name)
    (tmp_path / "head.mp4").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
    with pytest.raises(DataError, match=r"head\.mp4: cannot be opened as a video"):
        VideoFrames(tmp_path / "head.mp4")


def test_limits_are_named(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy.mkv"  # what was measured of the other file is remembered
    copy.write_bytes(clip.read_bytes())
    monkeypatch.setenv("MASKWRIGHT_LIMIT_VIDEO_FRAMES", "10")
    with pytest.raises(DataError, match=r"more than 10 frames; .*--limit video-frames"):
        VideoFrames(copy)
    monkeypatch.setenv("MASKWRIGHT_LIMIT_IMAGE_PIXELS", "100")
    with pytest.raises(DataError, match=r"80×48 pixels; .*--limit image-pixels"):
        VideoFrames(copy)


def test_only_regular_files_with_the_suffix_of_a_video_are_videos(clip: Path, tmp_path: Path) -> None:
    assert is_video(clip)
    assert not is_video(tmp_path / "none.mp4")
    assert not is_video(tmp_path)
    (tmp_path / "link.mp4").symlink_to("/dev/zero")
    assert not is_video(tmp_path / "link.mp4")
    with pytest.raises(OSError, match="it is a device"):
        VideoFrames(tmp_path / "link.mp4")


def test_frames_that_change_their_size_are_named(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = VideoFrames(clip)
    monkeypatch.setattr(cv2.VideoCapture, "read", lambda *_: (True, np.zeros((9, 9, 3), np.uint8)), raising=False)
    with pytest.raises(DataError, match=r"frame 0 has 9×9 pixels; expected those of the first frame, 80×48"):
        video.frame(0)
