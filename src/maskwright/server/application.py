"""The application: the routes of the API and of the page, over one model and the data set beside it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path as FolderPath
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
from maskwright.server.accepted import PNG, accepted_kind
from maskwright.server.answers import answer, label_png
from maskwright.server.dataset_browser import ERRORS, DatasetBrowser, ImageFilter
from maskwright.server.guard import Guard
from maskwright.server.label_studio.routes import label_studio_routes
from maskwright.server.page import page_html, picture_jpeg
from maskwright.server.refusal import Refusal
from maskwright.server.run_list import RunList
from maskwright.server.schemas import PREDICT_BODY, PREDICT_RESPONSES
from maskwright.server.service import Service
from maskwright.server.service_metrics import METRICS_TYPE
from maskwright.structures import ClassTable, Instances, LabelMap
from maskwright.version import __version__

_JSON = "application/json"
_LISTED = 60

Score = Annotated[float | None, Query(ge=0, le=1, description="Instance models: the lowest score [default: 0.5].")]
Label = Annotated[int | None, Query(ge=1, description="The index of a class; one more than the last means nothing.")]
ErrorKind = Literal["class", "place", "class and place", "duplicate", "background", "missed"]
Position = Annotated[int, Path(ge=0, description="The position of the image in the data set, from 0.")]


def create_application(
    service: Service, names: tuple[str, ...] = (), images: FolderPath | None = None, runs: RunList | None = None
) -> ASGIApp:
    """Return the ASGI application of ``service``, which ends with the application.

    ``names`` are the host names by which it may be called, beside addresses and ``localhost``. ``images`` is the folder
    of the images of Label Studio's tasks, ``runs`` are those whose curves the page shows.
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
    _add_page(app, service, runs)
    if runs is not None:
        _add_runs(app, runs)
    app.include_router(label_studio_routes(service, images))
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
        return Response(service.metrics.text(), media_type=METRICS_TYPE)


async def _response(found: Instances | LabelMap, table: ClassTable, kind: str = _JSON) -> Response:
    """Return the answer as JSON or PNG, made in a thread."""
    if kind == PNG:
        return Response(await to_thread.run_sync(label_png, found, table), media_type=PNG)

    def encoded() -> bytes:
        return msgspec.json.encode(answer(found, table))

    return Response(await to_thread.run_sync(encoded), media_type=_JSON)


def _add_runs(app: FastAPI, runs: RunList) -> None:
    @app.get("/runs", summary="The runs of the folder, the one that changed last first")
    async def listed() -> dict[str, Any]:
        return {"runs": await to_thread.run_sync(runs.runs)}

    @app.get("/runs/{name}", summary="How far a run is, and its curves")
    async def curves(name: str) -> dict[str, Any]:
        return await to_thread.run_sync(runs.curves, name)


def _add_page(app: FastAPI, service: Service, runs: RunList | None) -> None:
    templates = files("maskwright.server") / "templates"
    html = page_html(service.served, service.table, service.browser, runs)

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
    for script in ("page.js", "masks.js", "data.js", "runs.js"):
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
