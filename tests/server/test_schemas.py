"""The description of the API, held against answers."""

from pathlib import Path

from maskwright.server.schemas import PREDICT_BODY, PREDICT_RESPONSES
from tests.server.served import client_of, picture, png, service_of


def test_an_answer_has_the_described_fields(models: dict[str, Path]) -> None:
    schema = PREDICT_RESPONSES[200]["content"]["application/json"]["schema"]
    with client_of(service_of(models["instance"])) as client:
        said = client.post("/predict?score=0", files={"image": png(picture())}).json()
    assert said.keys() == schema["properties"].keys() == set(schema["required"])
    described = schema["properties"]["objects"]["items"]["properties"]
    assert said["objects"][0].keys() == described.keys()
    assert said["objects"][0]["segmentation"].keys() == described["segmentation"]["properties"].keys()


def test_bodies_need_an_image_and_nothing_refers_elsewhere() -> None:
    kinds = PREDICT_BODY["requestBody"]["content"]
    assert all(kind["schema"]["required"] == ["image"] for kind in kinds.values())
    assert "$ref" not in str(PREDICT_RESPONSES)
