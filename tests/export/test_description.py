"""The description of an exported model: enough to use it without Maskwright."""

import json
from typing import Any

from maskwright.export.description import describe_export
from maskwright.images.resize import InputSize
from maskwright.version import __version__
from tests.training.invented_model import make_card


def test_it_states_input_output_classes_licences_and_hashes() -> None:
    card = make_card()
    source = {"file": "model.pkl", "licence": "CC BY-SA 3.0", "seed": 3}
    found = describe_export(
        card, InputSize(True, 64), (64, 64), outputs=("logits",), hashes={"model.safetensors": "ab"},
        provenance=source, precision="float32",
    )  # fmt: skip
    assert json.loads(json.dumps(found)) == found | {
        "output": list(found["output"]),
        "input": found["input"] | {"shape": list(found["input"]["shape"])},
    }
    assert (found["maskwright"], found["classes"], found["hashes"]) == (
        __version__, card.classes, {"model.safetensors": "ab"},
    )  # fmt: skip
    assert found["input"]["shape"][-2:] == [64, 64]
    assert found["input"]["resize"]["square"] is True
    assert [each["licence"] for each in found["licences"]] == ["Apache-2.0", "CC BY-SA 3.0"]
    assert found["licences"][1]["file"] == "model.pkl"


def test_a_licence_that_is_not_recorded_is_none() -> None:
    found = described()
    assert found["licences"][1]["licence"] is None
    assert found["input"]["shape"][-2:] == ["H", "W"]
    assert "padding" not in found["input"]


def described(**more: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"outputs": ("logits",), "hashes": {}, "provenance": {}, "precision": "float32"}
    return describe_export(make_card(), InputSize(False, 64), None, **(settings | more))


def test_a_bill_of_materials_says_more_than_the_provenance() -> None:
    bill = [{"part": "backbone", "name": "dino", "licence": None, "terms": "special", "accepted": "2026-01-01"}]
    found = described(materials=bill, provenance={"licence": "MIT"})
    assert found["licences"] == [
        {"of": "dino", "part": "backbone", "licence": None, "terms": "special", "accepted": "2026-01-01"}
    ]


def test_outputs_of_queries_are_explained_with_their_padding() -> None:
    found = described(outputs=("scores", "mask_logits", "boxes"), padding={"multiple": 24, "side": None})
    assert [each["name"] for each in found["output"]] == ["scores", "mask_logits", "boxes"]
    assert found["output"][2]["shape"] == ["Q", 4]
    assert found["input"]["padding"] == {"multiple": 24, "side": None}
