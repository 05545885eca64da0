"""The queue of images before the model: one thread predicts, several images at once where they wait together."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from maskwright.errors import DataError, WeightsError
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.sources import Image
from maskwright.server.refusal import Refusal
from maskwright.structures import Instances, LabelMap

Watch = Callable[[int, float], None]
_LINGER = 0.005  # seconds for which an incomplete batch waits for more images


@dataclass(eq=False)
class _Job:
    """An image that waits: what decodes it, and until when anyone wants it."""

    decode: Callable[[], Image]
    deadline: float
    found: Future[Instances | LabelMap] = field(default_factory=Future)


class InferenceQueue:
    """The images that wait for ``model``, which one thread predicts in the order of their arrival.

    Images are decoded when their turn comes, so that the memory is that of a batch and the files that wait.

    Args:
        model: The model.
        most: How many images may wait or be predicted; one more is refused.
        batch: How many images the model sees at once; None is the model's default, 1 on a CPU. Only images that wait at
            the same time, and that the model sees at one size, share a batch.
        watch: A function that is given the size of each batch and the seconds that the model took.
    """

    def __init__(
        self, model: Predictor[Any], most: int, batch: int | None = None, watch: Watch = lambda size, seconds: None
    ) -> None:
        self.model, self.most, self.watch = model, most, watch
        self.batch = batch or model.usual_batch
        self._waiting: deque[_Job] = deque()
        self._unhurried: deque[_Job] = deque()
        self._working = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Return the number of images that wait or are being predicted for clients."""
        return len(self._waiting) + self._working

    @property
    def closed(self) -> bool:
        """Whether the service ends."""
        return self._closed

    def submit(self, decode: Callable[[], Image], deadline: float, unhurried: bool = False) -> Future[Any]:
        """Queue the image that ``decode`` returns; return the future of its result, which is found in the thread.

        Args:
            decode: Returns an array ``(H, W, 3)`` uint8 RGB, or raises ``DataError``.
            deadline: The time (``time.monotonic()``) after which the image is refused instead of predicted.
            unhurried: Whether the image waits until nobody else does. It then counts for no limit.

        Returns:
            A future of the :class:`~maskwright.structures.Instances` or the label map ``(H, W)``. It raises
            ``Refusal``: 422 for an image that cannot be decoded, 503 after the deadline or when the service ends.

        Raises:
            Refusal: 429 where as many images as are allowed wait already, 503 when the service ends.
        """
        job = _Job(decode, deadline)
        with self._changed:
            if self._closed:
                raise _ending()
            if unhurried:
                self._unhurried.append(job)
            elif len(self) >= self.most:
                raise Refusal(429, f"{len(self)} images wait, as many as may; ask again later.", retry_after=1)
            else:
                self._waiting.append(job)
            self._changed.notify_all()
        return job.found

    def close(self) -> None:
        """Refuse what waits, and end the thread once its batch is done."""
        with self._changed:
            self._closed = True
            left = [*self._waiting, *self._unhurried]
            self._waiting.clear()
            self._unhurried.clear()
            self._changed.notify_all()
        for job in left:
            if job.found.set_running_or_notify_cancel():
                job.found.set_exception(_ending())
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next_batch():
            try:
                self._predict(jobs)
            finally:
                with self._changed:
                    self._working = 0

    def _next_batch(self) -> list[_Job]:
        """Return the next images, at least one; none when the queue is closed."""
        with self._changed:
            while not self._closed and not self._waiting and not self._unhurried:
                self._changed.wait()
            if self._closed:
                return []
            if not self._waiting:
                return [self._unhurried.popleft()]
            if self.batch > 1 and len(self._waiting) < self.batch:
                self._changed.wait_for(lambda: self._closed or len(self._waiting) >= self.batch, _LINGER)
            jobs = [self._waiting.popleft() for _ in range(min(self.batch, len(self._waiting)))]
            self._working = len(jobs)
            return jobs

    def _predict(self, jobs: list[_Job]) -> None:
        decoded = [(job, image) for job in jobs if (image := _decoded(job)) is not None]
        if not decoded:
            return
        started = time.monotonic()
        try:
            found = self._found(decoded)
        except Exception as error:
            if len(decoded) > 1:  # one image must not fail those beside it
                for job, image in decoded:
                    self._predict_alone(job, image)
            else:
                decoded[0][0].found.set_exception(_as_refusal(error))
            return
        self.watch(len(decoded), time.monotonic() - started)
        for (job, _), one in zip(decoded, found, strict=True):
            job.found.set_result(one)

    def _predict_alone(self, job: _Job, image: Image) -> None:
        try:
            job.found.set_result(self._found([(job, image)])[0])
        except Exception as error:
            job.found.set_exception(_as_refusal(error))

    def _found(self, decoded: list[tuple[_Job, Image]]) -> list[Instances | LabelMap]:
        predict = self.model.label_maps if self.model.task == "semantic" else self.model.instances
        return [found for _, _, found in predict(decoded, len(decoded))]


def _decoded(job: _Job) -> Image | None:
    """Return the image of a job; None for one that nobody waits for any more, or that got its answer here."""
    if not job.found.set_running_or_notify_cancel():
        return None
    if time.monotonic() > job.deadline:
        job.found.set_exception(Refusal(503, "the request waited too long for the model; ask again.", retry_after=1))
        return None
    try:
        return job.decode()
    except Exception as error:
        job.found.set_exception(_as_refusal(error))
        return None


def _ending() -> Refusal:
    return Refusal(503, "the service ends.", retry_after=10)


def _as_refusal(error: Exception) -> Exception:
    """Return what the client is told about ``error``; an error that is nobody's fault but ours stays as it is."""
    if isinstance(error, DataError):
        return Refusal(422, str(error))
    if isinstance(error, WeightsError):
        return Refusal(500, f"the model fails on this image: {error}")
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return Refusal(503, "there is not enough memory for this image; give a smaller one.", retry_after=10)
    return error
