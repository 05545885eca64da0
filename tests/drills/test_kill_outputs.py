"""Commands that write are killed at random moments and repeated: the end is that of one that nobody killed."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main

pytestmark = pytest.mark.slow

SCRIPT = "import sys; from maskwright.cli.main import main; sys.exit(main(sys.argv[1:]))"
COMMANDS = {
    "convert": "convert labels.json --from coco --to yolo --images photos --copy-images --out OUT --quiet",
    "masks": "masks labels.json --mode instance --workers 2 --out OUT --quiet",
    "split": "split labels.json --out OUT --quiet",
    "check": "check labels.json --fix OUT/fixed.json --quiet",
    "predict": "predict model.safetensors photos --score 0 --out OUT --quiet",
}
KILLS = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred images with a few objects each."""
    folder, rng = tmp_path_factory.mktemp("world"), np.random.default_rng(0)
    (folder / "photos").mkdir()
    images, objects = [], []
    for number in range(1, 201):
        images.append({"id": number, "file_name": f"{number}.png", "height": 48, "width": 64})
        cv2.imwrite(str(folder / "photos" / f"{number}.png"), rng.integers(0, 256, (48, 64, 3), np.uint8))
        for x in (2, 20, 40):
            square = {"segmentation": [[x, 5, x + 15, 5, x + 15, 25, x, 25]], "bbox": [x, 5, 15, 20], "area": 300}
            more: dict[str, Any] = {"id": len(objects) + 1, "image_id": number, "category_id": 1 + x % 3, "iscrowd": 0}
            objects.append(square | more)
    categories = [{"id": i, "name": name} for i, name in enumerate(("disc", "ring", "square"), start=1)]
    content = {"images": images, "annotations": objects, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def model(world: Path) -> None:
    """The model that predicts them."""
    # Imported here: the other commands need no torch.
    from tests.models.tiny_zoo import SIZES, checkpoint

    checkpoint(world / "model.pkl")
    sets = [word for name, value in SIZES.items() for word in ("--set", f"{name}={value}")]
    files = [str(world / "model.pkl"), str(world / "model.safetensors")]
    assert main(["weights", "convert", *files, "--classes", "a,b,c", *sets]) == 0


def called(name: str, world: Path, out: Path) -> subprocess.Popen[str]:
    words = [word.replace("OUT", str(out)) for word in COMMANDS[name].split()]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *words], cwd=world, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def files(out: Path) -> dict[str, bytes]:
    """What the command wrote, without the records of when and where."""
    found = (path for path in out.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(out).as_posix(): path.read_bytes().replace(str(out).encode(), b"") for path in found}


def wait_for_staging(folder: Path, running: subprocess.Popen[str]) -> None:
    """Wait until the command has a hidden folder somewhere below ``folder``, or has ended."""
    while running.poll() is None and not any(path.is_dir() for path in folder.rglob(".*.part")):
        time.sleep(0.001)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_killed_at_random_moments_ends_as_if_it_was_not(
    name: str, world: Path, tmp_path: Path, request: pytest.FixtureRequest
):
    if name == "predict":
        request.getfixturevalue("model")
    started = time.monotonic()
    whole = called(name, world, tmp_path / "whole")
    assert whole.wait() in (0, 1), whole.communicate()[1]
    life, chance = time.monotonic() - started, random.Random(len(name))
    expected = files(tmp_path / "whole")
    left = 0
    for number in range(KILLS):
        out = tmp_path / f"killed-{number}"
        (tmp_path / f".{number:032x}.part").write_text("mine")
        running = called(name, world, out)
        if number % 2:
            time.sleep(chance.uniform(0.4, 1) * life)
        else:
            wait_for_staging(tmp_path, running)
            time.sleep(chance.choice((0, 0.005, 0.02, 0.1, 0.3)))
        running.send_signal(signal.SIGKILL)
        running.wait()
        there = files(out) if out.exists() else {}
        if name in ("masks", "check"):  # whose files appear one by one; the next call completes them
            assert there.items() <= expected.items()
        else:
            assert there in ({}, expected)
        hidden = [path for path in tmp_path.rglob(".*.part") if path.is_dir() and any(path.rglob("*.*"))]
        left += bool(hidden)
        again = called(name, world, out)
        said = again.communicate()[1]
        refused = there == expected and name in ("convert", "check")
        assert again.returncode in ((2,) if refused else (0, 1)), said
        assert files(out) == expected
        assert not [path for path in tmp_path.rglob(".*.part") if path.is_dir()], said
        assert not hidden or "was killed; removed" in said
        assert (tmp_path / f".{number:032x}.part").read_text() == "mine"
    # The others write within milliseconds, or move their files at once.
    assert left or name not in ("convert", "predict"), "no kill came while the command was writing"
