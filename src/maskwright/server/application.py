"""The application: the routes of the API and of the page, over one model and the data set beside it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from typing import Annotated, Any, Literal

import msgspec
from anyio import to_thread
from fastapi import FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from maskwright.errors import DataError
from maskwright.images.decode import decode_image, image_size
from maskwright.prediction.resizing import require_predictable
from maskwright.server.accepted import PNG, accepted_kind
from maskwright.server.answers import answer, label_png
from maskwright.server.dataset_browser import ERRORS, DatasetBrowser, ImageFilter
from maskwright.server.guard import Guard
from maskwright.server.inference_queue import InferenceQueue
from maskwright.server.page import page_html, picture_jpeg
from maskwright.server.refusal import Refusal
from maskwright.server.schemas import PREDICT_BODY, PREDICT_RESPONSES
from maskwright.server.served_model import ServedModel
from maskwright.server.service_limits import ServiceLimits
from maskwright.server.service_metrics import ServiceMetrics
from maskwright.server.uploads import bounded_body, read_upload
from maskwright.structures import ClassTable, Instances, LabelMap
from maskwright.version import __version__

_JSON = "application/json"
_METRICS = "text/plain; version=1.0.0; charset=utf-8"
_UNSCORED = 0.5  # the lowest score of an object where the request names none
_LISTED = 60

Score = Annotated[float | None, Query(ge=0, le=1, description="Instance models: the lowest score [default: 0.5].")]
Label = Annotated[int | None, Query(ge=1, description="The index of a class; one more than the last means nothing.")]
ErrorKind = Literal["class", "place", "class and place", "duplicate", "background", "missed"]
Position = Annotated[int, Path(ge=0, description="The position of the image in the data set, from 0.")]


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
                await to_thread.run_sync(self._require_predictable, content)
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

    def _require_predictable(self, content: bytes) -> None:
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


def create_application(service: Service, names: tuple[str, ...] = ()) -> ASGIApp:
    """Return the ASGI application of ``service``, which ends with the application.

    ``names`` are the host names by which it may be called, beside addresses and ``localhost``.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if service.browser is not None:
            service.browser.start()
        yield
        await to_thread.run_sync(service.close)

    app = FastAPI(
        title="Maskwright", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        description=f"The model {service.served.name}. Every refusal is JSON with the reason as 'error'.",
    )  # fmt: skip
    _answer_errors(app)
    _add_api(app, service)
    _add_page(app, service)
    if service.browser is not None:
        _add_data(app, service, service.browser)
    return Guard(app, names, service.metrics.count_request)


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> Response:
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return JSONResponse({"error": error.reason}, error.status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        said = "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors())
        return JSONResponse({"error": said[:500]}, 422)

    @app.exception_handler(HTTPException)
    async def known(_: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, error: ClientDisconnect) -> Response:
        return JSONResponse({"error": "the client has gone."}, 400)


def _add_api(app: FastAPI, service: Service) -> None:
    @app.post("/predict", openapi_extra=PREDICT_BODY, responses=PREDICT_RESPONSES, summary="Predict one image")
    async def predict(request: Request, score: Score = None) -> Response:
        """Return the objects or classes in an image as JSON with COCO's RLE, or its label map as PNG, by ``Accept``."""
        started = time.monotonic()
        kind = accepted_kind(request.headers.get("accept"))
        service.require_score(score)
        found = service.at_least(await service.predict(request), score)
        response = await _response(found, service.served.model.classes, kind)
        service.metrics.count_result(time.monotonic() - started)
        return response

    @app.get("/health", summary="Whether the service answers")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "waiting": len(service.queue)}

    @app.get("/model", summary="The model, its classes and the limits")
    async def model() -> dict[str, Any]:
        return service.served.to_json(service.limits, service.queue.batch)

    @app.get("/metrics", summary="Counts in the text format of Prometheus")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=_METRICS)


