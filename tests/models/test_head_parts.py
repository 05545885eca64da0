"""Parts of RoI heads: every version returns the shapes that the branches need."""

import pytest
import torch
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign

from maskwright.models.detectron2.pooling import pool
from maskwright.models.head_parts import HeadParts
from maskwright.models.panet import FusedBoxHead
from tests.models.invented_scenes import narrow

CLASSES, SIDE = 3, 64
MAKES = {"first": {}, "second": {"version": 2}, "all levels": {"all_levels": True}}
OPTIONS = {
    "aligned": {"aligned": True},
    "one box regressor": {"agnostic_boxes": True},
    "one mask": {"agnostic_masks": True},
}


def maps() -> dict[str, torch.Tensor]:
    return {str(i): torch.rand(1, 6, SIDE >> (i + 2), SIDE >> (i + 2)) for i in range(4)}


@pytest.mark.parametrize("options", [{}, *OPTIONS.values()], ids=["plain", *OPTIONS])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_boxes_get_logits_deltas_and_masks_of_every_class(make: dict, options: dict) -> None:
    parts = HeadParts(CLASSES, 6, 12, (8, 10), **make, **options)
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


def test_aligned_regions_are_pooled_at_the_centres_of_pixels() -> None:
    """A map whose cells hold their own position is pooled to the positions of the output's cells."""
    rows = torch.arange(16.0)[:, None].expand(16, 16) * 4 + 2  # the centre of each cell at stride 4, in pixels
    features = {str(i): torch.zeros(1, 1, 64 >> (i + 2), 64 >> (i + 2)) for i in range(4)}
    features["0"] = rows[None, None]
    box = [torch.tensor([[8.0, 12, 36, 40]])]
    centres = 12 + (torch.arange(7) + 0.5) * 28 / 7
    shifted = {}
    for aligned in (True, False):
        for all_levels in (False, True):
            made = HeadParts(CLASSES, 6, 12, (8,), all_levels=all_levels, aligned=aligned).pools()["box_roi_pool"]
            pooled = made(features, box, [(64, 64)])
            shifted[aligned, all_levels] = (pooled[0, 0] if all_levels else pooled[0])[0, :, 3] - centres
    for all_levels in (False, True):
        torch.testing.assert_close(shifted[True, all_levels], torch.zeros(7), atol=1e-4, rtol=0)
        torch.testing.assert_close(shifted[False, all_levels], torch.full((7,), 2.0), atol=1e-4, rtol=0)


def test_aligned_pooling_is_detectron2s_where_a_cell_is_two_cells_of_the_map() -> None:
    boxes, features = [torch.tensor([[4.0, 4, 60, 60]])], maps()  # 14 cells of p2: two samples each way in both
    ours = HeadParts(CLASSES, 6, 12, (8,), aligned=True).pools()["box_roi_pool"]
    torch.testing.assert_close(ours(features, boxes, [(SIDE, SIDE)]), pool(list(features.values()), boxes, 7))


def test_boxes_stay_exact_beside_features_of_a_half_type() -> None:
    """In bfloat16 the position 257.5 would be 258."""
    features = {str(i): torch.zeros(1, 1, 512 >> (i + 2), 512 >> (i + 2)) for i in range(4)}
    features["0"][..., 64:] = 1.0
    boxes = [torch.tensor([[251.5, 100, 257.5, 107]])]
    ours = HeadParts(CLASSES, 6, 12, (8,), aligned=True).pools()["box_roi_pool"]
    exact = ours(features, boxes, [(512, 512)])
    with torch.autocast("cpu", torch.bfloat16):
        half = ours({name: level.bfloat16() for name, level in features.items()}, boxes, [(512, 512)])
    assert half.dtype is torch.bfloat16
    torch.testing.assert_close(half.float(), exact, atol=4e-3, rtol=0)


def test_one_regressor_and_one_mask_serve_every_class() -> None:
    parts = HeadParts(CLASSES, 6, 12, (8,), agnostic_boxes=True, agnostic_masks=True)
    logits, deltas = parts.box_branch()["box_predictor"](torch.rand(5, 12))
    assert torch.equal(deltas.reshape(5, CLASSES + 1, 4), deltas[:, None, :4].expand(-1, CLASSES + 1, -1))
    assert logits.std() > 0
    masks = parts.mask_branch()["mask_predictor"](torch.rand(5, 8, 14, 14))
    assert torch.equal(masks, masks[:, :1].expand(-1, CLASSES + 1, -1, -1))
    few, many = (HeadParts(k, 6, 12, (8,), agnostic_boxes=True, agnostic_masks=True) for k in (1, 80))
    assert [p.shape for p in few.mask_branch()["mask_predictor"].parameters()] == [
        p.shape for p in many.mask_branch()["mask_predictor"].parameters()
    ]
