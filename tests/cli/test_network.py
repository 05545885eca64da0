"""No command turns to another machine unless it is asked to: packets are counted, so libraries in C are seen too."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.coco.panoptic_file import PanopticCategory, writing_panoptic
from maskwright.cli.app import app
from maskwright.structures import PanopticMap, PanopticSegment
from tests.network_watch import watched, why_not
from tests.small_runs import SHARED, SMALL

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"packets cannot be watched here: {why_not()}")

# Prints the exit code of each of the commands that it is given.
COMMANDS = """
import json, sys
from maskwright.cli.main import main

if __name__ == "__main__":
    print("\\n" + json.dumps([main(arguments) for arguments in json.loads(sys.argv[1])]))
"""

# Turns to other machines: by TCP, by the longer addresses, by one packet, and with a question for a name's address.
TURNING = """
import os, socket
os.environ["RES_OPTIONS"] = "timeout:1 attempts:1"
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("2001:db8::1", 443)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 4000)),
):
    with socket.socket(family, kind) as connection:
        connection.settimeout(1)
        try:
            connection.connect(address)
            connection.send(b"hello")
        except OSError:
            pass
try:
    socket.getaddrinfo("example.org", 80)
except OSError:
    pass
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    pass
"""

DATA = [
    ["check", "labels.json", "--images", "images", "--fix", "fixed.json"],
    ["explore", "labels.json", "--images", "images", "--out", "pages", "--quiet"],
    ["subset", "labels.json", "--out", "part.json", "--max-images", "3", "--quiet"],
    ["split", "labels.json", "--images", "images", "--ratios", "2:1", "--out", "parts", "--quiet"],
    ["convert", "labels.json", "--from", "coco", "--to", "yolo", "--out", "yolo", "--quiet"],
    ["masks", "labels.json", "--out", "masks", "--workers", "2", "--quiet"],
    ["score", "semantic", "masks", "masks", "--quiet"],
    ["score", "instance", "labels.json", "found.json", "--quiet"],
    ["score", "panoptic", "panoptic.json", "panoptic.json", "--quiet"],
    ["compare", "found.json", "other.json", "--truth", "labels.json", "--samples", "100", "--quiet"],
    ["review", "labels.json", "found.json", "--images", "images", "--out", "review", "--tasks", "cvat", "--quiet"],
    ["models"],
    ["models", "smp:Unet/tu-resnet18"],
    ["recipes"],
    ["weights", "list"],
]
SERVED = """
import http.client, json, os, signal, subprocess, sys

command = [sys.executable, "-m", "maskwright", "serve", sys.argv[1], "--data", "labels.json", "--images", "images"]
command += ["--runs", os.path.dirname(sys.argv[1])]
process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)
port = int(process.stdout.readline().split("127.0.0.1:")[1].split("/")[0])

def ask(path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers)
    return connection.getresponse().read()

try:
    with open("images/1.png", "rb") as file:
        head = b"--b\\r\\nContent-Disposition: form-data; name=image; filename=a\\r\\n\\r\\n"
        form = head + file.read() + b"\\r\\n--b--\\r\\n"
    assert b"objects" in ask("/predict", "POST", form, **{"Content-Type": "multipart/form-data; boundary=b"})
    paths = ["/", "/page.js", "/openapi.json", "/metrics"]
    paths += ["/data", "/data/images/0/prediction", "/data/images/0/picture"]
    assert all(ask(path) for path in paths)
    runs = json.loads(ask("/runs"))["runs"]
    assert runs
    assert all(b"columns" in ask("/runs/" + run["name"]) for run in runs)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
finally:
    process.kill()  # else it would hold the pipe that the test reads
"""
# As CVAT's command line calls it; its SDK, which is the user's, is not there.
ANNOTATED = """
import sys
from types import SimpleNamespace

from PIL import Image

from maskwright.runs.loaded_model import load_model
from maskwright.server.cvat import CvatFunction

named = lambda *values, **more: SimpleNamespace(values=values, **more)
sdk = SimpleNamespace(label_spec=named, DetectionFunctionSpec=named, mask=named, polygon=named)
function = CvatFunction(load_model(sys.argv[1]), sdk)
assert len(function.spec.labels) == 4
for polygons in (False, True):
    context = SimpleNamespace(conf_threshold=0.0, conv_mask_to_poly=polygons)
    function.detect(context, Image.open("images/1.png"))
