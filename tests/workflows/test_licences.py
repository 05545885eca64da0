"""A recipe with non-commercial weights stops with the licence named, and goes on once it is accepted."""

from pathlib import Path

import pytest
from segmentation_models_pytorch.encoders import get_encoder

from maskwright.cli.main import main
from maskwright.files import read_json
from maskwright.model_file import read_materials
from maskwright.models import smp_family
from maskwright.models.weights.loading import StateDict
from tests.small_runs import SHARED

MODEL = [
    *(
        "demo-semantic",
        "--set",
        "model.name=smp:FPN/mit_b0",
        "--set",
        "model.options={}",
        "--set",
        "model.input.size=64",
    ),
    *("--set", "model.weights=imagenet", "--set", "train.schedule.warmup_steps=0"),
]
NVIDIA = "NVIDIA Source Code License for SegFormer"


@pytest.fixture(autouse=True)
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights without a network, and a user who has accepted nothing."""

    def fetched(encoder: str, tag: str) -> StateDict:
        return get_encoder(encoder, weights=None).state_dict()

    monkeypatch.setattr(smp_family, "_encoder_state", fetched)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_licence_is_accepted_once_and_stands_in_the_card_and_in_model_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", *MODEL, *SHARED, "--set", "train.epochs=1", "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert f"licence nvidia-source-code ({NVIDIA}, non-commercial, https://" in told
    assert "--accept-licence nvidia-source-code" in told
    assert not (tmp_path / "run").exists()

    assert main([*arguments, "--accept-licence", "nvidia-source"]) == 2
    assert "Nearest: nvidia-source-code" in capsys.readouterr().err

    assert main([*arguments, "--accept-licence", "nvidia-source-code"]) == 0, capsys.readouterr().err
    licences = read_json(tmp_path / "run" / "card.json")["licences"]
    assert [each["part"] for each in licences] == ["code", "code", "code", "backbone", "data", "data"]
    backbone, train, _ = licences[3:]
    assert (backbone["licence"], backbone["terms"]) == (NVIDIA, "non-commercial")
    assert backbone["accepted"].startswith("20")
    assert (train["name"], train["licence"]) == ("train: annotations.json", "Apache-2.0")
    model = tmp_path / "run" / "checkpoints" / "best" / "model.safetensors"
    assert read_materials(model) == licences

    assert main([*arguments[:-1], str(tmp_path / "again"), "--set", f"model.weights={model}"]) == 0
    handed_on = read_json(tmp_path / "again" / "card.json")["licences"][3:]
    assert [each["name"] for each in handed_on] == [each["name"] for each in [backbone, *licences[4:], *licences[4:]]]


def test_models_names_the_licences_and_marks_the_non_commercial(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "smp:Unet/mit_b0"]) == 0
    shown = capsys.readouterr().out
    assert "licences: code Apache-2.0 (maskwright), MIT (segmentation-models-pytorch)" in shown
    assert f"imagenet: {NVIDIA}, non-commercial, needs --accept-licence nvidia-source-code" in shown
    assert main(["models", "detectron2_mask_rcnn_resnet50_fpn"]) == 0
    assert "coco-3x: CC BY-SA 3.0\n" in capsys.readouterr().out
