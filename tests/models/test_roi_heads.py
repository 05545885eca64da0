"""RoI heads in two branches against torchvision's RoI heads."""

import copy

import torch
from torchvision.models.detection.roi_heads import RoIHeads

from maskwright.models.roi_heads import MaskProposals, detections_as_proposals
from tests.models.invented_scenes import SIDE, empty_target, narrow, scene


def both(model: torch.nn.Module) -> list[RoIHeads]:
    """Return the model's own heads, and torchvision's class with the same parts."""
    theirs = RoIHeads.__new__(RoIHeads)
    theirs.__dict__.update(model.roi_heads.__dict__)
    return [model.roi_heads, theirs]


def inputs(model: torch.nn.Module) -> tuple:
    images, targets = scene()
    with torch.no_grad():
        features = model.backbone(torch.stack(images))
    noise = torch.randn(40, 4, generator=torch.Generator().manual_seed(2)) * 4
    boxes = [(t["boxes"].repeat(20, 1) + noise).clamp(0, SIDE) for t in targets]
    return features, boxes, [(SIDE, SIDE)] * 2, targets


def test_losses_are_torchvisions_also_where_an_image_shows_nothing() -> None:
    model = narrow().train()
    features, boxes, shapes, targets = inputs(model)
    for truth in (targets, [targets[0], empty_target()], [empty_target(), empty_target()]):
        losses = []
        for heads in both(model):
            torch.manual_seed(3)
            losses.append(heads(features, list(boxes), shapes, copy.deepcopy(truth))[1])
        assert losses[0] == losses[1]
        assert set(losses[0]) == {"loss_classifier", "loss_box_reg", "loss_mask"}


def test_detections_are_torchvisions() -> None:
    model = narrow(score_threshold=0.2).eval()
    features, boxes, shapes, _ = inputs(model)
    with torch.inference_mode():
        ours, theirs = (heads(features, boxes, shapes)[0] for heads in both(model))
    assert len(theirs[0]["boxes"]) > 1
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_regions_keep_their_fields_in_step() -> None:
    regions = MaskProposals([torch.arange(12.0).reshape(3, 4)], [torch.tensor([2, 0, 1])], [torch.tensor([7, 8, 9])])
    positive = regions.positive()
    assert positive.boxes[0].tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    assert positive.labels[0].tolist() == [2, 1]
    assert positive.matched is not None
    assert positive.matched[0].tolist() == [7, 9]


def test_detections_are_regions_without_objects_to_become() -> None:
    regions = detections_as_proposals([{"boxes": torch.ones(2, 4), "labels": torch.tensor([1, 2])}])
    assert regions.matched is None
    assert regions.labels[0].tolist() == [1, 2]
