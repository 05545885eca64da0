"""Models with random weights, images, and services to ask."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import uvicorn
from PIL import Image
from starlette.testclient import TestClient

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.model_file import ModelCard, write_model_file
from maskwright.models.catalogue import create_model
from maskwright.runs.loaded_model import load_model
from maskwright.server.application import create_application
from maskwright.server.dataset_browser import DatasetBrowser
from maskwright.server.run_list import RunList
from maskwright.server.served_model import ServedModel
from maskwright.server.service import Service
from maskwright.server.service_limits import ServiceLimits
from maskwright.server.serving import address_of, listening
from maskwright.structures import ClassTable

CLASSES = ["disc", "square", "triangle", "ring"]
CARDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "semantic": ("residual_attention_unet", {"widths": [4, 8], "bottleneck": 8}, {"resize": "square", "size": 64}),
    "instance": (
        "mask_rcnn:resnet18",
        {"pyramid_channels": 16, "box_features": 16, "mask_channels": [8], "proposals_test": 20},
        {"resize": "short-side", "size": 64, "longest": 96},
    ),
}


def random_model(task: str, folder: Path) -> Path:
    """A model file with random weights, which finds something in every image."""
    name, options, size = CARDS[task]
    torch.manual_seed(0)
    module = create_model(name, len(CLASSES), options)
    classes = ClassTable.from_names(CLASSES).to_json()
    card = ModelCard(name, task, options, classes, size, 1, {}, "")  # type: ignore[arg-type]
    path = folder / f"{task}.safetensors"
    write_model_file(path, card, module.state_dict(), {})
    return path


def picture(seed: int = 0, width: int = 64, height: int = 48) -> np.ndarray:
    """An image of coloured blobs ``(H, W, 3)``."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def png(image: np.ndarray) -> bytes:
    """The image as PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def base64_of(content: bytes) -> str:
    """The bytes in base64."""
    return base64.b64encode(content).decode("ascii")


def service_of(model: Path, data: tuple[Path, Path] | None = None, **limits: Any) -> Service:
    """A service of the model, with a data set if given."""
    opened = CocoDataset.open(*data) if data is not None else None
    browse = None if opened is None else lambda queue: DatasetBrowser(opened, queue)
    return Service(ServedModel.of(load_model(model, "cpu")), ServiceLimits(**limits), browse)


@contextmanager
def client_of(service: Service, images: Path | None = None) -> Iterator[TestClient]:
    """A client in this process, as a program on this machine."""
    with TestClient(create_application(service, (), images), base_url="http://127.0.0.1:8000") as client:
        yield client


@contextmanager
def running(service: Service, runs: RunList | None = None) -> Iterator[str]:
    """The address of the service while it answers on a port of the loopback."""
    with listening("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(create_application(service, runs=runs), log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join()
