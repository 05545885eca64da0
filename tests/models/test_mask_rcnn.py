"""Mask R-CNN against torchvision's own, with the same weights and the same seed."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as oracle
from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn, maskrcnn_resnet50_fpn_v2
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops import FrozenBatchNorm2d

from maskwright.images.resize import InputSize
from maskwright.models.catalogue import MODELS
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from maskwright.models.mask_rcnn import build_mask_rcnn
from maskwright.models.weights.torchvision_files import norms_without_epsilon
from maskwright.prediction.instance import paste_torchvision_mask, predict_instances, to_image
from maskwright.prediction.resizing import to_network_input
from tests.models.invented_scenes import empty_target, fits, learnt, narrow, scene

CLASSES, SHORT, LONGEST = 3, 128, 160
Target = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def pair() -> tuple[MaskRCNN, MaskRCNN]:
    """Return our model and torchvision's with equal random weights."""
    torch.manual_seed(0)
    ours = MODELS["mask_rcnn_resnet50_fpn"].build(CLASSES, short_side=SHORT, longest=LONGEST)
    for name, value in ours.state_dict().items():
        if name.endswith("bn3.weight"):
            value.fill_(0.2)  # else the frozen norms let activations double in each of the 16 blocks
        if name.endswith(("bbox_pred.weight", "cls_score.weight")):
            value.mul_(3)  # detections that differ from each other
    norm = {"norm_layer": FrozenBatchNorm2d}
    backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None, trainable_layers=5, **norm)
    theirs = MaskRCNN(backbone, CLASSES + 1, min_size=SHORT, max_size=LONGEST)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def images() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(3, *size, generator=generator) for size in ((90, 131), (140, 100), (64, 64))]


