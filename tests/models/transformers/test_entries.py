"""The names of query models, their options and tasks; what a stranger's card may not say."""

import pytest
import torch

from maskwright.errors import UsageError
from maskwright.models.catalogue import MODELS, create_model, find_model, option_names
from maskwright.models.transformers.entries import QUERY_PATTERNS, find_query_model, transformers_entries
from maskwright.models.transformers.mask2former import SWIN_BACKBONES
from tests.models.transformers.small_queries import small_eomt, small_model, small_rf_detr, square_batch

SIZES = ("tiny", "resnet50", "swin_tiny", "swin_small", "swin_base")


def test_the_names_are_those_of_the_families_for_all_tasks() -> None:
    names = {entry.name for entry in transformers_entries()}
    assert {f"mask2former_{size}{task}" for size in SIZES for task in ("", "_semantic", "_panoptic")} <= names
    assert names <= MODELS.keys()
    assert {MODELS[name].task for name in names if name.endswith("_semantic")} == {"semantic"}
    assert {MODELS[name].task for name in names if name.endswith("_panoptic")} == {"panoptic"}
    others = {
        MODELS[name].task
        for name in names
        if not name.endswith(("_semantic", "_panoptic")) and not name.startswith("segformer")
    }
    assert others == {"instance"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mask2former:resnet5", "resnet50"),
        ("mask2former_semantic:resnet5", "resnet50"),
        ("mask2former:timm:resnet1888", "resnet18"),
        ("mask2former:timm:hf-hub:someone/model", "timm model"),
        ("mask2formr_tiny", "mask2former_tiny"),
    ],
)
def test_an_unknown_backbone_is_answered_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        find_model(name)


def test_other_names_are_left_to_other_families() -> None:
    assert find_query_model("mask_rcnn:resnet18") is None
    assert find_query_model("mask2former_tiny") is None
    assert set(QUERY_PATTERNS) == {f"mask2former{task}:BACKBONE" for task in ("", "_semantic", "_panoptic")}
    for name, task in (("mask2former", "instance"), ("mask2former_panoptic", "panoptic")):
        assert find_model(f"{name}:resnet18").task == task


def test_the_input_size_is_an_option_of_instance_models_alone() -> None:
    assert {"short_side", "longest", "queries", "channels"} <= set(option_names(find_model("mask2former_tiny")))
    assert "short_side" not in option_names(find_model("mask2former_tiny_semantic"))


def test_the_normalisation_is_that_of_the_backbone() -> None:
    entry = find_model("mask2former:timm:inception_next_tiny")
    assert entry.normalisation is not None
    given = create_model("mask2former:timm:test_resnet", 2, {"image_mean": [0.5] * 3, "image_std": [0.25] * 3})
    assert given.get_buffer("std").flatten().tolist() == pytest.approx([0.25] * 3)


def test_no_option_reaches_the_configuration_of_the_library_unseen() -> None:
    for option in ("backbone", "backbone_config", "backbone_kwargs", "use_pretrained_backbone", "name_or_path"):
        with pytest.raises(UsageError, match="Unknown option of"), torch.device("meta"):
            create_model("mask2former_tiny", 2, {option: "somewhere"})


SMALL_SWIN = {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 4}


@pytest.mark.parametrize("name", ["mask2former_swin_tiny", "mask2former_tiny", "eomt_tiny", "rf_detr_seg_tiny"])
def test_an_entry_says_whether_parameters_get_no_gradient(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes would wait for these forever, unless they are told to look for them."""
    monkeypatch.setitem(SWIN_BACKBONES, "swin_tiny", SMALL_SWIN)
    making = {"eomt_tiny": small_eomt, "rf_detr_seg_tiny": small_rf_detr}.get(name, small_model)
    model = making(name) if name != "rf_detr_seg_tiny" else making()
    batch = square_batch()
    sum(model(*batch).values()).backward()
    idle = [key for key, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert bool(idle) == find_model(name).idle_parameters, idle
