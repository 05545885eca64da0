"""segmentation-models-pytorch: every architecture and every listed encoder builds, for any image size."""

import pytest
import segmentation_models_pytorch as smp
import torch
from segmentation_models_pytorch.base import SegmentationModel
from segmentation_models_pytorch.encoders import encoders

from maskwright.models.catalogue import create_model
from maskwright.models.smp_family import SMP_ARCHITECTURES, smp_entry


def test_the_architectures_listed_are_those_of_the_library() -> None:
    theirs = {
        name for name in dir(smp) if isinstance(cls := getattr(smp, name), type) and issubclass(cls, SegmentationModel)
    }
    assert set(SMP_ARCHITECTURES) == theirs


@pytest.mark.parametrize("architecture", [name for name in SMP_ARCHITECTURES if name != "DPT"])
def test_every_architecture_gives_logits_at_the_size_of_the_image(architecture: str) -> None:
    torch.manual_seed(0)
    model = create_model(f"smp:{architecture}/resnet18", 2, {}).eval()
    for size in ((128, 128), (117, 139)):  # PAN's pyramid needs at least 128
        with torch.inference_mode():
            assert model(torch.rand(1, 3, *size))["logits"].shape == (1, 3, *size)


def test_dpt_takes_a_vision_transformer() -> None:
    with torch.device("meta"):
        model = create_model("smp:DPT/tu-vit_tiny_patch16_224", 2, {"dynamic_img_size": True}).eval()
        assert model(torch.rand(1, 3, 64, 83))["logits"].shape == (1, 3, 64, 83)


@pytest.mark.parametrize(
    "name",
    [
        "UPerNet/tu-swin_tiny_patch4_window7_224",
        "UPerNet/mit_b0",
        "Segformer/mit_b0",
        "Segformer/tu-maxvit_tiny_tf_224",
    ],
)
def test_newer_decoders_take_transformers_as_encoders(name: str) -> None:
    """Swin and MaxViT are given the size of the images, as their windows must fit it."""
    options = {"img_size": 64} if "swin" in name else {}
    torch.manual_seed(0)
    model = create_model(f"smp:{name}", 2, options).eval()
    side = 224 if "maxvit" in name else 64
    with torch.inference_mode():
        assert model(torch.rand(1, 3, side, side))["logits"].shape == (1, 3, side, side)


@pytest.mark.parametrize("encoder", encoders)
def test_every_encoder_of_the_library_has_an_entry_with_its_weights(encoder: str) -> None:
    entry = smp_entry(f"smp:Unet/{encoder}")
    assert set(entry.published) == set(encoders[encoder]["pretrained_settings"])


@pytest.mark.parametrize(
    "encoder", ["resnet18", "timm-efficientnet-b0", "efficientnet-b0", "mit_b0", "mobileone_s0", "vgg11"]
)
@pytest.mark.filterwarnings("ignore:`timm-` encoders are deprecated")
def test_an_encoder_of_every_kind_builds(encoder: str) -> None:
    with torch.device("cpu" if encoder == "mit_b0" else "meta"):  # mit reads values while it is built
        model = create_model(f"smp:FPN/{encoder}", 2, {})
    assert sum(parameter.numel() for parameter in model.parameters()) > 1e6


def test_weights_have_the_licence_of_those_who_trained_them() -> None:
    terms = {
        (encoder, weights): smp_entry(f"smp:Unet/{encoder}").published[weights].licence.name
        for encoder, weights in (
            *(("mit_b0", "imagenet"), ("mobileone_s0", "imagenet"), ("resnet18", "imagenet")),
            *(("resnet18", "swsl"), ("resnext101_32x8d", "instagram")),
        )
    }
    assert list(terms.values()) == [
        *("nvidia-source-code", "mobileone-license", "not-stated", "cc-by-nc-4.0", "cc-by-nc-4.0")
    ]