def targets() -> list[Target]:
    """Return two images with two boxes each, and one without an object."""
    corners = [[[10, 12, 60, 70], [50, 30, 120, 85]], [[5, 5, 40, 50], [30, 60, 90, 130]], []]
    made = []
    for image, boxes in zip(images(), corners, strict=True):
        masks = torch.zeros(len(boxes), *image.shape[1:], dtype=torch.uint8)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
            mask[y1:y2, x1 : (x1 + x2) // 2] = 1
        labels = torch.arange(1, len(boxes) + 1)
        made.append({"boxes": torch.tensor(boxes).float().reshape(-1, 4), "labels": labels, "masks": masks})
    return made


def losses(model: MaskRCNN, batch: tuple[list[torch.Tensor], list[Target]]) -> dict[str, float]:
    torch.manual_seed(7)  # which proposals are sampled
    with torch.no_grad():
        return {key: value.item() for key, value in model.train()(*copy.deepcopy(batch)).items()}


def resized(theirs: MaskRCNN) -> tuple[list[torch.Tensor], list[Target]]:
    """Return the batch as torchvision resizes it."""
    pairs = [theirs.transform.resize(*pair) for pair in zip(images(), copy.deepcopy(targets()), strict=True)]
    return [image for image, _ in pairs], [target for _, target in pairs]


def test_names_and_shapes_of_the_state_are_those_of_torchvision() -> None:
    with torch.device("meta"):
        ours = MODELS["mask_rcnn_resnet50_fpn"].build(90).state_dict()
        theirs = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    # Without weights torchvision takes plain BatchNorm, whose counters the frozen one does not have.
    expected = {key: value.shape for key, value in theirs.items() if not key.endswith("num_batches_tracked")}
    assert {key: value.shape for key, value in ours.items()} == expected


def test_the_losses_of_a_batch_are_those_of_torchvision(pair: tuple[MaskRCNN, MaskRCNN]) -> None:
    batch = resized(pair[1].train())  # which torchvision leaves as it is, so that nothing is rounded otherwise
    ours, theirs = (losses(model, batch) for model in pair)
    assert set(ours) == {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"}
    assert all(value > 0 for value in ours.values())
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_the_detections_are_those_of_torchvision(pair: tuple[MaskRCNN, MaskRCNN]) -> None:
    pixels = (images()[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    picture = [torch.from_numpy(pixels).permute(2, 0, 1).float() / 255]
    size = InputSize(False, SHORT, longest=LONGEST, rule="torchvision")
    with torch.inference_mode():
        (found,) = predict_instances(pair[0].eval(), [pixels], size)
        ours = pair[0]([to_network_input(pixels, size, torch.device("cpu"))])[0]
        theirs = pair[1].eval()(picture)[0]
    ours = to_image(ours, size.of((90, 131)), (90, 131))
    assert len(theirs["boxes"]) >= 10
    assert torch.equal(ours["labels"], theirs["labels"])
    torch.testing.assert_close(ours["boxes"], theirs["boxes"])
    torch.testing.assert_close(ours["scores"], theirs["scores"])

    np.testing.assert_array_equal(found.boxes, ours["boxes"].numpy())
    np.testing.assert_array_equal(found.scores, ours["scores"].numpy())
    assert ours["masks"].shape[2:] == (28, 28)
    pasted = [oracle.decode(mask) for mask in found.masks]
    expected = (theirs["masks"][:, 0] > 0.5).numpy()
    assert 0 < expected.mean() < 1
    assert np.array_equal(np.stack(pasted), expected)


def small(**options) -> MaskRCNN:
    torch.manual_seed(0)
    narrow = {"pyramid_channels": 16, "box_features": 16, "mask_channels": (8, 8), "short_side": 64, "longest": 96}
    return build_mask_rcnn(CLASSES, **({"backbone": "resnet18"} | narrow | options))


@pytest.mark.parametrize("training", [True, False])
def test_images_are_not_resized_in_training_nor_in_prediction(training: bool) -> None:
    sizes = []
    model = small().train(training)
    model.backbone.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape[-2:])))
    given = (images()[1:2], targets()[1:2]) if training else ([images()[1]],)
    with torch.no_grad():
        model(*given)
    assert sizes == [(160, 128)]  # 140 × 100, padded to multiples of 32


def test_weights_that_were_trained_without_epsilon_give_the_features_they_gave() -> None:
    theirs = resnet_fpn_backbone(
        backbone_name="resnet18", weights=None, trainable_layers=5, norm_layer=FrozenBatchNorm2d
    )
    for module in theirs.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.running_var.uniform_(1e-4, 1e-2)  # so small that the epsilon counts
            module.weight.mul_(module.running_var.sqrt())
            module.eps = 0.0  # as torchvision's overwrite_eps does for its COCO_V1 weights
    state = norms_without_epsilon(lambda: {f"backbone.{key}": value for key, value in theirs.state_dict().items()})
    ours = small(pyramid_channels=256, frozen_norm=True)
    pictures = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = theirs.eval()(pictures)
        for weights, equal in ((state, True), (theirs.state_dict(), False)):
            named = {key if key.startswith("backbone.") else f"backbone.{key}": value for key, value in weights.items()}
            ours.load_state_dict(named, strict=False)
            found = ours.eval().backbone(pictures)
            assert all(torch.allclose(found[k], expected[k], rtol=1e-3, atol=1e-4) for k in expected) == equal


def test_no_more_than_the_asked_number_of_detections_is_kept() -> None:
    with torch.inference_mode():
        found = small(detections=4, score_threshold=0.0).eval()([torch.rand(3, 64, 64)])[0]
    assert [len(value) for value in found.values()] == [4, 4, 4, 4]


def test_every_trainable_parameter_gets_a_gradient() -> None:
    model = small().train()
    sum(model(images(), targets()).values()).backward()
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


def test_the_second_version_has_the_names_and_shapes_of_torchvisions() -> None:
    with torch.device("meta"):
        ours = MODELS["mask_rcnn_resnet50_fpn_v2"].build(90).state_dict()
        theirs = maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None).state_dict()
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}


def test_a_model_of_the_second_version_learns_a_batch_by_heart() -> None:
    model = narrow(version=2, norm_momentum=0.3)
    totals = learnt(model, 45)
    assert totals[-1] < totals[0] / 2
    assert min(fits(model)) > 0.5


def test_a_plain_model_learns_a_batch_by_heart() -> None:
    model = narrow(norm_momentum=0.3)
    totals = learnt(model, 45)
    assert totals[-1] < totals[0] / 2
    assert min(fits(model)) > 0.6


def test_heads_alone_learn_where_no_layer_of_the_backbone_does() -> None:
    model = small(trainable_layers=0).train()
    sum(model(images(), targets()).values()).backward()
    learning = {name for name, p in model.named_parameters() if p.grad is not None}
    assert learning == {name for name, _ in model.named_parameters() if not name.startswith("backbone.body.")}


