"""The service at its limit: more clients on the loopback than may wait, for a minute.

``python benchmarks/serving.py [--model MODEL] [--seconds 60] [--clients 24] [--queue 8] [--batch N]`` serves a model
(random weights of ``demo-semantic``'s network by default) in a process of its own. Every client sends an image of
640 × 480 pixels again and again, at once after a 200 and after ``Retry-After`` otherwise. It counts the answers by
status and the memory of the process (RSS) each second, and fails when an answer is none of 200, 429 and 503, or when
the median memory of the last quarter is more than a tenth above that of the second quarter.

The times are those of a 200, from the first byte sent to the last one read, beside the time that the model alone takes.
"""

import argparse
import http.client
import io
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from maskwright.model_file import ModelCard, write_model_file
from maskwright.models.catalogue import create_model
from maskwright.structures import ClassTable

_MARK = b"a-boundary"
_GROWTH = 1.1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", type=Path)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--clients", type=int, default=24)
    options.add_argument("--queue", type=int, default=8)
    options.add_argument("--batch", type=int, default=1)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = asked.model or random_model(Path(folder))
        return load(model, asked.seconds, asked.clients, asked.queue, asked.batch)


def random_model(folder: Path) -> Path:
    torch.manual_seed(0)
    name, options = "residual_attention_unet", {"widths": [16, 32, 64, 128]}
    table = ClassTable.from_names(["disc", "square", "triangle", "ring"])
    card = ModelCard(name, "semantic", options, table.to_json(), {"resize": "square", "size": 128}, 1, {}, "")
    path = folder / "model.safetensors"
    write_model_file(path, card, create_model(name, len(table), options).state_dict(), {})
    return path


def form() -> bytes:
    coarse = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    head = b'\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    return b"--" + _MARK + head + file.getvalue() + b"\r\n--" + _MARK + b"--\r\n"


def load(model: Path, seconds: float, clients: int, queue: int, batch: int) -> int:
    command = [sys.executable, "-m", "maskwright", "serve", str(model), "--port", "0"]
    limits = ["--queue", str(queue), "--batch", str(batch), "--seconds", "30"]
    process = subprocess.Popen([*command, *limits], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None, "the service did not start"
        port, body = int(found[1]), form()
        alone = sorted(asked(port, body)[1] for _ in range(20))
        stop = time.monotonic() + seconds
        statuses: Counter[str] = Counter()
        times: list[float] = []
        lock = threading.Lock()

        def client() -> None:
            while time.monotonic() < stop:
                status, passed, wait = asked(port, body)
                with lock:
                    statuses[status] += 1
                    if status == "200":
                        times.append(passed)
                time.sleep(wait)

        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        memory = []
        while time.monotonic() < stop:
            memory.append(resident(process.pid))
            time.sleep(min(1.0, seconds / 60))
        for thread in threads:
            thread.join()
    finally:
        process.terminate()
        code = process.wait(60)
    return report(statuses, times, alone, memory, seconds, code)


def asked(port: int, body: bytes) -> tuple[str, float, float]:
    """Return the status of an answer, its seconds, and those to wait before the next request."""
    started = time.monotonic()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        kind = f"multipart/form-data; boundary={_MARK.decode()}"
        connection.request("POST", "/predict", body, {"Content-Type": kind, "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, time.monotonic() - started, 0.1
    wait = 0.0 if answer.status == 200 else float(answer.headers.get("Retry-After", 1))
    return str(answer.status), time.monotonic() - started, wait


def resident(pid: int) -> int:
    """Return the resident memory of a process in MiB; 0 where Linux does not tell it."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(text.split("VmRSS:")[1].split()[0]) >> 10


def report(
    statuses: Counter[str], times: list[float], alone: list[float], memory: list[int], seconds: float, code: int
) -> int:
    quarter = len(memory) // 4
    before, after = (statistics.median(part) for part in (memory[quarter : 2 * quarter], memory[-quarter:]))
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    times.sort()
    share = [times[int(len(times) * part)] * 1000 for part in (0.5, 0.99)] if times else [0.0, 0.0]
    print(f"answers in {seconds:.0f} s        {answers}")
    print(f"images a second       {len(times) / seconds:.1f}")
    print(f"one client alone      p50 {statistics.median(alone) * 1000:.0f} ms")
    print(f"a 200 at the limit    p50 {share[0]:.0f} ms, p99 {share[1]:.0f} ms")
    print(f"memory                {before:.0f} MiB in the second quarter, {after:.0f} in the last, most {max(memory)}")
    print(f"exit code at SIGTERM  {code}")
    right = statuses.keys() <= {"200", "429", "503"} and after <= _GROWTH * before and code == 0 and bool(times)
    print("as expected" if right else "NOT as expected")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
