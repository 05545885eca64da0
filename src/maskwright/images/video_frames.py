"""The frames of a video file, decoded in order by OpenCV's FFmpeg, and videos made of pictures."""

import os
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwright.errors import DataError
from maskwright.files import require_regular_file
from maskwright.limits import beyond_limit, input_limit

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")

# How files of these containers begin: MP4 and QuickTime, Matroska and WebM, AVI. FFmpeg goes by the content, and would
# take a play list, which names other files and addresses, for a video whatever its suffix.
_BEGINNINGS = ((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (0, b"\x1a\x45\xdf\xa3"), (8, b"AVI "))
_LATE = 8  # frames that are kept for a thread that asks for them after another asked for a later one
_CODEC, _RATE = "VP80", 25.0

Frame = npt.NDArray[np.uint8]


class VideoFrames:
    """The video in the file at ``path``, of which one frame in ``every`` is wanted.

    ``count`` is the number of its frames, ``size`` their ``(H, W)``, and ``rate`` that of the wanted ones, in frames a
    second; where the file does not tell, 25 are shown in a second. The frames are counted by decoding them once, since
    what files say of their number is often wrong.

    Raises ``DataError`` when the file is no video of these containers, damaged before its first frame, or beyond the
    limits ``image-pixels`` and ``video-frames``.
    """

    def __init__(self, path: Path, every: int = 1) -> None:
        status = require_regular_file(path).stat()
        self.path, self.every = path, every
        self.count, self.size, rate = _measured(path, status.st_mtime_ns, status.st_size)
        self.rate = rate / every
        self._lock = threading.Lock()
        self._reader: cv2.VideoCapture | None = None
        self._next = 0
        self._late: dict[int, Frame] = {}

    def frame(self, number: int) -> Frame:
        """Return the frame ``number``, from 0, as ``(H, W, 3)`` uint8 RGB; several threads may ask at once.

        Frames asked for in about their order are decoded once each.

        Raises ``DataError`` when the frame cannot be decoded or has another size than the first.
        """
        with self._lock:
            if number in self._late:
                return self._late.pop(number)
            if self._reader is None or number < self._next:
                self.close()
                self._reader = _opened(self.path)
            while self._next < number:
                self._pass_over(self._reader, self._next, number)
                self._next += 1
            self._next += 1
            return self._decoded(self._reader, number)

    @property
    def wanted(self) -> range:
        """The numbers of the wanted frames."""
        return range(0, self.count, self.every)

    def close(self) -> None:
        """Close the file; the next frame opens it again."""
        if self._reader is not None:
            self._reader.release()
        self._reader, self._next = None, 0
        self._late.clear()

    def _pass_over(self, reader: cv2.VideoCapture, number: int, wanted: int) -> None:
        """Pass the frame ``number`` on the way to the one ``wanted``; keep it where another thread may ask for it."""
        if number % self.every == 0 and wanted - number <= _LATE * self.every:
            self._late[number] = self._decoded(reader, number)
            if len(self._late) > _LATE:
                del self._late[min(self._late)]
        elif not reader.grab():
            raise self._undecodable(wanted)

    def _decoded(self, reader: cv2.VideoCapture, number: int) -> Frame:
        done, pixels = reader.read()
        if not done:
            raise self._undecodable(number)
        if pixels.shape[:2] != self.size:
            raise DataError(
                f"{self.path}: frame {number} has {pixels.shape[1]}×{pixels.shape[0]} pixels; expected those of the "
                f"first frame, {self.size[1]}×{self.size[0]}. Encode the video again."
            )
        return np.ascontiguousarray(pixels[..., ::-1], np.uint8)

    def _undecodable(self, number: int) -> DataError:
        return DataError(f"{self.path}: frame {number} cannot be decoded. Encode the video again.")


def is_video(path: Path) -> bool:
    """Return whether ``path`` is a file with the suffix of a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def write_video(path: Path, pictures: Iterable[Frame], rate: float) -> None:
    """Write ``pictures``, all ``(H, W, 3)`` uint8 RGB of one size, to ``path``, an ``.mkv``, as VP8.

    ``rate`` is in frames a second. Without a picture nothing is written.

    Raises ``DataError`` where OpenCV cannot encode it, ``ValueError`` for pictures of several sizes.
    """
    writer: cv2.VideoWriter | None = None
    height = width = 0
    try:
        for picture in pictures:
            if writer is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                height, width = picture.shape[:2]
                writer = cv2.VideoWriter(
                    str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_CODEC), rate, (width, height)
                )
                if not writer.isOpened():
                    raise DataError(f"{path}: OpenCV cannot encode a video of {width}×{height} pixels here.")
            if picture.shape[:2] != (height, width):
                raise ValueError(f"picture of {picture.shape}; expected ({height}, {width}, 3) as the first")
            writer.write(np.ascontiguousarray(picture[..., ::-1]))
    finally:
        if writer is not None:
            writer.release()


@lru_cache(maxsize=16)
def _measured(path: Path, modified: int, length: int) -> tuple[int, tuple[int, int], float]:
    """Return the number of frames, their ``(H, W)`` and their rate; again only when the file has changed."""
    _require_beginning(path)
    most = input_limit("video-frames")
    reader = _opened(path)
    try:
        size = (round(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)), round(reader.get(cv2.CAP_PROP_FRAME_WIDTH)))
        if size[0] * size[1] > input_limit("image-pixels"):
            raise DataError(f"{path}: has frames of {size[1]}×{size[0]} pixels; {beyond_limit('image-pixels')}.")
        rate, count = reader.get(cv2.CAP_PROP_FPS), 0
        while reader.grab():
            count += 1
            if count > most:
                raise DataError(f"{path}: has more than {most:,} frames; {beyond_limit('video-frames')}.")
    finally:
        reader.release()
    if not count:
        raise DataError(f"{path}: no frame of it can be decoded; expected a video. Encode it again.")
    return count, size, rate if 0 < rate <= 1000 else _RATE


def _require_beginning(path: Path) -> None:
    with path.open("rb") as file:
        begins = file.read(12)
    if not any(begins[at : at + len(mark)] == mark for at, mark in _BEGINNINGS):
        raise DataError(f"{path}: does not begin as a video does; expected MP4, QuickTime, Matroska, WebM or AVI.")


def _opened(path: Path) -> cv2.VideoCapture:
    # FFmpeg's own lines would stand among ours; no other file or address is opened.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not reader.isOpened():
        raise DataError(f"{path}: cannot be opened as a video. Encode it again, as MP4 with H.264 for example.")
    return reader
