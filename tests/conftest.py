"""What many tests need: the shared material, and small COCO files written where a test may write."""

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from maskwright.telemetry import silence_libraries

SHARED = Path(__file__).resolve().parents[2] / "shared"

# The same examples on every machine and in every run: a test that fails here fails everywhere.
settings.register_profile("maskwright", deadline=None, derandomize=True, database=None)
settings.load_profile("maskwright")

# Before a test imports one of them itself.
silence_libraries()

# Tests that press Ctrl-C must find it working in programs they start, also where they run in a shell's background.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.small_runs"]

WriteJson = Callable[..., Path]
CocoFactory = Callable[..., Path]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of oracles and data beside the repository; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared, which is no part of the repository: see tests/oracles/README.md")
    return SHARED


@pytest.fixture
def write_json(tmp_path: Path) -> WriteJson:
    """``write_json(value, name)`` writes ``value`` to a file of that name and returns its path."""

    def write(value: Any, name: str = "labels.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(value), encoding="utf-8")
        return path

    return write


@pytest.fixture
def coco(write_json: WriteJson) -> CocoFactory:
    """``coco(*annotations, images=…, categories=…, name=…)`` writes a COCO file and returns its path.

    Each annotation is a dict of what differs from a square of 10 × 10 pixels, class 1, on image 1, with the next id; a
    field that is ``...`` is left out. One image of 48 × 64 pixels (height × width) and the classes 1 person and 2 dog
    are there unless given: ``images`` as records that differ from it, ``categories`` as ``{id: name}``.
    """

    def write(
        *annotations: dict[str, Any],
        images: Sequence[dict[str, Any]] = ({},),
        categories: dict[int, str] | None = None,
        name: str = "labels.json",
    ) -> Path:
        named = {1: "person", 2: "dog"} if categories is None else categories
        document = {
            "images": [_image(position, image) for position, image in enumerate(images, start=1)],
            "categories": [{"id": category_id, "name": name} for category_id, name in named.items()],
            "annotations": [_annotation(position, each) for position, each in enumerate(annotations, start=1)],
        }
        return write_json(document, name)

    return write


def _image(position: int, changes: dict[str, Any]) -> dict[str, Any]:
    return _present({"id": position, "file_name": f"{position}.png", "height": 48, "width": 64} | changes)


def _annotation(position: int, changes: dict[str, Any]) -> dict[str, Any]:
    square = [[10, 10, 20, 10, 20, 20, 10, 20]]
    return _present({"id": position, "image_id": 1, "category_id": 1, "segmentation": square, "iscrowd": 0} | changes)


def _present(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value is not ...}
