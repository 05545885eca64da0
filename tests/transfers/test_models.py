"""A model of a transfer is its file, and says what it is and where it comes from."""

from pathlib import Path

from maskwright.files import sha256_of
from maskwright.runs.loaded_model import model_file
from maskwright.transfers.models import open_transfer_model
from tests.transfers.starts import converted
from tests.transfers.transferred import write_model


def test_a_model_is_known_by_the_bytes_of_its_file(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    found = open_transfer_model("it", "model", model_file(folder), {"use": "model"})
    assert found.sha256 == sha256_of(model_file(folder))
    write_model(folder, salt=1.0)
    assert open_transfer_model("it", "model", model_file(folder), {"use": "model"}).sha256 != found.sha256


def test_what_is_said_of_a_model_is_its_role_its_classes_and_its_source(tmp_path: Path) -> None:
    file = Path(converted(tmp_path / "a.safetensors", "zoo.pkl", ("disc", "ring")))
    found = open_transfer_model("it", "tuned", file, {"use": "mine", "sha256": "of the start"}, "fog")
    assert found.to_json() == {
        "role": "tuned",
        "model": "mask_rcnn:resnet18",
        "classes": ["disc", "ring"],
        "sha256": sha256_of(file),
        "made": {"file": "zoo.pkl", "sha256": "of the start", "use": "mine"},
        "target": "fog",
    }
