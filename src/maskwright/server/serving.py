"""``maskwright serve``: load a model and answer requests until asked to stop."""

import errno
import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import UsageError, refuse_panoptic, require_folder
from maskwright.progress import Reporter
from maskwright.runs.loaded_model import load_model
from maskwright.runs.predicting.inference import DEFAULT_INFERENCE, InferenceSettings
from maskwright.server.application import create_application
from maskwright.server.dataset_browser import DatasetBrowser
from maskwright.server.inference_queue import InferenceQueue
from maskwright.server.run_list import RunList
from maskwright.server.served_model import ServedModel
from maskwright.server.service import Service
from maskwright.server.service_limits import ServiceLimits
from maskwright.training.interruption import StopRequest

_LOOK = 0.1  # seconds between two looks at whether a stop was requested
# Of other sizes than a square torch compiles for all; else the first requests would wait, and be given up.
_COMPILED_FOR = ((480, 480), (480, 640), (640, 480))
_CONNECTIONS = 32  # beside those of the requests that wait: the page's own


def serve(
    model: str | Path,
    *,
    data: str | Path | None = None,
    images: str | Path | None = None,
    runs: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    allowed_hosts: Sequence[str] = (),
    limits: ServiceLimits | None = None,
    device: str = "auto",
    settings: InferenceSettings = DEFAULT_INFERENCE,
    reporter: Reporter | None = None,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve a model: an API and a page in the browser, until SIGTERM or Ctrl-C, which let running requests end.

    Args:
        model: A run folder, a checkpoint, a model file, or an export (``.onnx``, ``.xml``).
        data: A COCO annotation file, whose images the page shows with truth and prediction.
        images: The folder of its images, and of those of Label Studio's tasks.
        runs: A folder of runs, whose curves the page shows while they train.
        host: The address to listen at. Others than the loopback let other machines use the model, unprotected.
        port: The port; 0 takes a free one.
        allowed_hosts: Host names by which the service may be called, beside addresses and ``localhost``.
        limits: What is accepted at most.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        settings: In which precision, and whether compiled; before requests are answered, images are predicted
            then, for which torch compiles. Tiles are not used.
        reporter: Where warnings go; standard error by default.
        ready: A function that is given the address, once requests are answered.

    Raises:
        UsageError: There is no model, ``data`` comes without ``images``, or the port is taken.
        DataError: The data set has no usable image.
        WeightsError: The model file does not fit its model.
    """
    reporter, limits = reporter or Reporter(), limits or ServiceLimits()
    if data is not None and images is None:
        raise UsageError("--data: needs the folder of its images. Add --images.")
    watched = None if runs is None else RunList(require_folder(Path(runs), "runs"))
    folder = None if images is None else require_folder(Path(images), "images")
    with listening(host, port) as listener:
        loaded = load_model(model, device, **settings.loading)
        refuse_panoptic(loaded.task, loaded.file, "serve", "Use `maskwright predict`.")
        served = ServedModel.of(loaded)
        reporter.warn(settings.remarks(served.model))
        if settings.compiled:
            served.model.predict([np.zeros((*size, 3), np.uint8) for size in _COMPILED_FOR])
        opened = CocoDataset.open(data, images) if data is not None else None
        if opened is not None and opened.excluded:
            left_out = sum(map(len, opened.excluded.values()))
            reporter.warn(
                [f"{data}: {left_out} images cannot be used and are not shown; `maskwright check` names them."]
            )
        if not is_loopback(host):
            reporter.warn([f"--host {host}: other machines can use this model, unencrypted and without a password."])

        def browse(queue: InferenceQueue) -> DatasetBrowser:
            assert opened is not None
            return DatasetBrowser(opened, queue)

        service = Service(served, limits, None if opened is None else browse)
        names = (*allowed_hosts, *([] if host in ("", "0.0.0.0", "::") else [host]))
        _run(uvicorn.Config(create_application(service, names, folder, watched), **_settings(limits)), listener, ready)


def _settings(limits: ServiceLimits) -> dict[str, Any]:
    return {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "ws": "none",
        "http": "h11",
        "loop": "asyncio",
        "lifespan": "on",
        "limit_concurrency": 2 * limits.queue + _CONNECTIONS,
        "timeout_graceful_shutdown": int(limits.seconds) + 5,
    }


def _run(config: uvicorn.Config, listener: socket.socket, ready: Callable[[str], None]) -> None:
    """Answer requests in a thread, so that signals reach this one."""
    server = uvicorn.Server(config)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name="server", daemon=True)
    with StopRequest().listening() as stop:
        thread.start()
        told = False
        while thread.is_alive():
            if server.started and not told:
                ready(address_of(listener))
                told = True
            server.should_exit = server.should_exit or stop()
            thread.join(_LOOK)
    if failed:
        raise failed[0]


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at ``host`` and ``port``; raise ``UsageError`` where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            said = "is in use; expected a free port. Give another one, or 0 for any that is free"
        else:
            said = f"cannot be listened at ({error}); expected an address of this machine and a port up to 65535"
        raise UsageError(f"--host {host} --port {port}: {said}.") from error


def address_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine reach ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
