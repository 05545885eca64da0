"""Models and data that several tests of the service look at."""

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image

# Without the extra [serve] there is nothing to test.
_NEEDED = ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "httpx2")
collect_ignore_glob = [] if all(map(importlib.util.find_spec, _NEEDED)) else ["test_*.py"]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of a semantic and an instance model with random weights, by task."""
    from tests.server.served import random_model

    folder = tmp_path_factory.mktemp("served")
    return {task: random_model(task, folder) for task in ("semantic", "instance")}


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A COCO file of six images, and their folder; it lacks the model's fourth class, and has a 'cat'."""
    from tests.server.served import CLASSES, picture

    folder = tmp_path_factory.mktemp("labelled")
    (folder / "photos").mkdir()
    images, objects = [], []
    for number in range(1, 7):
        Image.fromarray(picture(number)).save(folder / "photos" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 48})
        left = 4 * number
        square = [left, 10, left + 20, 10, left + 20, 30, left, 30]
        kind = 10 * (number % 4 + 1)
        objects.append({"id": number, "image_id": number, "category_id": kind, "segmentation": [square], "iscrowd": 0})
    categories = [{"id": 10 * (i + 1), "name": name} for i, name in enumerate([*CLASSES[:3], "cat"])]
    path = folder / "labels.json"
    path.write_text(json.dumps({"images": images, "annotations": objects, "categories": categories}))
    return path, folder / "photos"
