"""The catalogue: every name builds a model that runs, and every unknown name gets the nearest known ones."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from maskwright.errors import UsageError
from maskwright.models import catalogue
from maskwright.models.catalogue import MODELS, PATTERNS, create_model, find_model, load_weights, option_names
from maskwright.models.entry import PublishedWeights
from maskwright.models.transformers.entries import transformers_entries

NARROW = {"pyramid_channels": 16, "box_features": 16, "mask_channels": [8, 8], "short_side": 64, "longest": 96}
TINY = {
    "depths": [1, 1, 1, 1], "stem_channels": 8, "group_width": 8, "pyramid_channels": 16, "box_features": 16,
    "short_side": 64, "longest": 96, "proposals_test": 50, "detections": 5,
}  # fmt: skip
SMALL: dict[str, dict[str, Any]] = {
    **{name: TINY for name in MODELS if name.startswith("detectron2_")},
    "residual_attention_unet": {"widths": [4, 8], "bottleneck": 8},
    "mask_rcnn_resnet50_fpn": {"short_side": 64, "longest": 96, "detections": 5},
    "mask_rcnn_resnet50_fpn_v2": NARROW,
    "mask_rcnn_small": {"short_side": 64, "longest": 96},
    "cascade_mask_rcnn_resnet50_fpn": NARROW,
    "cascade_mask_rcnn_small": {"short_side": 64, "longest": 96},
    "panet_resnet50_fpn": NARROW,
    "panet_small": {"short_side": 64, "longest": 96},
    "point_rend_resnet50_fpn": NARROW | {"coarse_features": 16, "detections": 5},
    "point_rend_small": {"short_side": 64, "longest": 96, "coarse_features": 16, "detections": 5},
    "mask_rcnn:mobilenet_v2": NARROW,
    "cascade_mask_rcnn:resnet18": NARROW,
    "point_rend:resnet18": NARROW | {"coarse_features": 16, "detections": 5},
    "panet:timm:mobilenetv3_small_050": NARROW,
    "mask_rcnn:timm:mobilenetv3_small_050": NARROW | {"frozen_norm": True},
}
# Query models and others of the library transformers answer otherwise; they have tests of their own.
OF_TRANSFORMERS = {entry.name for entry in transformers_entries()}
BY_PATTERN = [
    "smp:Unet/mobilenet_v2",
    "smp:FPN/resnet18",
    "smp:DeepLabV3Plus/mobilenet_v2",
    "smp:Unet/tu-mobilenetv3_small_050",
    "mask_rcnn:mobilenet_v2",
    "mask_rcnn:timm:mobilenetv3_small_050",
    "cascade_mask_rcnn:resnet18",
    "point_rend:resnet18",
    "panet:timm:mobilenetv3_small_050",
]


@pytest.mark.parametrize("name", [*(name for name in MODELS if name not in OF_TRANSFORMERS), *BY_PATTERN])
def test_every_model_builds_and_runs(name: str) -> None:
    torch.manual_seed(0)
    model = create_model(name, 4, SMALL.get(name, {})).eval()
    with torch.inference_mode():
        if find_model(name).task == "semantic":
            assert model(torch.rand(1, 3, 64, 96))["logits"].shape == (1, 5, 64, 96)
        else:
            found = model([torch.rand(3, 64, 96)])[0]
            assert set(found) == {"boxes", "labels", "scores", "masks"}
            side = 224 if "point_rend" in name else 28
            assert found["masks"].shape == (len(found["boxes"]), 1, side, side)
            assert set(found["labels"].tolist()) <= {1, 2, 3, 4}


def test_the_auxiliary_head_of_deeplab_is_an_option() -> None:
    model = create_model("deeplabv3_mobilenet_v3_large", 2, {"auxiliary": True}).eval()
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 32, 32))["auxiliary"].shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("deeplabv3_resnet5", "deeplabv3_resnet50"),
        ("mask_rcnn", "mask_rcnn_small"),
        ("unet", "residual_attention_unet"),
        ("smp:Unett/resnet18", "Unet"),
        ("smp:unet/resnet18", "Unet"),
        ("smp:Unet/mobilnet_v2", "mobilenet_v2"),
        ("smp:Unet/tu-resnet1888", "resnet18"),
        ("mask_rcnn:resnet5", "resnet50"),
        ("cascade_mask_rcnn:resnet5", "resnet50"),
        ("panet", "panet_small"),
        ("mask_rcnn:timm:resnet1888", "resnet18"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=rf"(Nearest|Known): .*{hint}") as caught:
        create_model(name, 2, {})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_name_like_nothing_is_told_the_models_and_the_patterns(pattern: str) -> None:
    with pytest.raises(UsageError, match=pattern):
        find_model("zzz")


@pytest.mark.parametrize(
    ("name", "option", "hint"),
    [
        ("residual_attention_unet", "width", "widths"),
        ("deeplabv3_resnet50", "auxilary", "auxiliary"),
        ("deeplabv3_point_rend_resnet50", "subdivision_point", "subdivision_points"),
        ("mask_rcnn_small", "anchor_size", "anchor_sizes"),
        ("mask_rcnn:resnet18", "frozen_norms", "frozen_norm"),
        ("smp:Unet/mobilenet_v2", "decoder_chanels", "decoder_channels"),
        ("smp:DeepLabV3Plus/resnet18", "output_stride", "encoder_output_stride"),
        ("smp:Unet/tu-resnet18", "decoder_chanels", "decoder_channels"),
    ],
)
def test_an_unknown_option_is_answered_with_the_nearest(name: str, option: str, hint: str) -> None:
    with pytest.raises(UsageError, match=rf"option of {name} '{option}'. Nearest: .*{hint}") as caught:
        create_model(name, 2, {option: 1})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mask_rcnn_small", {"anchor_sizes": [16, 32, 64]}),
        ("residual_attention_unet", {"widths": 64}),
        ("residual_attention_unet", {"widths": []}),
        ("residual_attention_unet", {"dropout": 1.5}),
        ("smp:Unet/resnet18", {"encoder_depth": 3}),
        ("smp:Unet/tu-resnet18", {"window_size": 7}),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot be built with the options"):
        create_model(name, 2, options)


@pytest.mark.parametrize(("name", "option"), [("mask_rcnn_small", "backbone"), ("smp:Unet/resnet18", "encoder_name")])
def test_what_names_the_model_is_no_option(name: str, option: str) -> None:
    with pytest.raises(UsageError, match=f"Unknown option of {name} '{option}'"):
        create_model(name, 2, {option: "resnet34"})


# One of every family, and what libraries below take that names a file, an address or code to run.
FAMILIES = [*MODELS, "smp:Unet/resnet18", "smp:Unet/tu-resnet18", "smp:Unet/timm-skresnet18", "panet:resnet18",
            "mask_rcnn:timm:resnet18", "point_rend:timm:resnet18"]  # fmt: skip
LOADERS = ("checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "pretrained_strict",
           "cache_dir", "encoder_weights", "weights", "weights_backbone", "encoder_name", "features_cls", "hf_hub_id",
           "url", "file", "scriptable", "kwargs", "**kwargs", "progress")  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_no_option_names_a_file_an_address_or_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A card from a stranger says which options a model has: ``checkpoint_path`` would have been unpickled."""
    monkeypatch.setattr("timm.create_model", lambda *_, **__: pytest.fail("timm was asked"))
    for option in LOADERS:
        with pytest.raises(UsageError, match="Unknown option of"):
            create_model(name, 2, {option: "/tmp/evil.pth"})
    known = " ".join(set(option_names(find_model(name))) - {"path_aggregation", "drop_path_rate"})
    assert re.findall(r"path|file|url|hub|pretrain|checkpoint|cache|repo|download|load|exec", known) == []