async def _response(found: Instances | LabelMap, table: ClassTable, kind: str = _JSON) -> Response:
    """Return the answer as JSON or PNG, made in a thread."""
    if kind == PNG:
        return Response(await to_thread.run_sync(label_png, found, table), media_type=PNG)

    def encoded() -> bytes:
        return msgspec.json.encode(answer(found, table))

    return Response(await to_thread.run_sync(encoded), media_type=_JSON)


def _add_page(app: FastAPI, service: Service) -> None:
    templates = files("maskwright.server") / "templates"
    html = page_html(service.served, service.table, service.browser)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return Response(html, media_type="text/html; charset=utf-8")

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=204)

    def add_file(name: str, kind: str) -> None:
        content = (templates / name).read_bytes()

        @app.get(f"/{name}", include_in_schema=False)
        async def file() -> Response:
            return Response(content, media_type=kind)

    add_file("page.css", "text/css; charset=utf-8")
    for script in ("page.js", "masks.js", "data.js"):
        add_file(script, "text/javascript; charset=utf-8")


def _add_data(app: FastAPI, service: Service, browser: DatasetBrowser) -> None:
    @app.get("/data", summary="The data set, and how much of it is predicted")
    async def data() -> dict[str, Any]:
        """Return counts of images and errors, and the confusion matrix; its last row and column are nothing."""
        confusion, errors = browser.confusion(), browser.errors()
        return {
            "images": len(browser.data),
            "compared": browser.compared,
            "failed": {browser.data[position].name: said for position, said in sorted(browser.failed.items())},
            "classes": browser.table.to_json(),
            "errors": {name: errors[name] for name in ERRORS},
            "confusion": confusion.tolist(),
        }

    @app.get("/data/images", summary="The images of the data set that fit a filter")
    async def images(
        label: Label = None,
        score: Score = None,
        error: ErrorKind | None = None,
        true: Label = None,
        predicted: Label = None,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=500)] = _LISTED,
    ) -> dict[str, Any]:
        highest = max(label or 0, true or 0, predicted or 0)
        if highest > len(browser.table) + 1:
            raise Refusal(422, f"class {highest}: expected an index from 1 to {len(browser.table) + 1}.")
        if (true is None) != (predicted is None):
            raise Refusal(422, "true and predicted: expected both, a cell of the confusion matrix, or none.")
        cell = (true, predicted) if true is not None and predicted is not None else None
        wanted = ImageFilter(label=label, score=score, error=error, cell=cell)
        found = await to_thread.run_sync(browser.images, wanted)
        return {"total": len(found), "images": [_listed(browser, each) for each in found[offset : offset + limit]]}

    def of_image(name: str) -> Callable[..., Any]:
        return app.get(f"/data/images/{{position}}/{name}", summary=f"The {name} of an image")

    @of_image("picture")
    async def picture(position: Position) -> Response:
        sample = browser.sample(position)
        return Response(await _work(lambda: picture_jpeg(sample.image)), media_type="image/jpeg")

    @of_image("truth")
    async def truth(position: Position) -> Response:
        return await _response(await _work(partial(browser.truth, position)), browser.table)

    @of_image("prediction")
    async def prediction(position: Position) -> Response:
        deadline = time.monotonic() + service.limits.seconds
        found = await service.found(browser.prediction(position, deadline), deadline)
        return await _response(found, browser.table)


def _listed(browser: DatasetBrowser, position: int) -> dict[str, Any]:
    sample = browser.data[position]
    height, width = sample.size
    return {"position": position, "name": sample.name, "width": width, "height": height,
            "labels": browser.labels_of(position)}  # fmt: skip


def _work(work: Callable[[], Any]) -> Awaitable[Any]:
    """Return the result of ``work`` in a thread; an image that cannot be read is refused with 422."""

    def worked() -> Any:
        try:
            return work()
        except DataError as error:
            raise Refusal(422, str(error)) from error

    return to_thread.run_sync(worked)
