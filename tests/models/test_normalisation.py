"""Images are normalised by the mean and standard deviation that the backbone was trained with."""

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from segmentation_models_pytorch import encoders as smp_encoders
from torch import nn
from torchvision.models import get_model_weights

from maskwright.errors import UsageError
from maskwright.models.backbones import TORCHVISION_BACKBONES
from maskwright.models.catalogue import create_model, find_model, option_names
from maskwright.models.dilated_backbones import DILATED_BACKBONES
from maskwright.models.normalisation import (
    HALF,
    IMAGENET,
    Normalisation,
    normalisation_of,
    normalise,
    smp_normalisation,
    timm_normalisation,
)

TIMM = ["tf_efficientnetv2_s", "beit_base_patch16_224", "mobilevit_xxs", "resnet50", "resnet50_clip", "convnext_tiny"]
UNET = "residual_attention_unet"
SMALL: dict[str, dict[str, Any]] = {
    UNET: {"widths": [4, 8], "bottleneck": 8},
    "mask_rcnn_small": {"pyramid_channels": 8, "box_features": 8},
}


def first_input(module: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """Return what the first convolution of ``module`` gets of ``image`` ``(3, H, W)``."""
    seen: list[torch.Tensor] = []
    first = next(part for part in module.modules() if isinstance(part, nn.Conv2d))
    hook = first.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.inference_mode():
        module.eval()(image[None] if hasattr(module, "normalisation") else [image])
    hook.remove()
    return seen[0][0]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("mean", [(0.5, 0.4, 0.3), None])
def test_the_network_sees_images_less_the_mean_by_the_deviation(name: str, mean: tuple[float, ...] | None) -> None:
    image = torch.rand(3, 32, 32)
    given = {} if mean is None else {"image_mean": list(mean), "image_std": [0.1, 0.2, 0.4]}
    seen = first_input(create_model(name, 2, SMALL[name] | given), image)
    middle, spread = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) if mean is None else (mean, [0.1, 0.2, 0.4])
    expected = (image - torch.tensor(middle).view(3, 1, 1)) / torch.tensor(spread).view(3, 1, 1)
    torch.testing.assert_close(seen, expected)


@pytest.mark.parametrize("name", TIMM)
def test_timms_models_have_what_timm_says(name: str) -> None:
    with torch.device("meta"):
        published = timm.create_model(name, pretrained=False).pretrained_cfg
    assert timm_normalisation(name) == Normalisation(tuple(published["mean"]), tuple(published["std"]))


def test_the_models_of_the_issue_that_are_not_imagenets() -> None:
    assert timm_normalisation("tf_efficientnetv2_s") == timm_normalisation("beit_base_patch16_224") == HALF
    assert timm_normalisation("mobilevit_s") == Normalisation((0.0,) * 3, (1.0,) * 3)
    assert timm_normalisation("resnet50") == IMAGENET
    assert timm_normalisation("efficientnet_b0.ra_in1k") == IMAGENET


@pytest.mark.parametrize("name", ["mask_rcnn:timm:tf_efficientnetv2_s", "smp:Unet/tu-tf_efficientnetv2_s"])
def test_a_catalogue_entry_on_a_timm_model_has_its_normalisation(name: str) -> None:
    assert find_model(name).normalisation == HALF
    assert find_model(name.replace("tf_efficientnetv2_s", "resnet18")).normalisation == IMAGENET


@pytest.mark.parametrize("backbone", sorted({*TORCHVISION_BACKBONES, *DILATED_BACKBONES}))
def test_torchvisions_weights_are_trained_with_imagenets(backbone: str) -> None:
    transform = get_model_weights(backbone).DEFAULT.transforms()  # type: ignore[attr-defined]
    assert Normalisation(tuple(transform.mean), tuple(transform.std)) == IMAGENET


@pytest.mark.parametrize(
    ("encoder", "weights", "mean", "std"),
    [
        ("resnet18", "imagenet", 0.485, 0.229),
        ("inceptionv4", "imagenet", 0.5, 0.5),
        ("inceptionresnetv2", "imagenet+background", 0.5, 0.5),
        ("xception", "imagenet", 0.5, 0.5),
        ("efficientnet-b0", "imagenet", 0.485, 0.229),
        ("efficientnet-b0", "advprop", 0.5, 0.5),
        ("timm-efficientnet-b3", "noisy-student", 0.485, 0.229),
        ("timm-tf_efficientnet_lite0", "imagenet", 0.5, 0.5),
        ("dpn68", "imagenet", 0.48627450980392156, 0.23482446870963955),
        ("mit_b0", "imagenet", 0.485, 0.229),
    ],
)
def test_smps_weights_have_the_settings_of_its_source(encoder: str, weights: str, mean: float, std: float) -> None:
    found = smp_normalisation(encoder, weights)
    assert (found.mean[0], found.std[0]) == pytest.approx((mean, std), rel=1e-12)
    assert find_model(f"smp:Unet/{encoder}").published[weights].normalisation == found


def test_smp_itself_would_fetch_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``get_preprocessing_params`` reads what lies beside the weights, as smp publishes it for Xception."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"mean": [0.5] * 3, "std": [0.5] * 3, "input_range": [0, 1], "input_space": "RGB"}))
    monkeypatch.setattr(smp_encoders, "hf_hub_download", lambda *_, **__: str(file))
    theirs = smp_encoders.get_preprocessing_params("xception", "imagenet")
    assert Normalisation(tuple(theirs["mean"]), tuple(theirs["std"])) == smp_normalisation("xception", "imagenet")
    assert (theirs["input_space"], theirs["input_range"]) == ("RGB", [0, 1])


@pytest.mark.parametrize("name", SMALL)
def test_a_model_tells_the_normalisation_it_was_given(name: str) -> None:
    module = create_model(name, 2, SMALL[name])
    assert normalisation_of(module) == IMAGENET
    normalise(module, HALF)
    assert normalisation_of(module) == HALF
    assert HALF.to_options() == {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    assert IMAGENET.to_options() == {}
    assert Normalisation.from_options(HALF.to_options()) == HALF
    assert Normalisation.from_options({}) == IMAGENET
    assert not [key for key in module.state_dict() if key in ("mean", "std")]


@pytest.mark.parametrize("options", [{"image_mean": [0.5]}, {"image_std": [0.1, 0, 0.1]}, {"image_mean": "half"}])
def test_what_is_no_normalisation_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{UNET} cannot be built with the options"):
        create_model(UNET, 2, SMALL[UNET] | options)


def test_detectron2s_models_have_their_own_options_for_it() -> None:
    name = "detectron2_mask_rcnn_resnet50_fpn"
    known = option_names(find_model(name))
    assert known is not None
    assert {"pixel_mean", "pixel_std"} <= set(known)
    with pytest.raises(UsageError, match="Unknown option of detectron2_mask_rcnn_resnet50_fpn 'image_mean'"):
        create_model(name, 2, {"image_mean": [0.5] * 3})
    assert {"image_mean", "image_std"} <= set(option_names(find_model(UNET)) or ())