def test_an_option_that_the_catalogue_presets_can_be_changed() -> None:
    model = create_model("mask_rcnn_small", 2, NARROW)
    assert model.get_submodule("roi_heads.box_head.fc6").weight.shape == (16, 16 * 7 * 7)


def published_by(monkeypatch: pytest.MonkeyPatch, name: str, tag: str, source: nn.Module) -> None:
    """Replace the published weights ``tag`` of model ``name`` by those of ``source``, as if they had been fetched."""
    given = replace(MODELS[name], published={tag: PublishedWeights(source.state_dict, "https://example.org/weights")})
    monkeypatch.setitem(catalogue.MODELS, name, given)


@pytest.mark.parametrize(
    ("name", "backbone", "place"),
    [
        ("deeplabv3_mobilenet_v3_large", "mobilenet_v3_large", "network.backbone.0.0"),
        ("deeplabv3_mobilenet_v3_small", "mobilenet_v3_small", "network.backbone.0.0"),
        ("lraspp_mobilenet_v2", "mobilenet_v2", "network.backbone.0.0"),
        ("deeplabv3_resnet50", "resnet50", "network.backbone.conv1"),
        ("mask_rcnn_resnet50_fpn", "resnet50", "backbone.body.conv1"),
        ("mask_rcnn_small", "mobilenet_v3_small", "backbone.body.0.0"),
    ],
)
def test_imagenet_weights_fill_the_whole_backbone(
    name: str, backbone: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = torchvision.models.get_model(backbone, weights=None)
    published_by(monkeypatch, name, "imagenet", source)
    model = create_model(name, 2, {})
    coverage = load_weights(model, name, "imagenet")
    assert coverage is not None
    assert coverage.share == 1
    assert coverage.missing == []
    first = next(module for module in source.modules() if isinstance(module, nn.Conv2d))
    assert torch.equal(model.get_submodule(place).weight, first.weight)


def test_a_segmentation_checkpoint_of_other_classes_fills_all_but_the_last_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "deeplabv3_mobilenet_v3_large"
    builder = torchvision.models.segmentation.deeplabv3_mobilenet_v3_large
    source = builder(weights=None, weights_backbone=None, num_classes=21)
    published_by(monkeypatch, name, "coco", source)
    model = create_model(name, 2, {})
    coverage = load_weights(model, name, "coco")
    assert coverage is not None
    assert coverage.reshaped == 2
    assert coverage.missing == ["network.classifier.4.bias", "network.classifier.4.weight"]
    assert torch.equal(model.get_submodule("network.classifier.1").weight, source.classifier[1].weight)


@pytest.mark.parametrize("name", ["deeplabv3_resnet50", "mask_rcnn_resnet50_fpn", "smp:Unet/resnet18"])
def test_published_weights_have_an_address(name: str) -> None:
    published = find_model(name).published
    assert "imagenet" in published
    assert all("/" in weights.address for weights in published.values())


def test_no_weights_leave_the_model_as_it_is() -> None:
    model = create_model("residual_attention_unet", 2, SMALL["residual_attention_unet"])
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert load_weights(model, "residual_attention_unet", "none") is None
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_unknown_published_weights_are_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Nearest: .*imagenet") as caught:
        load_weights(nn.Identity(), "deeplabv3_resnet50", "imagenets")
    assert caught.value.exit_code == 2


def test_a_weights_file_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"lost\.pth: it does not exist"):
        load_weights(nn.Identity(), "deeplabv3_resnet50", str(tmp_path / "lost.pth"))
