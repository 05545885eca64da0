"""A checkpoint identifies its network, and every tensor of it must have its place."""

from typing import Any

import pytest
import torch

from maskwright.errors import WeightsError
from maskwright.models.catalogue import create_model
from maskwright.models.detectron2.anchors import cell_anchors
from maskwright.models.detectron2.building import BACKBONES
from maskwright.models.detectron2.recognition import KINDS, is_detectron2, model_name, recognise
from tests.models.detectron2.conftest import HEADS, TINY, tiny

CLS = "roi_heads.box_predictor.cls_score"
ANCHORS = "proposal_generator.anchor_generator.cell_anchors"


def state(kind: str = "mask_rcnn", **options: Any) -> dict[str, torch.Tensor]:
    return tiny(kind, **options).state_dict()


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("published", KINDS)
def test_a_published_network_is_recognised_by_its_shapes_alone(published: str, backbone: str) -> None:
    name = model_name(published, backbone)
    with torch.device("meta"):
        weights = create_model(name, 80, {}).state_dict()
    found = recognise(weights, "file")
    assert (found.model, found.classes, found.options, found.settings) == (name, 80, {}, [])
    assert found.weights.keys() == weights.keys()


def test_a_network_of_other_widths_is_recognised_with_its_options(kind: str) -> None:
    found = recognise(state(kind), "file")
    expected = {
        "depths": [1, 1, 1, 1],
        "stem_channels": 8,
        "group_width": 8,
        "pyramid_channels": 16,
        "box_features": 32,
    }
    assert found.options == expected | HEADS[kind]
    assert found.classes == 3
    rebuilt = create_model(found.model, found.classes, found.options)
    rebuilt.load_state_dict(found.weights)


def test_old_names_are_those_of_the_same_network() -> None:
    old = {
        name.replace("mask_head.coarse_head.fc", "mask_coarse_head.coarse_mask_fc")
        .replace("mask_head.coarse_head", "mask_coarse_head")
        .replace("mask_head.point_head", "mask_point_head"): value
        for name, value in state("point_rend").items()
    }
    assert any("mask_point_head" in name for name in old)
    assert recognise(old, "file").weights.keys() == state("point_rend").keys()


def settings(sizes: tuple[int, ...] = (32, 64, 128, 256, 512), std: float = 1.0) -> dict[str, torch.Tensor]:
    anchors = {f"{ANCHORS}.{level}": cell_anchors(size) for level, size in enumerate(sizes)}
    mean = torch.tensor([103.53, 116.28, 123.675]).reshape(3, 1, 1)
    return {**anchors, "pixel_mean": mean, "pixel_std": torch.full((3, 1, 1), std)}


def test_anchors_and_pixel_statistics_as_usual_ask_for_nothing() -> None:
    found = recognise(state() | settings(), "file")
    assert found.options == recognise(state(), "file").options
    assert found.settings == sorted(settings())
    assert not set(found.settings) & found.weights.keys()


def test_anchors_and_pixel_statistics_that_differ_are_followed() -> None:
    found = recognise(state() | settings((8, 16, 32, 64, 128), 57.5), "file")
    assert found.options["anchor_sizes"] == TINY["anchor_sizes"]
    assert found.options["pixel_std"] == [57.5] * 3
    network = create_model(found.model, 3, found.options)
    assert network.std.flatten().tolist() == [57.5] * 3
    assert network.proposal_generator.sizes == (8, 16, 32, 64, 128)


@pytest.mark.parametrize("anchors", [torch.tensor([[-1.0, -2, 3, 4]]), cell_anchors(32, (1.0,)), torch.zeros(3, 4)])
def test_anchors_that_are_not_ours_are_refused(anchors: torch.Tensor) -> None:
    with pytest.raises(WeightsError, match=r"\(.*cell_anchors\.2\)"):
        recognise(state() | {f"{ANCHORS}.2": anchors}, "file")


def changed(kind: str, change: str) -> dict[str, torch.Tensor]:
    weights = state(kind)
    if change == "missing":
        del weights["roi_heads.box_head.fc2.bias"]
    elif change == "extra":
        weights["roi_heads.keypoint_head.conv.weight"] = torch.zeros(1)
    else:
        weights["roi_heads.box_head.fc2.bias"] = torch.zeros(33)
    return weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", r"1 missing \(roi_heads\.box_head\.fc2\.bias\)"),
        ("extra", r"1 without a place \(roi_heads\.keypoint_head\.conv\.weight\)"),
        ("shape", r"1 of another shape \(roi_heads\.box_head\.fc2\.bias \(33,\) instead of \(32,\)\)"),
    ],
)
def test_a_tensor_out_of_place_is_named(kind: str, change: str, message: str) -> None:
    with pytest.raises(WeightsError, match=rf"model\.pkl: \d+ tensors found, {message}; expected the \d+ of"):
        recognise(changed(kind, change), "model.pkl")


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("roi_heads.mask_head", "mask head"),
        ("roi_heads.box_predictor", "has no 'roi_heads.box_predictor.cls_score.weight'"),
        ("backbone.fpn_output2", "has no 'backbone.fpn_output2.weight'"),
    ],
)
def test_another_kind_of_network_is_refused(without: str, message: str) -> None:
    rest = {name: value for name, value in state().items() if not name.startswith(without)}
    with pytest.raises(WeightsError, match=message):
        recognise(rest, "file")


def test_groups_that_no_network_has_are_refused() -> None:
    weights = state()
    weights["backbone.bottom_up.res2.0.conv2.weight"] = torch.zeros(8, 2, 3, 3)
    with pytest.raises(WeightsError, match="convolutions of 4 groups"):
        recognise(weights, "file")


def test_detectron2_is_told_from_torchvision() -> None:
    assert is_detectron2(state())
    assert not is_detectron2({"backbone.body.conv1.weight": torch.zeros(1)})
