"""Parts of RoI heads: every version returns the shapes that the branches need."""

import pytest
import torch
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign

from maskwright.models.head_parts import HeadParts
from maskwright.models.panet import FusedBoxHead
from tests.models.invented_scenes import narrow

CLASSES, SIDE = 3, 64
MAKES = {"first": {}, "second": {"version": 2}, "all levels": {"all_levels": True}}


def maps() -> dict[str, torch.Tensor]:
    return {str(i): torch.rand(1, 6, SIDE >> (i + 2), SIDE >> (i + 2)) for i in range(4)}


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_boxes_get_logits_deltas_and_masks_of_every_class(make: dict) -> None:
    parts = HeadParts(CLASSES, 6, 12, (8, 10), **make)
    pools, box, mask = parts.pools(), parts.box_branch(), parts.mask_branch()
    boxes, shapes = [torch.tensor([[4.0, 4, 40, 50], [0, 0, 20, 9]])], [(SIDE, SIDE)]
    logits, deltas = box["box_predictor"](box["box_head"](pools["box_roi_pool"](maps(), boxes, shapes)))
    assert (logits.shape, deltas.shape) == ((2, CLASSES + 1), (2, 4 * (CLASSES + 1)))
    pooled = pools["mask_roi_pool"](maps(), boxes, shapes)
    masks = mask["mask_predictor"](mask["mask_head"](pooled))
    assert masks.shape == (2, CLASSES + 1, 28, 28)
    assert parts.mask_scoring()(pooled, masks[:, :1], torch.tensor([1, 3])).shape == (2,)
    for stage, iou in zip(parts.cascade((0.5, 0.6)), (0.5, 0.6), strict=True):
        assert stage.iou == iou
        logits, deltas = stage(pools["box_roi_pool"](maps(), boxes, shapes))
        assert (logits.shape, deltas.shape) == ((2, CLASSES + 1), (2, 4))


def test_each_make_has_its_own_box_head_and_stages_share_nothing() -> None:
    made = [type(HeadParts(CLASSES, 6, 12, (8,), **make).box_head()) for make in MAKES.values()]
    assert made == [TwoMLPHead, FastRCNNConvFCHead, FusedBoxHead]
    first, second = HeadParts(CLASSES, 6, 12, (8,)).cascade((0.5, 0.6))
    assert not {id(p) for p in first.parameters()} & {id(p) for p in second.parameters()}


def test_regions_are_pooled_as_torchvision_does_where_it_knows_the_strides() -> None:
    boxes, features = [torch.tensor([[4.0, 4, 40, 50], [0, 0, 20, 9]])], maps()
    theirs = MultiScaleRoIAlign(["0", "1", "2", "3"], 7, sampling_ratio=2)
    ours = HeadParts(CLASSES, 6, 12, (8,)).pools()["box_roi_pool"]
    assert torch.equal(ours(features, boxes, [(SIDE, SIDE)]), theirs(features, boxes, [(SIDE, SIDE)]))


def test_the_images_seen_first_change_nothing_later() -> None:
    sliver, image = torch.rand(3, 33, 33), torch.rand(3, 64, 96)
    answers = []
    for before in ([], [sliver]):
        model = narrow(score_threshold=0.0).eval()
        with torch.inference_mode():
            for each in before:
                model([each])
            answers.append(model([image])[0])
    for key, value in answers[0].items():
        assert torch.equal(answers[1][key], value), key
