"""The API answers as the model does, refuses with a reason, and describes itself."""

import io
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.cli.main import main
from maskwright.masks.components import masks_by_label
from maskwright.runs.loaded_model import load_model
from maskwright.structures import Instances
from tests.server.bodies import bad_requests
from tests.server.served import CLASSES, base64_of, client_of, picture, png, service_of


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("body", ["form", "json", "data URL"])
def test_objects_are_those_of_the_model(models: dict[str, Path], body: str) -> None:
    image = picture(3)
    expected = load_model(models["instance"], "cpu").predict(image, score=0.1)
    assert len(expected) > 3
    text = ("data:image/png;base64," if body == "data URL" else "") + base64_of(png(image))
    sent: dict[str, Any] = {"files": {"image": ("a.png", png(image))}} if body == "form" else {"json": {"image": text}}
    with client_of(service_of(models["instance"])) as client:
        answered = client.post("/predict?score=0.1", **sent)
    assert answered.status_code == 200, answered.text
    said = answered.json()
    assert (said["task"], said["width"], said["height"]) == ("instance", 64, 48)
    assert Instances.from_coco(said["objects"], (48, 64)) == expected
    assert [each["class"] for each in said["objects"]] == [CLASSES[label - 1] for label in expected.labels]
    assert [each["area"] for each in said["objects"]] == expected.areas.tolist()


def test_without_a_score_objects_below_a_half_are_left_out(models: dict[str, Path]) -> None:
    with client_of(service_of(models["instance"])) as client:
        few = client.post("/predict", files={"image": png(picture(3))}).json()["objects"]
        every = client.post("/predict?score=0", files={"image": png(picture(3))}).json()["objects"]
    assert few == [each for each in every if each["score"] >= 0.5]
    assert len(every) == len(load_model(models["instance"], "cpu").predict(picture(3)))


def test_classes_of_pixels_are_those_of_the_model(models: dict[str, Path]) -> None:
    image = picture(4, 90, 70)
    expected = load_model(models["semantic"], "cpu").predict(image)
    with client_of(service_of(models["semantic"])) as client:
        said = client.post("/predict", files={"image": png(image)}).json()
        shown = client.post("/predict", files={"image": png(image)}, headers={"Accept": "image/png"})
    masks = {each["category_id"]: each["segmentation"] for each in said["objects"]}
    assert masks == {k: {**rle, "counts": rle["counts"].decode()} for k, rle in masks_by_label(expected).items()}
    assert masks
    assert {each["score"] for each in said["objects"]} == {None}
    assert shown.headers["content-type"] == "image/png"
    assert np.array_equal(decoded(shown.content), expected)


def test_an_object_with_a_better_score_is_drawn_over_others(models: dict[str, Path]) -> None:
    image = picture(3)
    found = load_model(models["instance"], "cpu").predict(image, score=0.1)
    expected = np.zeros(found.size, np.uint8)
    for mask, label in zip(found.dense()[::-1], found.labels[::-1], strict=True):
        expected[mask] = label
    with client_of(service_of(models["instance"])) as client:
        shown = client.post("/predict?score=0.1", files={"image": png(image)}, headers={"Accept": "image/png"})
    assert np.array_equal(decoded(shown.content), expected)
    assert expected.any()


def test_an_export_is_served_too(models: dict[str, Path], tmp_path: Path) -> None:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package)
    Image.fromarray(picture(1)).save(tmp_path / "a.png")
    out = tmp_path / "model.onnx"
    assert main(["export", str(models["semantic"]), "--out", str(out), "--images", str(tmp_path), "--quiet"]) == 0
    expected = load_model(out).predict(picture(2))
    with client_of(service_of(out)) as client:
        shown = client.post("/predict", files={"image": png(picture(2))}, headers={"Accept": "image/png"})
        assert client.get("/model").json()["file"] == "model.onnx"
    assert np.array_equal(decoded(shown.content), expected)


