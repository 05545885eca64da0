"""The protocol, in the requests of Label Studio's own client (``label_studio/ml/api_connector.py``)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.runs.loaded_model import load_model
from maskwright.server.label_studio.brush_rle import decode_brush
from tests.server.served import CLASSES, client_of, picture, service_of

CONFIG = (
    '<View><Image name="image" value="$image"/><BrushLabels name="tag" toName="image">'
    + "".join(f'<Label value="{name}"/>' for name in CLASSES)
    + "</BrushLabels></View>"
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in (1, 2):
        Image.fromarray(picture(number)).save(tmp_path / f"{number}.png")
    return tmp_path


def asked(*addresses: Any) -> dict[str, Any]:
    return {
        "tasks": [{"id": i, "data": {"image": address}, "project": 1} for i, address in enumerate(addresses)],
        "model_version": None,
        "project": "1.1700000000",
        "label_config": CONFIG,
        "params": {"login": None, "password": None, "context": None},
    }


def test_a_project_is_set_up_and_its_tasks_predicted(models: dict[str, Path], photos: Path) -> None:
    with client_of(service_of(models["semantic"]), photos) as client:
        assert client.get("/label-studio/health").json()["status"] == "UP"
        setup = {"project": "1.17", "schema": CONFIG, "hostname": "http://localhost:8080", "access_token": "x"}
        version = client.post("/label-studio/setup", json=setup).json()["model_version"]
        said = client.post("/label-studio/predict", json=asked("/data/upload/1/01234567-1.png", "2.png")).json()
        event = {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 3}}
        assert client.post("/label-studio/webhook", json=event).status_code == 201
    assert said["model_version"] == version
    assert version.startswith("residual_attention_unet-")
    for number, result in enumerate(said["results"], start=1):
        expected = load_model(models["semantic"], "cpu").predict(picture(number))
        drawn = np.zeros_like(expected)
        for each in result["result"]:
            label = CLASSES.index(each["value"]["brushlabels"][0]) + 1
            drawn[decode_brush(each["value"]["rle"], (48, 64))] = label
            assert (each["from_name"], each["to_name"], each["type"]) == ("tag", "image", "brushlabels")
        assert np.array_equal(drawn, expected)
        assert drawn.any()


def test_the_score_of_a_task_is_the_mean_of_its_regions(models: dict[str, Path], photos: Path) -> None:
    service = service_of(models["instance"])
    found = load_model(models["instance"], "cpu").predict(picture(1), score=0.5)
    with client_of(service, photos) as client:
        (result,) = client.post("/label-studio/predict", json=asked("1.png")).json()["results"]
    full = found[found.areas > 0]
    assert len(result["result"]) == len(full)
    if len(full):
        assert result["score"] == pytest.approx(float(full.scores.mean()))
    assert ("score" in result) == bool(len(full))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("predict", asked("3.png")),
        ("predict", asked(None)),
        ("predict", asked("../1.png")),
        ("predict", {**asked("1.png"), "tasks": "all"}),
        ("predict", {**asked("1.png"), "tasks": [1]}),
        ("predict", {**asked("1.png"), "label_config": "<View/>"}),
        ("setup", {"schema": ""}),
        ("webhook", {"event": 1}),
        ("webhook", []),
    ],
)
def test_bad_requests_are_refused(models: dict[str, Path], photos: Path, path: str, body: Any) -> None:
    with client_of(service_of(models["semantic"]), photos) as client:
        answered = client.post(f"/label-studio/{path}", json=body)
    assert answered.status_code == 422
    assert answered.json()["error"]
