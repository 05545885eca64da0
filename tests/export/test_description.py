"""The description of an exported model: enough to use it without Maskwright."""

import json

from maskwright.export.description import describe_export
from maskwright.images.resize import InputSize
from maskwright.version import __version__
from tests.training.invented_model import make_card


def test_it_states_input_output_classes_licences_and_hashes() -> None:
    card = make_card()
    source = {"file": "model.pkl", "licence": "CC BY-SA 3.0", "seed": 3}
    found = describe_export(
        card, InputSize(True, 64), (64, 64), hashes={"model.safetensors": "ab"}, provenance=source, precision="float32"
    )
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
    found = describe_export(make_card(), InputSize(False, 64), None, hashes={}, provenance={}, precision="float32")
    assert found["licences"][1]["licence"] is None
    assert found["input"]["shape"][-2:] == ["H", "W"]