def test_images_that_wait_together_share_batches_and_get_the_same_labels(models: dict[str, Path]) -> None:
    images = [picture(seed) for seed in range(12)]
    expected = [load_model(models["semantic"], "cpu").predict(image) for image in images]
    service = service_of(models["semantic"], batch=4)
    found: dict[int, np.ndarray] = {}
    with client_of(service) as client:

        def ask(number: int) -> None:
            sent = {"image": png(images[number])}
            found[number] = decoded(client.post("/predict", files=sent, headers={"Accept": "image/png"}).content)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        text = client.get("/metrics").text
    # Rounding in larger batches moves pixels between equally likely classes alone.
    assert min((found[number] == expected[number]).mean() for number in range(12)) > 0.999
    batches = float(next(line for line in text.splitlines() if "batch_images_count" in line).split()[-1])
    assert batches < 12


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_bad_requests_are_refused_with_a_reason(models: dict[str, Path], task: str) -> None:
    with client_of(service_of(models[task], body=200_000)) as client:
        refused = assert_refused(client, 250, seed=1)
        assert client.get("/health").json() == {"status": "ok", "waiting": 0}
    assert {413, 415, 422} <= refused


@pytest.mark.slow
def test_ten_thousand_bad_requests_are_refused_with_a_reason(models: dict[str, Path]) -> None:
    with client_of(service_of(models["instance"], body=200_000)) as client:
        refused = assert_refused(client, 10_000, seed=2)
        assert client.get("/health").json() == {"status": "ok", "waiting": 0}
    assert {406, 413, 415, 422} <= refused


def assert_refused(client: Any, count: int, seed: int) -> set[int]:
    statuses = set()
    for request in bad_requests(count, seed):
        answered = client.request(**request)
        assert 400 <= answered.status_code < 500, (answered.status_code, str(request)[:1000])
        assert answered.json()["error"], str(request)[:1000]
        statuses.add(answered.status_code)
    return statuses


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "multipart/form-data"),
        ({"files": {"picture": b"x"}}, 422, "no file field 'image'; its fields: 'picture'"),
        ({"files": {"image": b""}}, 422, "empty"),
        ({"files": {"image": b"GIF89a no"}}, 422, "cannot be read as an image"),
        ({"files": {"image": png(picture())[:-40]}}, 422, "its end is missing"),
        ({"files": {"image": b"x" * 300_000}}, 413, "more than 200,000 bytes"),
        ({"json": {"image": "%%%"}}, 422, "no base64"),
        ({"json": {"picture": ""}}, 422, "unknown field `picture`"),
        ({"files": {"image": png(picture())}, "params": {"score": "nan"}}, 422, "score"),
        ({"files": {"image": png(picture())}, "params": {"score": "1.5"}}, 422, "score"),
        ({"files": {"image": png(picture())}, "headers": {"accept": "text/html"}}, 406, "image/png"),
    ],
    ids=str,
)
def test_each_refusal_says_what_is_expected(
    models: dict[str, Path], request_: dict[str, Any], status: int, said: str
) -> None:
    with client_of(service_of(models["instance"], body=200_000)) as client:
        answered = client.post("/predict", **request_)
    assert (answered.status_code, said in answered.json()["error"]) == (status, True), answered.text


