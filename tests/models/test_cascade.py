"""The cascade against torchvision: one stage equals Mask R-CNN, and later stages need a higher IoU."""

import copy

import pytest
import torch
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.roi_heads import fastrcnn_loss
from torchvision.ops import box_iou

from maskwright.models.cascade import CascadeStage, match_proposals
from tests.models.invented_scenes import CLASSES, SIDE, empty_target, fits, learnt, narrow, scene

IOUS = (0.5, 0.6, 0.7)


def boxes_near(target: torch.Tensor, count: int, spread: float) -> torch.Tensor:
    """Return ``count`` boxes around each of ``target`` ``(N, 4)``."""
    noise = torch.randn(count, len(target), 4, generator=torch.Generator().manual_seed(5)) * spread
    return (target + noise).reshape(-1, 4).clamp(0, SIDE)


def test_one_stage_is_mask_rcnn_with_a_box_regressor_for_all_classes() -> None:
    single = narrow(cascade_ious=(0.5,), stage_weights=(1.0,), score_threshold=0.01)
    plain = narrow(score_threshold=0.01)
    state = {}
    for key, value in single.state_dict().items():
        if "bbox_pred" in key and "rpn" not in key:
            value = torch.cat([value] * (CLASSES + 1))
        renamed = key.replace("stages.0.head", "box_head").replace("stages.0.", "box_predictor.")
        state[renamed] = value
    plain.load_state_dict(state)
    images, targets = scene()
    results = []
    for model in (single, plain):
        torch.manual_seed(4)
        losses = model.train()(images, copy.deepcopy(targets))
        results.append({key.removesuffix("_stage1"): value.item() for key, value in losses.items()})
    assert results[0] == pytest.approx(results[1], rel=1e-5)
    plain.load_state_dict(plain.state_dict() | dict(single.backbone.named_buffers(prefix="backbone")))
    with torch.inference_mode():
        found, expected = (model.eval()(images)[0] for model in (single, plain))
    assert len(expected["boxes"]) > 5
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=1e-4, atol=1e-5)


def test_the_losses_of_a_stage_are_torchvisions_over_its_own_normalisation() -> None:
    torch.manual_seed(0)
    stage = CascadeStage(torch.nn.Flatten(), 3, CLASSES, 0.6, 2)
    _, targets = scene()
    boxes = [boxes_near(target["boxes"], 9, 2.0) for target in targets]
    regions = match_proposals(boxes, targets, stage.iou)
    labels = torch.cat(regions.labels)
    assert 0 < (labels > 0).sum() < len(labels)
    logits, deltas = torch.randn(len(labels), CLASSES + 1), torch.randn(len(labels), 4)
    coder = BoxCoder((20.0, 20.0, 10.0, 10.0))  # twice as fine as the first stage's
    wanted = coder.encode([t["boxes"][rows] for t, rows in zip(targets, regions.matched or [], strict=True)], boxes)
    expected = fastrcnn_loss(logits, deltas.repeat(1, CLASSES + 1), regions.labels, list(wanted))
    torch.testing.assert_close(stage.losses(logits, deltas, regions, targets), expected)


@pytest.mark.parametrize("iou", [*IOUS, 0.95])
def test_a_box_is_the_object_it_overlaps_most_where_by_enough(iou: float) -> None:
    _, (target, _) = scene()
    boxes = torch.cat([boxes_near(target["boxes"], 20, 3.0), torch.tensor([[30.0, 30, 30, 30], [0, 60, 4, 64]])])
    regions = match_proposals([boxes], [target], iou)
    overlap, rows = box_iou(boxes, target["boxes"]).max(dim=1)
    assert torch.equal(regions.labels[0] > 0, overlap >= iou)
    positive = regions.labels[0] > 0
    assert torch.equal(regions.labels[0][positive], target["labels"][rows][positive])
    assert regions.matched is not None
    assert torch.equal(regions.matched[0][positive], rows[positive])


def test_without_objects_all_boxes_are_background() -> None:
    regions = match_proposals([torch.rand(4, 4)], [empty_target()], 0.5)
    assert regions.labels[0].tolist() == [0, 0, 0, 0]
    assert [len(one) for one in regions.positive().boxes] == [0]


def test_a_stage_moves_boxes_by_what_it_was_taught() -> None:
    stage = CascadeStage(torch.nn.Flatten(), 3, CLASSES, 0.5, 3)
    _, targets = scene()
    truth = [target["boxes"] for target in targets]
    boxes = [boxes_near(one, 1, 2.0) for one in truth]
    deltas = torch.cat(stage.coder.encode(truth, boxes))
    for moved, one in zip(stage.refined(deltas, boxes, [(SIDE, SIDE)] * 2), truth, strict=True):
        torch.testing.assert_close(moved, one, atol=1e-3, rtol=0)
    outside = stage.refined(torch.full_like(deltas, 20.0), boxes, [(SIDE, SIDE)] * 2)
    assert max(one.max() for one in outside) <= SIDE


