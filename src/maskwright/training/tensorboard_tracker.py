"""TensorBoard event files, written without a thread: a recorded epoch is on disk, or an error says why not.

TensorBoard's own writer holds events back in a thread for up to two minutes. A killed training would lose them, and a
full disk makes that thread print a traceback.
"""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[attr-defined]
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[attr-defined]
from tensorboard.summary.writer.record_writer import RecordWriter

from maskwright.training.trackers import Metrics, Pictures


class TensorBoardTracker:
    """A tracker that writes one scalar a metric and one image a picture to TensorBoard event files."""

    def __init__(self, folder: Path, keep_until: int = 0) -> None:
        """Start a new event file in ``folder``, which is made if needed.

        Earlier files stay. TensorBoard ignores their events of epochs after ``keep_until``, which a resumed training
        repeats.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads files in the order of their names.
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._file = (folder / name).open("ab")
        self._writer = RecordWriter(self._file)
        step, now = keep_until + 1, time.time()
        version = Event(wall_time=now, step=step, file_version="brain.Event:2")
        self._write([version, Event(wall_time=now, step=step, session_log=SessionLog(status=SessionLog.START))])

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Write each defined metric at step ``epoch``.

        Raises ``OSError`` that names the file when it cannot be written.
        """
        values = [Summary.Value(tag=k, simple_value=float(v)) for k, v in metrics.items() if v is not None]
        self._summarise(epoch, values)

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Write each picture at step ``epoch``.

        Raises ``OSError`` that names the file when it cannot be written.
        """
        self._summarise(epoch, [Summary.Value(tag=name, image=_image(rgb)) for name, rgb in pictures.items()])

    def close(self) -> None:
        """Close the event file."""
        with self._named():
            self._file.close()

    def _summarise(self, epoch: int, values: list[Summary.Value]) -> None:
        # One event a value, as torch and TensorFlow write them.
        self._write([Event(wall_time=time.time(), step=epoch, summary=Summary(value=[value])) for value in values])

    def _write(self, events: Sequence[Event]) -> None:
        with self._named():
            for event in events:
                self._writer.write(event.SerializeToString())
            self._file.flush()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Add the file's name to an ``OSError`` inside the context; that of a full disk lacks it."""
        try:
            yield
        except OSError as error:
            error.filename = self._file.name
            raise


def _image(rgb: npt.NDArray[np.uint8]) -> Summary.Image:
    _, encoded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    height, width = rgb.shape[:2]
    return Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=encoded.tobytes())
