"""The command as a process: it says where it is, answers, and ends when asked, after what it works on."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.runs.loaded_model import load_model
from maskwright.runs.predicting.inference import InferenceSettings
from maskwright.server.serving import address_of, is_loopback, listening, serve
from maskwright.structures import Instances
from maskwright.training import device
from tests.server.served import base64_of, picture, png


@contextmanager
def started(model: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that serves the model, and its port."""
    command = [sys.executable, "-m", "maskwright", "serve", str(model), "--port", "0", *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"serving .* at http://127\.0\.0\.1:(\d+)/ \(Ctrl-C ends it\)", line)
        assert found is not None, (line, process.stderr.read() if process.stderr and process.poll() is not None else "")
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def ask(port: int, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, {"Content-Type": "application/json"} if content else {})
    answered = connection.getresponse()
    return answered.status, json.loads(answered.read())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_when_asked_after_the_requests_it_has(number: int, models: dict[str, Path]) -> None:
    image = picture(5, 300, 200)
    body = {"image": base64_of(png(image))}
    expected = load_model(models["instance"], "cpu").predict(image)
    said: list[tuple[int, Any]] = []
    with started(models["instance"]) as (process, port):
        assert ask(port, "GET", "/health") == (200, {"status": "ok", "waiting": 0})
        threads = [
            threading.Thread(target=lambda: said.append(ask(port, "POST", "/predict?score=0", body))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        while not ask(port, "GET", "/health")[1]["waiting"] and not said:
            time.sleep(0.001)
        process.send_signal(number)
        for thread in threads:
            thread.join()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert {status for status, _ in said} <= {200, 503}
    right = [found for status, found in said if status == 200]
    assert right
    assert all(Instances.from_coco(found["objects"], (200, 300)) == expected for found in right)


class Ready(Exception):
    """Raised when requests would be answered, which ends the service."""


def test_a_processor_without_bfloat16_serves_in_full_precision_and_says_so(
    models: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready(url: str) -> None:
        raise Ready

    monkeypatch.setattr(device, "computes_in_bfloat16", lambda: False)
    with pytest.raises(Ready):
        serve(models["semantic"], port=0, device="cpu", settings=InferenceSettings(precision="bf16"), ready=ready)
    assert "precision: fp32, not bf16: this processor has no instructions" in capsys.readouterr().err


def test_others_than_the_loopback_are_warned_of(models: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    def ready(url: str) -> None:
        assert url.startswith("http://0.0.0.0:")
        raise Ready

    with pytest.raises(Ready):
        serve(models["semantic"], host="0.0.0.0", port=0, ready=ready)
    assert "--host 0.0.0.0: other machines can use this model" in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused(models: dict[str, Path]) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert address_of(taken) == f"http://127.0.0.1:{port}/"
        with pytest.raises(UsageError, match=f"--port {port}: is in use"):
            serve(models["semantic"], port=port)
    with pytest.raises(UsageError, match="cannot be listened at"):
        listening("192.0.2.1", 0)


def test_data_without_images_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="Add --images"):
        serve(models["semantic"], data="labels.json", port=0)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("box", False),
    ],
)
def test_the_loopback_is_known(host: str, own: bool) -> None:
    assert is_loopback(host) is own