"""
TRAINING = [
    ["run", *SMALL["semantic"], *SHARED, "--out", "run"],
    ["evaluate", "run", "--quiet"],
    ["report", "run", "--quiet"],
    ["evaluate", "run", "--tile", "auto", "--precision", "bf16", "--quiet"],
    ["predict", "run", "images", "--out", "predicted", "--quiet"],
    ["predict", "run", "images", "--out", "tiles", "--tile", "auto", "--precision", "bf16", "--quiet"],
    ["export", "run", "--to", "onnx", "--images", "images", "--quiet"],
    ["export", "run", "--to", "openvino", "--images", "images", "--quiet"],
    ["init", "labels.json", "--images", "images", "--out", "fitted.yaml", "--quiet"],
    ["doctor"],
]
SLOW = {
    "instance": [["train", *SMALL["instance"], *SHARED, "--out", "run"]],
    "processes": [["run", *SMALL["semantic"], *SHARED, "--out", "run", "--devices", "2"]],
    "demo": [["demo", "--out", "demo", "--quiet"]],
    "transfer": [["transfer", "shapes-transfer", "--out", "transfer", "--quiet"]],
    "compiled": [
        ["run", *SMALL["semantic"], *SHARED, "--out", "run"],
        ["predict", "run", "images", "--out", "predicted", "--compile", "--quiet"],
    ],
}


@pytest.fixture
def folder(coco, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a COCO file of six images, and results for it."""
    monkeypatch.chdir(tmp_path)
    Path("images").mkdir()
    for number in range(1, 7):
        pixels = np.random.default_rng(number).integers(0, 256, (48, 64, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(f"images/{number}.png")
    objects = [{"image_id": number, "bbox": [10, 10, 10, 10], "area": 100} for number in range(1, 7)]
    found = json.loads(coco(*objects, images=[{}] * 6).read_text())["annotations"]
    for name in ("found.json", "other.json"):
        Path(name).write_text(json.dumps([{**each, "score": 0.9} for each in found]))
    with writing_panoptic(Path("panoptic.json"), [PanopticCategory(1, "road", 0)]) as write:
        write(1, "1.png", PanopticMap(np.ones((48, 64), int), (PanopticSegment(1, 1),)))
    return tmp_path


def turned_to(commands: list[list[str]], folder: Path) -> list[str]:
    """The other machines that ``commands`` turned to; all of them end well."""
    (folder / "commands.py").write_text(COMMANDS)
    done, found = watched([sys.executable, "commands.py", json.dumps(commands)], folder / "packets.json")
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes == [0] * len(commands), done.stderr
    return found


def test_every_way_to_another_machine_is_seen(tmp_path: Path) -> None:
    done, found = watched([sys.executable, "-c", TURNING], tmp_path / "packets.json")
    assert done.returncode == 0, done.stderr
    assert {"169.254.169.254:80", "192.0.2.1:4000"} <= set(found)
    assert any(address.endswith(":53") for address in found), "the question for a name's address was not seen"
    assert not any(address.startswith("127.") and not address.endswith(":53") for address in found)
    without_ipv6 = subprocess.run(["ip", "-6", "route"], capture_output=True, check=False).returncode != 0
    assert without_ipv6 or "2001:db8::1:443" in found


@pytest.mark.parametrize("commands", [DATA, TRAINING], ids=["data", "training"])
def test_no_command_turns_to_another_machine(folder: Path, commands: list[list[str]]) -> None:
    assert turned_to(commands, folder) == []


@pytest.mark.skipif(importlib.util.find_spec("fastapi") is None, reason="needs the extra [serve]")
def test_serving_turns_to_no_other_machine(folder: Path, semantic_run: Path) -> None:
    done, found = watched([sys.executable, "-c", SERVED, str(semantic_run)], folder / "packets.json")
    assert done.returncode == 0, done.stderr
    assert found == []


def test_the_function_for_cvat_turns_to_no_other_machine(folder: Path, semantic_run: Path) -> None:
    done, found = watched([sys.executable, "-c", ANNOTATED, str(semantic_run)], folder / "packets.json")
    assert done.returncode == 0, done.stderr
    assert found == []


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed: the extra [ray]")
@pytest.mark.slow
def test_ray_asks_no_cloud_where_it_runs(folder: Path) -> None:
    """Ray's statistics had asked 169.254.169.254 and metadata.google.internal, though nobody wanted them."""
    commands = [["masks", "labels.json", "--out", "masks", "--engine", "ray", "--workers", "2", "--quiet"]]
    assert turned_to(commands, folder) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SLOW)
def test_no_long_command_turns_to_another_machine(folder: Path, name: str) -> None:
    assert turned_to(SLOW[name], folder) == []


def test_every_command_is_watched() -> None:
    commands = {command.callback.__module__.rpartition(".")[2] for command in app.registered_commands}
    groups = {str(group.name) for group in app.registered_groups}
    tried = {arguments[0] for many in (DATA, TRAINING, *SLOW.values()) for arguments in many}
    assert commands | groups == tried | {"serve"}