def test_scores_are_the_mean_of_the_stages_and_each_starts_from_the_boxes_of_the_one_before() -> None:
    model = narrow(cascade_ious=IOUS, score_threshold=0.0, detections=1000).eval()
    answers, seen = [], []
    for stage in model.roi_heads.stages:
        stage.register_forward_hook(lambda *call: answers.append(call[2]))
    model.roi_heads.box_roi_pool.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1][0]))
    with torch.inference_mode():
        found = model([scene()[0][0]])[0]
    mean = torch.stack([logits.softmax(1) for logits, _ in answers]).mean(0)[:, 1:].flatten()
    assert len(found["scores"]) > 5
    for score in found["scores"]:
        assert (mean - score).abs().min() < 1e-6
    for number, stage in enumerate(model.roi_heads.stages[:2]):
        moved = stage.coder.decode(answers[number][1], [seen[number]]).reshape(-1, 4).clamp(0, SIDE)
        torch.testing.assert_close(seen[number + 1], moved)


def test_every_stage_has_losses_by_its_weight_and_every_parameter_gets_a_gradient() -> None:
    images, targets = scene()
    weighted = {}
    for weights in ((1.0, 0.5, 0.25), (1.0, 1.0, 1.0)):
        model = narrow(cascade_ious=IOUS, stage_weights=weights).train()
        torch.manual_seed(1)
        weighted[weights] = model(images, copy.deepcopy(targets))
        sum(weighted[weights].values()).backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []
    halves, ones = weighted.values()
    for number, weight in enumerate((1.0, 0.5, 0.25), start=1):
        for part in ("classifier", "box_reg"):
            name = f"loss_{part}_stage{number}"
            assert halves[name].item() == pytest.approx(weight * ones[name].item(), rel=1e-5)


def test_the_stages_together_move_the_pyramid_as_one_branch_would() -> None:
    """Detectron2's CascadeROIHeads scales the gradient of the pooled features by 1 / stages, and nothing else."""
    images, targets = scene()
    gradients = {}
    for scaled in (True, False):
        model = narrow(cascade_ious=IOUS, scaled_gradients=scaled).train()
        torch.manual_seed(1)
        losses = model(images, copy.deepcopy(targets))
        sum(value for name, value in losses.items() if "_stage" in name).backward()
        named = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        gradients[scaled] = losses, named
    assert {k: v.item() for k, v in gradients[True][0].items()} == {k: v.item() for k, v in gradients[False][0].items()}
    pyramid = [name for name in gradients[True][1] if name.startswith("backbone.fpn")]
    stages = [name for name in gradients[True][1] if name.startswith("roi_heads.stages")]
    assert pyramid
    assert stages
    for names, factor in ((pyramid, 1 / 3), (stages, 1.0)):
        for name in names:
            torch.testing.assert_close(gradients[True][1][name], factor * gradients[False][1][name])


def test_masks_are_learnt_on_the_boxes_of_the_last_stage_where_asked() -> None:
    model = narrow(cascade_ious=IOUS, masks_on_predicted_boxes=True).train()
    images, targets = scene()
    features = model.backbone(torch.stack(images))
    boxes = [boxes_near(t["boxes"], 9, 2.0) for t in targets]
    answers, seen = [], []
    for stage in model.roi_heads.stages:
        stage.register_forward_hook(lambda *call: answers.append(call[2][1]))
    model.roi_heads.box_roi_pool.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    regions, _, _ = model.roi_heads.detect(features, boxes, [(SIDE, SIDE)] * 2, targets)
    last = model.roi_heads.stages[2].refined(answers[2], seen[2], [(SIDE, SIDE)] * 2)
    positive = match_proposals(seen[0], targets, IOUS[0]).labels
    for found, moved, labels in zip(regions.boxes, last, positive, strict=True):
        assert torch.equal(found, moved[labels > 0])


def test_a_batch_with_a_negative_and_one_of_negatives_alone_are_learnt_from() -> None:
    images, targets = scene()
    for truth in ([targets[0], empty_target()], [empty_target(), empty_target()]):
        losses = narrow(cascade_ious=IOUS).train()(images, truth)
        assert all(torch.isfinite(value) for value in losses.values())


def test_overlaps_that_fall_and_weights_that_are_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="rising overlaps"):
        narrow(cascade_ious=(0.7, 0.6, 0.5))
    with pytest.raises(ValueError, match="as many weights"):
        narrow(cascade_ious=(0.5, 0.6))


def test_a_cascade_learns_a_batch_by_heart() -> None:
    model = narrow(cascade_ious=IOUS, norm_momentum=0.3)
    totals = learnt(model, 45)
    assert totals[-1] < totals[0] / 2
    assert min(fits(model)) > 0.6
