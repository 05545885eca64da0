"""RoI heads in two branches against torchvision's RoI heads."""

import copy

import torch
from torch.nn import functional
from torchvision.models.detection.roi_heads import RoIHeads

from maskwright.models.mask_targets import cropped_masks, mask_targets
from maskwright.models.roi_heads import MaskProposals, detections_as_proposals, to_foreground_proposals
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


def test_aligned_heads_learn_the_share_of_each_cell_that_an_object_covers() -> None:
    """Rounded, the targets are Detectron2's."""
    model = narrow(aligned=True).train()
    features, boxes, shapes, targets = inputs(model)
    seen: dict[str, torch.Tensor] = {}
    model.roi_heads.mask_predictor.register_forward_hook(lambda *call: seen.update(logits=call[2]))
    torch.manual_seed(3)
    regions, found, _ = model.roi_heads.detect(features, boxes, shapes, targets)
    losses = model.roi_heads.segment(features, regions, shapes, found, targets)
    foreground = to_foreground_proposals(regions, targets)
    truth = torch.cat([cropped_masks(each, 28) for each in foreground])
    labels = torch.cat(regions.labels)
    own = seen["logits"][torch.arange(len(labels)), labels]
    torch.testing.assert_close(losses["loss_mask"], functional.binary_cross_entropy_with_logits(own, truth))
    assert torch.equal((truth >= 0.5).float(), torch.cat([mask_targets(each, 28) for each in foreground]))
    assert ((truth > 0) & (truth < 1)).any()


def test_masks_are_learnt_on_predicted_boxes_where_asked() -> None:
    regions = []
    for predicted in (False, True):
        model = narrow(masks_on_predicted_boxes=predicted).train()
        features, boxes, shapes, targets = inputs(model)
        torch.manual_seed(3)
        with torch.no_grad():  # so that they move, the deltas of class 2 alone
            model.roi_heads.box_predictor.bbox_pred.weight.zero_()
            model.roi_heads.box_predictor.bbox_pred.bias.zero_()[8:12] = torch.tensor([1.0, 0, 0, 0])
        regions.append(model.roi_heads.detect(features, list(boxes), shapes, targets)[0])
    proposals, moved = regions
    for before, after, labels in zip(proposals.boxes, moved.boxes, moved.labels, strict=True):
        width = before[:, 2] - before[:, 0]
        shift = torch.stack([0.1 * width, 0 * width, 0.1 * width, 0 * width], dim=1)  # a delta of 1 is a tenth
        torch.testing.assert_close(after, before + shift * (labels == 2)[:, None])
    assert {1, 2} <= set(torch.cat(moved.labels).tolist())


def test_foreground_proposals_count_classes_from_zero() -> None:
    target = {"masks": torch.zeros(10, 4, 4)}
    regions = MaskProposals([torch.ones(2, 4)], [torch.tensor([1, 3])], [torch.tensor([7, 9])])
    (region,) = to_foreground_proposals(regions, [target])
    assert region.classes.tolist() == [0, 2]
    assert region.objects.tolist() == [7, 9]
    assert region.to_masks.tolist() == [1, 1, 1, 1]