def test_the_thresholds_and_counts_asked_for_are_those_of_the_parts() -> None:
    model = small(
        anchor_ious=(0.2, 0.6), anchors_per_image=64, proposal_nms=0.8, proposals_train=70, proposals_test=30,
        rois_per_image=48, positive_rois=0.5, roi_iou=0.4, score_threshold=0.1, nms_threshold=0.3, detections=7,
        aspect_ratios=(1.0, 2.0),
    )  # fmt: skip
    rpn, heads = model.rpn, model.roi_heads
    assert (rpn.proposal_matcher.low_threshold, rpn.proposal_matcher.high_threshold) == (0.2, 0.6)
    assert (rpn.fg_bg_sampler.batch_size_per_image, rpn.nms_thresh) == (64, 0.8)
    assert [rpn.train(learning).pre_nms_top_n() for learning in (True, False)] == [70, 30]
    assert [rpn.train(learning).post_nms_top_n() for learning in (True, False)] == [70, 30]
    assert rpn.anchor_generator.num_anchors_per_location() == [2] * 5
    assert (heads.fg_bg_sampler.batch_size_per_image, heads.fg_bg_sampler.positive_fraction) == (48, 0.5)
    assert heads.proposal_matcher.high_threshold == heads.proposal_matcher.low_threshold == 0.4
    assert (heads.score_thresh, heads.nms_thresh, heads.detections_per_img) == (0.1, 0.3, 7)


def test_anchor_sizes_that_are_not_five_are_refused() -> None:
    with pytest.raises(ValueError, match="expected five"):
        small(anchor_sizes=(16, 32, 64))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"score_threshold": 2}, "score_threshold 2: expected from 0 to 1"),
        ({"positive_rois": 1.5}, "positive_rois 1.5: expected from 0 to 1"),
        ({"rois_per_image": 0}, "rois_per_image 0: expected above 0"),
        ({"mask_channels": []}, "mask_channels .*expected above 0"),
        ({"aspect_ratios": [1, -1]}, "aspect_ratios .*expected above 0"),
        ({"anchor_ious": [0.7, 0.3]}, "anchor_ious .*the lower first"),
    ],
)
def test_values_that_can_learn_nothing_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        narrow(**options)


@pytest.mark.parametrize("size", [(2, 4000), (4000, 2), (1, 1)])
def test_a_sliver_of_an_image_keeps_its_boxes(size: tuple[int, int]) -> None:
    model = narrow(short_side=64, longest=96, score_threshold=0.0).eval()
    with torch.inference_mode():
        found = model([torch.rand(3, *size)])[0]
    assert found["boxes"].isfinite().all()
    assert (found["boxes"] >= 0).all()
    assert (found["boxes"][:, 2:] <= torch.tensor([size[1], size[0]]) + 1e-3).all()


def test_the_momentum_of_the_norms_is_an_option() -> None:
    body = small(norm_momentum=1.0).backbone.body.train()
    pictures = torch.rand(2, 3, 64, 64)
    body(pictures)
    # With momentum 1 the running mean is the last batch's.
    expected = body.conv1(pictures).mean(dim=(0, 2, 3))
    torch.testing.assert_close(body.bn1.running_mean, expected)


def test_a_batch_of_negatives_alone_is_learnt_from() -> None:
    losses = narrow().train()(scene()[0], [empty_target(), empty_target()])
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert losses["loss_classifier"] > 0
    assert losses["loss_objectness"] > 0
    assert losses["loss_mask"] == losses["loss_box_reg"] == losses["loss_rpn_box_reg"] == 0


@pytest.mark.parametrize("aligned", [False, True])
def test_an_aligned_model_pastes_its_masks_as_detectron2_does(aligned: bool) -> None:
    model = small(aligned=aligned, score_threshold=0.0, detections=5).eval()
    picture = np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)
    size = InputSize(False, 50, longest=70)  # the picture's own
    (found,) = predict_instances(model, [picture], size)
    with torch.inference_mode():
        (raw,) = model([torch.from_numpy(picture).permute(2, 0, 1) / 255])
    rule = paste_detectron2_mask if aligned else paste_torchvision_mask
    expected = [rule(mask[0], box, (50, 70)) for mask, box in zip(raw["masks"], raw["boxes"], strict=True)]
    assert len(found) == 5
    assert found.masks == expected


def test_an_aligned_model_learns_a_batch_by_heart() -> None:
    model = narrow(aligned=True, norm_momentum=0.3, class_agnostic_masks=True, class_agnostic_boxes=True)
    totals = learnt(model, 45)
    assert totals[-1] < totals[0] / 2
    assert min(fits(model)) > 0.6