def test_too_many_pixels_are_refused_before_they_are_decoded(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKWRIGHT_LIMIT_PREDICTED_PIXELS", "9000")
    with client_of(service_of(models["instance"])) as client:
        answered = client.post("/predict", files={"image": png(picture(0, 200, 200))})
        huge = client.post("/predict", files={"image": bomb()})
    assert answered.status_code == huge.status_code == 413
    assert "predicted-pixels" in answered.json()["error"]
    assert "image-pixels" in huge.json()["error"]


def bomb() -> bytes:
    """The head of a PNG of 60,000 × 60,000 pixels."""
    import struct
    import zlib

    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = (struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (header, data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_score_for_a_semantic_model_is_refused(models: dict[str, Path]) -> None:
    with client_of(service_of(models["semantic"])) as client:
        answered = client.post("/predict?score=0.5", files={"image": png(picture())})
        assert answered.status_code == 422
        assert client.post("/predict?score=0", files={"image": png(picture())}).status_code == 200


def test_when_as_many_wait_as_may_more_are_refused_and_late_ones_too(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(models["semantic"], queue=3, seconds=1.5)
    go = threading.Event()
    predict = service.queue._found
    monkeypatch.setattr(service.queue, "_found", lambda jobs: go.wait(30) and predict(jobs))
    said: list[tuple[int, str | None]] = []
    with client_of(service) as client:

        def ask() -> None:
            answered = client.post("/predict", files={"image": png(picture())})
            said.append((answered.status_code, answered.headers.get("retry-after")))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        while len(service.queue) < 3:
            time.sleep(0.01)
        refused = client.post("/predict", files={"image": png(picture())})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        for thread in threads:
            thread.join()
        assert said == [(503, "1")] * 3
        go.set()
        while len(service.queue):
            time.sleep(0.01)
        assert client.post("/predict", files={"image": png(picture())}).status_code == 200


def test_what_waits_when_the_service_ends_is_refused(models: dict[str, Path]) -> None:
    service = service_of(models["semantic"])
    service.close()
    with client_of(service) as client:
        assert client.post("/predict", files={"image": png(picture())}).status_code == 503


def test_a_model_that_answers_with_nan_is_named(models: dict[str, Path]) -> None:
    service = service_of(models["semantic"])
    import torch

    with torch.no_grad():
        next(service.served.model.module.parameters()).fill_(float("nan"))
    with client_of(service) as client:
        answered = client.post("/predict", files={"image": png(picture())})
        assert client.get("/health").status_code == 200
    assert answered.status_code == 500
    assert "semantic.safetensors" in answered.json()["error"]


def test_the_model_is_described_without_a_path(models: dict[str, Path]) -> None:
    with client_of(service_of(models["instance"], queue=5)) as client:
        said = client.get("/model").json()
        described = client.get("/openapi.json").json()
    assert said["limits"]["queue"] == 5
    assert [each["name"] for each in said["classes"]] == CLASSES
    assert str(models["instance"].parent) not in json.dumps(said)
    predict = described["paths"]["/predict"]["post"]
    assert set(predict["requestBody"]["content"]) == {"multipart/form-data", "application/json"}
    assert {"200", "403", "406", "408", "413", "415", "421", "422", "429", "503"} <= set(predict["responses"])


def test_unknown_paths_and_methods_are_refused_as_json(models: dict[str, Path]) -> None:
    with client_of(service_of(models["semantic"])) as client:
        assert (client.get("/nothing").status_code, client.get("/predict").status_code) == (404, 405)
        assert client.get("/nothing").json() == {"error": "Not Found"}
        assert client.get("/data").status_code == 404


def test_images_of_the_data_set_have_truth_and_prediction(models: dict[str, Path], labelled: tuple[Path, Path]) -> None:
    with client_of(service_of(models["instance"], labelled)) as client:
        for _ in range(600):
            data = client.get("/data").json()
            if data["compared"] == 6:
                break
            time.sleep(0.05)
        assert data["compared"] == data["images"] == 6
        assert [each["name"] for each in data["classes"]] == [*CLASSES, "cat"]
        listed = client.get("/data/images?label=5").json()
        assert [each["name"] for each in listed["images"]] == ["3.png"]
        truth = client.get("/data/images/2/truth").json()
        assert [(each["class"], each["area"]) for each in truth["objects"]] == [("cat", 400)]
        found = client.get("/data/images/2/prediction").json()
        expected = load_model(models["instance"], "cpu").predict(picture(3))
        assert Instances.from_coco(found["objects"], (48, 64)) == expected
        shown = client.get("/data/images/2/picture")
        assert decoded(shown.content).shape == (48, 64, 3)
        assert client.get("/data/images/6/truth").status_code == 404
        assert client.get("/data/images?label=7").status_code == 422
        assert client.get("/data/images?true=1").status_code == 422
        assert client.get("/data/images?offset=4&limit=5").json()["total"] == 6


def test_an_image_that_is_gone_is_refused(models: dict[str, Path], labelled: tuple[Path, Path]) -> None:
    service = service_of(models["semantic"], labelled)
    gone = labelled[1] / "2.png"
    content = gone.read_bytes()
    gone.unlink()
    try:
        with client_of(service) as client:
            answered = client.get("/data/images/1/picture")
            assert answered.status_code == 422
            assert client.get("/data/images/1/prediction").status_code == 422
    finally:
        gone.write_bytes(content)
