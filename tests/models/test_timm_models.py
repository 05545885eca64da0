"""What a stranger's model card may ask of timm."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from maskwright.errors import UsageError, WeightsError
from maskwright.model_file import ModelCard, write_model_file
from maskwright.models.catalogue import create_model, find_model
from maskwright.models.timm_models import TIMM_OPTIONS, require_timm_model, require_timm_options
from maskwright.runs.loaded_model import load_model
from maskwright.structures import ClassTable


class Touching:
    """An object whose pickle makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_card_that_names_a_checkpoint_runs_nothing(tmp_path: Path) -> None:
    evil, mark = tmp_path / "evil.pth", tmp_path / "ran"
    evil.write_bytes(pickle.dumps(Touching(mark)))
    pickle.loads(evil.read_bytes())
    assert mark.exists()  # the attack works on who unpickles
    mark.unlink()
    classes = ClassTable.from_names(["dog"]).to_json()
    for options in ({"checkpoint_path": str(evil)}, {"pretrained_cfg": {"file": str(evil)}, "pretrained": True}):
        card = ModelCard("smp:Unet/tu-resnet18", "semantic", options, classes, {}, 1, {}, "")
        write_model_file(tmp_path / "model.safetensors", card, {"a": torch.zeros(1)}, {})
        with pytest.raises(WeightsError, match="Unknown option of smp:Unet/tu-resnet18"):
            load_model(tmp_path / "model.safetensors", device="cpu")
    assert not mark.exists()


@pytest.mark.parametrize(
    "name",
    [
        "hf-hub:timm/resnet18",
        "resnet18.hf-hub:x/y",
        "local-dir:/tmp/model",
        "resnet18./tmp/x",
        "resnet18.none",
        "resnet18\n",
        "",
    ],
)
def test_a_name_with_a_source_is_none_of_timm(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timm.create_model", lambda *_, **__: pytest.fail("timm was asked"))
    for ask in (
        lambda: require_timm_model(name),
        lambda: find_model(f"smp:Unet/tu-{name}"),
        lambda: create_model(f"mask_rcnn:timm:{name}", 2, {}),
    ):
        with pytest.raises(UsageError, match="Unknown timm model"):
            ask()


def test_names_with_and_without_a_tag_are_known() -> None:
    for name in ("resnet18", "resnet18.a1_in1k", *timm.list_models("vit_*", pretrained=True)[:5]):
        require_timm_model(name)


def test_options_are_numbers() -> None:
    require_timm_options({"img_size": [224, 224], "drop_rate": 0.1, "dynamic_img_size": True, "init_values": None})
    require_timm_options({"decoder_attention_type": "scse"})
    for option in TIMM_OPTIONS:
        for value in ("/tmp/evil.pth", {"file": "x"}, [[1], "x"]):
            with pytest.raises(UsageError, match=rf"model\.options\.{option}: found .*; expected a number"):
                require_timm_options({option: value})


def test_an_option_of_timm_reaches_it() -> None:
    small = {"encoder_depth": 4, "decoder_channels": [8] * 4}
    with torch.device("meta"):
        model = create_model("smp:Unet/tu-convnext_atto", 2, {"drop_path_rate": 0.25, **small})
    assert "DropPath(drop_prob=0.2" in str(model)
