"""Event files, read back by TensorBoard and by a reader of the file format in this file."""

import errno
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[attr-defined]

from maskwright.training import tensorboard_tracker as event_file
from maskwright.training.tensorboard_tracker import TensorBoardTracker
from maskwright.training.trackers import Metrics

EPOCHS: list[Metrics] = [
    {"train/loss": 0.1 + 0.2, "learning_rate": 1e-4},
    {"train/loss": 1 / 3, "learning_rate": 5e-5, "validation/mIoU": None, "validation/IoU/dog, brown": 0.25},
    {"train/loss": float("nan"), "learning_rate": 0.0, "validation/mIoU": 0.6134, "validation/IoU/dog, brown": None},
]


def crc32c(content: bytes) -> int:
    """Castagnoli's checksum bit by bit, reflected, with all ones before and after (RFC 3720, appendix B.4)."""
    register = 0xFFFFFFFF
    for byte in content:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def masked(content: bytes) -> int:
    """The checksum as record files hold it: rotated by 15 bits, plus a constant."""
    value = crc32c(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(content: bytes) -> Iterator[bytes]:
    """The records of a TFRecord file: length, its checksum, the bytes, their checksum."""
    while content:
        length, checksum = struct.unpack("<QI", content[:12])
        assert masked(content[:8]) == checksum
        record, (end,) = content[12 : 12 + length], struct.unpack("<I", content[12 + length : 16 + length])
        assert masked(record) == end
        yield record
        content = content[16 + length :]


def events(folder: Path) -> list[Event]:
    """The events of the only file in ``folder``."""
    (file,) = folder.iterdir()
    return [Event.FromString(record) for record in records(file.read_bytes())]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows: steps and values by tag."""
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return {tag: [(e.step, e.value) for e in accumulator.Scalars(tag)] for tag in accumulator.Tags()["scalars"]}


def test_the_reader_of_the_tests_knows_a_published_checksum() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_tensorboard_reads_the_same_numbers_and_none_where_there_is_none(tmp_path: Path) -> None:
    tracker = TensorBoardTracker(tmp_path)
    for epoch, metrics in enumerate(EPOCHS, start=1):
        tracker.record(epoch, metrics)
    tracker.close()
    found = scalars(tmp_path)
    assert set(found) == {"train/loss", "learning_rate", "validation/mIoU", "validation/IoU/dog, brown"}
    for tag, points in found.items():
        expected = [(epoch, m[tag]) for epoch, m in enumerate(EPOCHS, start=1) if m.get(tag) is not None]
        np.testing.assert_allclose(np.array(points), np.array(expected, float), rtol=1e-7)  # float32


def test_the_file_is_whole_after_every_epoch_while_it_is_still_open(tmp_path: Path) -> None:
    tracker = TensorBoardTracker(tmp_path)
    assert len(events(tmp_path)) == 2
    for epoch in (1, 2, 3):
        tracker.record(epoch, {"loss": epoch / 4, "none": None, "rate": 0.5})
        tracker.show(epoch, {"panel": np.zeros((2, 3, 3), np.uint8)})
        values = [(event.step, value) for event in events(tmp_path)[2:] for value in event.summary.value]
        assert [(step, value.tag) for step, value in values] == [
            (earlier, tag) for earlier in range(1, epoch + 1) for tag in ("loss", "rate", "panel")
        ]
    tracker.close()


def test_the_file_says_its_version_and_where_its_session_starts(tmp_path: Path) -> None:
    TensorBoardTracker(tmp_path, keep_until=4).close()
    version, start = events(tmp_path)
    assert version.file_version == "brain.Event:2"
    assert start.session_log.status == SessionLog.START
    assert (version.step, start.step) == (5, 5)


@pytest.mark.parametrize("keep_until", [0, 1, 2])
def test_keep_until_hides_the_events_of_a_lost_attempt(keep_until: int, tmp_path: Path) -> None:
    lost = TensorBoardTracker(tmp_path)
    for epoch in (1, 2, 3):
        lost.record(epoch, {"loss": float(epoch)})
    lost.close()
    resumed = TensorBoardTracker(tmp_path, keep_until)
    resumed.record(keep_until + 1, {"loss": 10.0})
    resumed.close()
    kept = [(epoch, float(epoch)) for epoch in range(1, keep_until + 1)]
    assert scalars(tmp_path)["loss"] == [*kept, (keep_until + 1, 10.0)]


def test_a_picture_comes_back_pixel_by_pixel_with_its_colours_in_order(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    tracker = TensorBoardTracker(tmp_path / "new" / "folder")
    tracker.show(3, {"panels/one": picture, "panels/two": picture[::-1].copy()})
    tracker.close()
    accumulator = EventAccumulator(str(tmp_path / "new" / "folder"))
    accumulator.Reload()
    assert set(accumulator.Tags()["images"]) == {"panels/one", "panels/two"}
    for tag, expected in (("panels/one", picture), ("panels/two", picture[::-1])):
        (image,) = accumulator.Images(tag)
        assert (image.step, image.height, image.width) == (3, 5, 7)
        blue_first = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(np.asarray(blue_first)[:, :, ::-1], expected)


@pytest.mark.skipif(not Path("/dev/full").exists() or sys.platform == "win32", reason="needs a device that is full")
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_file.time, "time", lambda: 1.5)
    monkeypatch.setattr(event_file.socket, "gethostname", lambda: "here")
    file = tmp_path / f"events.out.tfevents.1.500000.here.{os.getpid()}"
    tracker = TensorBoardTracker(tmp_path)
    with Path("/dev/full").open("wb") as full:
        os.dup2(full.fileno(), tracker._file.fileno())
    # Closing tries again to write what is left.
    for attempt in (lambda: tracker.record(1, {"loss": 1.0}), tracker.close):
        with pytest.raises(OSError, match="No space") as caught:
            attempt()
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(file))
