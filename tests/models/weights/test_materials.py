"""The bill of materials: code and starting weights with their licences, handed on from model to model."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from maskwright.errors import UsageError
from maskwright.model_file import write_model_file
from maskwright.models import catalogue
from maskwright.models.weights.acceptance import accept_licence
from maskwright.models.weights.licences import LICENCES, NOT_STATED
from maskwright.models.weights.materials import (
    code_licences,
    described,
    file_materials,
    licences_of,
    require_licences,
    starting_materials,
)
from tests.training.invented_model import make_card, make_weights

NVIDIA = LICENCES["nvidia-source-code"]


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is accepted."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_every_model_of_the_catalogue_has_a_licence_of_its_code() -> None:
    for name in [*catalogue.MODELS, *catalogue.PATTERNS]:
        assert code_licences(name)["maskwright"] == "Apache-2.0", name
    assert code_licences("mask_rcnn_resnet50_fpn").keys() == {"maskwright", "torchvision"}
    assert code_licences("residual_attention_unet").keys() == {"maskwright"}
    assert code_licences("smp:Unet/tu-resnet18").keys() == {"maskwright", "segmentation-models-pytorch", "timm"}
    assert code_licences("panet:timm:resnet18").keys() == {"maskwright", "torchvision", "timm"}
    assert "NVIDIA" in code_licences("smp:Unet/mit_b0")["mix_transformer.py"]


def test_licences_of_published_weights_are_by_name() -> None:
    found = licences_of("smp:Unet/resnet18")["weights"]
    assert (found["imagenet"]["terms"], found["imagenet"]["licence"]) == ("unstated", None)
    assert (found["ssl"]["name"], found["ssl"]["terms"]) == ("cc-by-nc-4.0", "non-commercial")
    zoo = licences_of("detectron2_mask_rcnn_resnet50_fpn")["weights"]["coco-3x"]
    assert (zoo["licence"], zoo["terms"]) == ("CC BY-SA 3.0", "open")
    assert described(NOT_STATED)["licence"] is None


def test_weights_of_a_non_commercial_licence_stop_until_it_is_accepted() -> None:
    require_licences("smp:Unet/mit_b0", "none")
    message = (
        "model.weights=imagenet of smp:Unet/mit_b0 .*licence nvidia-source-code .*--accept-licence nvidia-source-code"
    )
    with pytest.raises(UsageError, match=message):
        require_licences("smp:Unet/mit_b0", "imagenet")
    assert starting_materials("smp:Unet/mit_b0", "imagenet")[-1]["accepted"] is None
    accept_licence(NVIDIA.name)
    require_licences("smp:Unet/mit_b0", "imagenet")
    backbone = starting_materials("smp:Unet/mit_b0", "imagenet")[-1]
    assert {key: backbone[key] for key in ("part", "name", "licence", "terms")} == {
        **{"part": "backbone", "name": "imagenet of smp:Unet/mit_b0"},
        **{"licence": NVIDIA.title, "terms": "non-commercial"},
    }
    assert backbone["accepted"]


def test_a_model_file_hands_on_what_it_was_made_of(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    backbone = {"part": "backbone", "name": "imagenet", "licence": NVIDIA.title, "terms": "non-commercial"}
    materials = [{"part": "code", "name": "timm"}, {**backbone, "accepted": "2000-01-01"}]
    write_model_file(path, make_card(), make_weights(), {}, materials)
    *code, weights = starting_materials("residual_attention_unet", str(path))
    assert [each["name"] for each in code] == ["maskwright"]
    # Another user accepted it, on another machine.
    assert weights == {**backbone, "accepted": None}
    with pytest.raises(UsageError, match="nvidia-source-code"):
        require_licences("residual_attention_unet", str(path))


def test_files_without_a_bill_are_weights_of_an_unstated_licence(tmp_path: Path) -> None:
    for name in ("old.safetensors", "other.safetensors"):
        path = tmp_path / name
        if name == "old.safetensors":
            write_model_file(path, make_card(), make_weights(), {})
        else:
            save_file({"weight": torch.ones(2)}, path)
        require_licences("residual_attention_unet", str(path))
        [weights] = [
            each for each in starting_materials("residual_attention_unet", str(path)) if each["part"] != "code"
        ]
        assert weights == {"part": "weights", "name": name, "licence": None, "terms": "unstated", "file": name}


def test_a_published_file_under_any_name_has_its_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "download.pth"
    torch.save({}, path)
    entry = catalogue.MODELS["fcn_resnet50"]
    published = replace(entry.published["imagenet"], licence=NVIDIA)
    monkeypatch.setattr("maskwright.models.weights.materials.find_published_weights", lambda name, weights: published)
    monkeypatch.setattr("maskwright.models.weights.materials.identify_published_file", lambda path: published)
    with pytest.raises(UsageError, match="nvidia-source-code"):
        require_licences("fcn_resnet50", str(path))
    assert file_materials("fcn_resnet50", path)[-1]["licence"] == NVIDIA.title
