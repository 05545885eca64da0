"""One served model with its queue, its counts, and the data set beside it."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.requests import Request

from maskwright.errors import DataError
from maskwright.images.decode import decode_image, image_size
from maskwright.prediction.resizing import require_predictable
from maskwright.server.dataset_browser import DatasetBrowser
from maskwright.server.inference_queue import InferenceQueue
from maskwright.server.refusal import Refusal
from maskwright.server.served_model import ServedModel
from maskwright.server.service_limits import ServiceLimits
from maskwright.server.service_metrics import ServiceMetrics
from maskwright.server.uploads import bounded_body, read_upload
from maskwright.structures import ClassTable, Instances, LabelMap

_UNSCORED = 0.5  # the lowest score of an object where the request names none


class Service:
    """One served model with its queue, its counts, and the data set beside it.

    Args:
        served: The model, and what ``/model`` says of it.
        limits: What is accepted at most.
        browser: Makes the browser of the data set for the queue; None without data.
    """

    def __init__(
        self,
        served: ServedModel,
        limits: ServiceLimits,
        browser: Callable[[InferenceQueue], DatasetBrowser] | None = None,
    ) -> None:
        self.served, self.limits = served, limits
        self.queue = InferenceQueue(served.model, limits.queue, limits.batch, self._count_batch)
        self.metrics = ServiceMetrics(lambda: len(self.queue))
        self.browser = browser(self.queue) if browser is not None else None
        self.receiving = 0

    def _count_batch(self, size: int, seconds: float) -> None:
        self.metrics.count_batch(size, seconds)

    def close(self) -> None:
        """End the threads; what waits is refused."""
        self.queue.close()
        if self.browser is not None:
            self.browser.close()

    @property
    def table(self) -> ClassTable:
        """The classes of the answers: those of the model, then those of the data set that it lacks."""
        return self.served.model.classes if self.browser is None else self.browser.table

    async def predict(self, request: Request) -> Instances | LabelMap:
        """Return what the model finds in the image of the ``request``, with all scores.

        Raises ``Refusal``, see :class:`InferenceQueue` and :func:`read_upload`; 408 for a body that does not arrive in
        time.
        """
        deadline = time.monotonic() + self.limits.seconds
        if self.receiving + len(self.queue) >= self.limits.queue:
            async for _ in bounded_body(request, self.limits.body):
                pass  # or the client would find its connection closed, and no answer
            raise Refusal(429, f"{self.limits.queue} images wait, as many as may; ask again later.", retry_after=1)
        self.receiving += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                content = await read_upload(request, self.limits.body)
                await to_thread.run_sync(self.require_predictable, content)
        except TimeoutError as error:
            raise Refusal(408, f"the body did not arrive within {self.limits.seconds:g} s.") from error
        finally:
            self.receiving -= 1
        return await self.found(self.queue.submit(partial(decode_image, content, "the image"), deadline), deadline)

    async def found(self, pending: Any, deadline: float) -> Any:
        """Return the result of a future of the queue, or of a result that is there; raise ``Refusal`` 503 if late."""
        if isinstance(pending, Instances) or not hasattr(pending, "result"):
            return pending
        try:
            return await asyncio.wait_for(asyncio.wrap_future(pending), max(0.0, deadline - time.monotonic()))
        except (TimeoutError, CancelledError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not pending.cancelled():
                raise
            late = f"no result within {self.limits.seconds:g} s; ask again later."
            raise Refusal(503, late, retry_after=max(1, round(self.limits.seconds / 4))) from error

    def require_predictable(self, content: bytes) -> None:
        """Raise ``Refusal``: 422 for what is no image, 413 for one with too many pixels."""
        try:
            size = image_size(content, "the image")
        except DataError as error:
            raise Refusal(413 if "pixels" in str(error) else 422, str(error)) from error
        try:
            require_predictable(size, self.served.model.input_size)
        except DataError as error:
            raise Refusal(413, f"the image: {error}") from error

    def at_least(self, found: Instances | LabelMap, score: float | None) -> Instances | LabelMap:
        """Return the objects with at least this ``score``, 0.5 if None; a label map as it is."""
        if isinstance(found, Instances):
            return found[found.scores >= (_UNSCORED if score is None else score)]
        return found

    def require_score(self, score: float | None) -> None:
        """Raise ``Refusal`` 422 for a score above 0 of a semantic model."""
        if score and self.served.model.task == "semantic":
            raise Refusal(422, "score: a semantic model; scores are of the objects of instance models. Leave it out.")
