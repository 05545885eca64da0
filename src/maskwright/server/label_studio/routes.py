"""The routes of Label Studio's protocol, below ``/label-studio``."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Request, Response

from maskwright.images.decode import decode_image
from maskwright.server.answers import answer
from maskwright.server.label_studio.labelling import Labelling, parse_labelling
from maskwright.server.label_studio.regions import regions
from maskwright.server.label_studio.task_images import task_image
from maskwright.server.refusal import Refusal
from maskwright.server.service import Service
from maskwright.server.uploads import bounded_body

PREFIX = "/label-studio"


def label_studio_routes(service: Service, folder: Path | None) -> APIRouter:
    """Return the routes over ``service``; the images of tasks are in ``folder``."""
    router = APIRouter(prefix=PREFIX, tags=["Label Studio"])
    version = f"{service.served.name}-{service.served.sha256[:8]}"

    @router.get("/health")
    async def health_of_backend() -> dict[str, str]:
        return {"status": "UP", "model_class": service.served.name}

    @router.post("/setup")
    async def setup(request: Request) -> dict[str, str]:
        """Accept a project whose labelling interface takes masks."""
        asked = await _json(request, service.limits.body)
        parse_labelling(asked.get("schema"))
        return {"model_version": version}

    @router.post("/predict")
    async def predict_tasks(request: Request) -> Response:
        """Return the regions of each task, for annotators to correct."""
        asked = await _json(request, service.limits.body)
        labelling, tasks = parse_labelling(asked.get("label_config")), asked.get("tasks")
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise Refusal(422, "tasks: expected a list of tasks.")
        results = [await _predicted(service, task, labelling, folder, version) for task in tasks]
        content = msgspec.json.encode({"results": results, "model_version": version})
        return Response(content, media_type="application/json")

    @router.post("/webhook", status_code=201)
    async def webhook(request: Request) -> dict[str, str]:
        """Take note of an event. The model is not trained by it: export the annotations and train."""
        asked = await _json(request, service.limits.body)
        if not isinstance(asked.get("action"), str):
            raise Refusal(422, "action: expected the name of an event.")
        return {"status": "noted", "model_version": version}

    return router


async def _json(request: Request, most: int) -> dict[str, Any]:
    body = b"".join([part async for part in bounded_body(request, most)])
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Refusal(422, f"the body cannot be read ({str(error)[:200]}); expected JSON, an object.") from error


async def _predicted(
    service: Service, task: dict[str, Any], labelling: Labelling, folder: Path | None, version: str
) -> dict[str, Any]:
    """Return the prediction of one task; its score is the mean of those of its regions."""
    deadline = time.monotonic() + service.limits.seconds
    data = task.get("data")
    address = data.get(labelling.key) if isinstance(data, dict) else None
    content = await to_thread.run_sync(task_image, address, folder)
    await to_thread.run_sync(service.require_predictable, content)
    pending = service.queue.submit(partial(decode_image, content, f"{str(address)[:200]}"), deadline)
    found = service.at_least(await service.found(pending, deadline), None)
    model_classes = service.served.model.classes
    result = await to_thread.run_sync(lambda: regions(answer(found, model_classes), labelling))
    scores = [each["score"] for each in result if "score" in each]
    score = {"score": sum(scores) / len(scores)} if scores else {}
    return {"result": result, "model_version": version, **score}
