"""RF-DETR-Seg: a real-time detector of queries on DINOv2's transformer, with a mask for each query.

Robinson et al. 2025, "RF-DETR: Neural Architecture Search for Real-Time Detection Transformers" (arXiv:2511.09554).
The network and the parts of its loss are the library's.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from maskwright.models.transformers.batching import PaddedBatch, round_up
from maskwright.models.transformers.library import quiet_library
from maskwright.models.transformers.query_detections import QueryDetections, require_detections
from maskwright.models.transformers.query_model import PaddedNetwork, mean_count
from maskwright.models.transformers.query_options import require_all_taken, require_numbers, require_sizes, take_group


@dataclass(frozen=True, kw_only=True)
class RfDetrSize:
    """The depths and widths of RF-DETR.

    The backbone has ``backbone_layers`` of ``backbone_width`` in ``backbone_heads`` heads, patches of ``patch_size``
    pixels, and attends within ``windows`` × ``windows`` windows but for four layers. The decoder has ``decoder_layers``
    of ``channels``, ``decoder_feedforward`` between them, and ``queries``; in training there are ``groups`` times as
    many (Group DETR, arXiv:2207.13085). Masks have the resolution of the image divided by ``mask_stride``.
    """

    backbone_width: int = 384
    backbone_layers: int = 12
    backbone_heads: int = 6
    patch_size: int = 12
    windows: int = 2
    channels: int = 256
    decoder_layers: int = 4
    decoder_feedforward: int = 2048
    queries: int = 100
    groups: int = 13
    mask_stride: int = 4

    def __post_init__(self) -> None:
        require_sizes(self, *(name for name in type(self).__dataclass_fields__))
        if self.backbone_layers % 4 or self.channels % 16 or self.backbone_width % self.backbone_heads:
            raise ValueError(
                f"backbone_layers {self.backbone_layers}, channels {self.channels}, "
                f"backbone_width {self.backbone_width}: expected multiples of 4, of 16, and of backbone_heads"
            )

    @property
    def stages(self) -> list[str]:
        """The layers of the backbone whose features are read: the last of each quarter."""
        quarter = self.backbone_layers // 4
        return [f"stage{quarter * number}" for number in range(1, 5)]


@dataclass(frozen=True, kw_only=True)
class RfDetrLoss:
    """The weights of RF-DETR's losses: of classes, of boxes by distance and by generalised IoU, and of masks."""

    class_weight: float = 1.0
    box_weight: float = 5.0
    box_iou_weight: float = 2.0
    mask_weight: float = 5.0
    dice_weight: float = 5.0

    def __post_init__(self) -> None:
        require_numbers(self, *(name for name in type(self).__dataclass_fields__))

    def to_config(self) -> dict[str, Any]:
        """Return the values under the names of the library's configuration."""
        return {
            "class_loss_coefficient": self.class_weight,
            "bbox_loss_coefficient": self.box_weight,
            "giou_loss_coefficient": self.box_iou_weight,
            "mask_class_loss_coefficient": self.mask_weight,
            "mask_dice_loss_coefficient": self.dice_weight,
        }


RF_DETR_OPTIONS: tuple[type[Any], ...] = (RfDetrSize, RfDetrLoss)

# The library's names of the losses, and ours with the weight in its configuration.
_LOSSES = {
    "loss_ce": ("class", "class_loss_coefficient"),
    "loss_bbox": ("box", "bbox_loss_coefficient"),
    "loss_giou": ("box_iou", "giou_loss_coefficient"),
    "loss_mask_ce": ("mask", "mask_class_loss_coefficient"),
    "loss_mask_dice": ("dice", "mask_dice_loss_coefficient"),
}
_SATURATED = 15.0


class RfDetrModel(QueryDetections, PaddedNetwork):
    """RF-DETR-Seg of K classes with the inputs of a detector, see :class:`QueryInstanceModel`.

    Each detection has a predicted box besides, ``boxes`` ``(N, 4)`` xyxy from 0 to 1 across the padded image. Training
    needs ``boxes`` ``(T, 4)`` in the targets, in pixels.
    """

    arrays = ("scores", "mask_logits", "boxes")

    def __init__(self, network: nn.Module, *, detections: int = 100, multiple: int = 24) -> None:
        super().__init__(network, multiple)
        self.detections = require_detections(detections)

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the square that holds ``size`` ``(H, W)``: the library's windows are right in squares alone."""
        return round_up((max(size), max(size)), self.multiple)

    def forward(self, images: Sequence[torch.Tensor], targets: Sequence[dict[str, torch.Tensor]] | None = None) -> Any:
        """Return losses in training, else what is found in each image; see the class."""
        batch = self.batch(images)
        if not self.training:
            output = self.network(pixel_values=batch.pixels)
            return [self._found(output, number, batch) for number in range(len(images))]
        if targets is None:
            raise ValueError("training needs targets")
        return rf_detr_losses(self.network, batch, targets)

    def _found(self, output: Any, number: int, batch: PaddedBatch) -> dict[str, torch.Tensor]:
        """Return the detections of image ``number``."""
        return self.detections_of(_arrays(output, number), batch.sizes[number], batch.size)

    def query_arrays(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what the network says of ``image`` ``(3, h, w)`` in 0..1, by the names of :attr:`arrays`."""
        return _arrays(self.network(pixel_values=self.batch(image[None]).pixels), 0)

    @contextmanager
    def fixed_to(self, size: tuple[int, int]) -> Iterator[None]:
        """Let the network be traced for images of ``size`` ``(h, w)`` alone: with the positions of that size.

        The library interpolates them while it is traced, by an operation that other runtimes lack.
        """
        embeddings = self.network.model.model.backbone.backbone.embeddings
        height, width = self.padded_size(size)
        patches = (height // embeddings.patch_size) * (width // embeddings.patch_size)
        states = self.mean.new_zeros(1, patches + 1, embeddings.config.hidden_size)
        positions = embeddings.interpolate_pos_encoding(states, height, width).detach().clone()
        embeddings.interpolate_pos_encoding = lambda *_: positions
        try:
            yield
        finally:
            del embeddings.interpolate_pos_encoding


def build_rf_detr(
    classes: int,
    *,
    image_size: int = 384,
    detections: int = 100,
    short_side: int = 384,
    longest: int = 384,
    **options: Any,
) -> RfDetrModel:
    """Build RF-DETR-Seg for ``classes`` classes with random weights.

    Positions are learnt for squares of ``image_size`` pixels, and interpolated for others. ``detections`` is the most
    that an image has. ``short_side`` is the side of the square to which images are stretched; ``longest`` is not used.
    ``options`` are the fields of ``RF_DETR_OPTIONS``.

    Raises ``UsageError`` without the library, ``ValueError`` for values out of range, ``TypeError`` for an unknown
    option.
    """
    rest = dict(options)
    size, weights = take_group(RfDetrSize, rest), take_group(RfDetrLoss, rest)
    require_all_taken(rest)
    multiple = size.patch_size * size.windows
    if not 1 <= image_size <= 8192:
        raise ValueError(f"image_size {image_size}: expected 1 to 8192 pixels")
    side = round_up((image_size, image_size), multiple)[0]
    if size.queries > (side // size.patch_size) ** 2:
        raise ValueError(
            f"queries {size.queries} at image_size {side}: expected at most one for each of the "
            f"{(side // size.patch_size) ** 2} patches"
        )
    with quiet_library("rf_detr") as library:
        network = library.RfDetrForInstanceSegmentation(_config(library, classes, side, size, weights.to_config()))
    return RfDetrModel(network, detections=detections, multiple=multiple)


def _arrays(output: Any, number: int) -> dict[str, torch.Tensor]:
    centre, extent = output.pred_boxes[number].float().split(2, dim=1)
    return {
        "scores": output.logits[number].float().sigmoid(),
        "mask_logits": output.pred_masks[number].float(),
        "boxes": torch.cat([centre - extent / 2, centre + extent / 2], dim=1),
    }


def rf_detr_losses(
    network: Any, batch: PaddedBatch, targets: Sequence[Mapping[str, torch.Tensor]]
) -> dict[str, torch.Tensor]:
    """Return the library's losses of matched queries by name, weighted, summed over final, other and encoder's outputs.

    The library's own sum cannot be taken: of a batch without objects it has no mask losses but empty tensors, and
    outside of training its matching takes the groups of training for the queries of one.
    """
    labels = [_labels(batch, target) for target in targets]
    outputs: list[dict[str, torch.Tensor]] = []

    def kept(logits: Any, *given: Any) -> tuple[torch.Tensor, None, None]:
        """Keep what the library would compute the loss of."""
        _, _, boxes, masks, _, classes_all, boxes_all, masks_all, encoder_classes, encoder_boxes, encoder_masks = given
        outputs.append({"logits": logits, "pred_boxes": boxes, "pred_masks": masks})
        others = zip(classes_all[:-1], boxes_all[:-1], masks_all[:-1], strict=True)
        outputs.extend({"logits": a, "pred_boxes": b, "pred_masks": c} for a, b, c in others)
        outputs.append({"logits": encoder_classes, "pred_boxes": encoder_boxes, "pred_masks": encoder_masks})
        return logits.sum(), None, None

    network.loss_function, network.segmentation_head = kept, partial(_mask_logits, network)
    try:
        network(pixel_values=batch.pixels, labels=labels)
    finally:
        vars(network).pop("_loss_function", None)
        del network.segmentation_head
    training = network.model.model.training
    with torch.autocast(batch.pixels.device.type, enabled=False), _BorderSamples():
        return _matched_losses(network.config, outputs, labels, training)


class _BorderSamples(TorchFunctionMode):
    """Inside of this context a mask goes on beyond its border with the values at the border, as in the published loss.

    The library takes zeros there, with which a point within half a pixel of the border is mixed.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        border = {"padding_mode": "border"} if func is functional.grid_sample else {}
        return func(*args, **{**(kwargs or {}), **border})


def _mask_logits(
    network: Any, features: torch.Tensor, queries: Any, image_size: torch.Size, skip_blocks: bool = False
) -> Any:
    """Return the masks of the ``queries`` as the library does, but those of the encoder on projected ``features``.

    The publisher projects them for the masks of every layer; the library forgets it for the encoder's, which only the
    loss sees.
    """
    if not skip_blocks:
        return type(network).segmentation_head(network, features, queries, image_size)
    height, width = (side // network.downsample_ratio for side in image_size)
    large = functional.interpolate(features, (height, width), mode="bilinear", align_corners=False)
    return network.get_mask_logits(queries, network.spatial_features_proj(large))


def _matched_losses(
    config: Any, outputs: Sequence[Mapping[str, torch.Tensor]], labels: list[dict[str, torch.Tensor]], training: bool
) -> dict[str, torch.Tensor]:
    """Return the weighted losses by our names, summed over ``outputs``."""
    from transformers.loss.loss_rf_detr import RfDetrHungarianMatcher, RfDetrImageLoss

    groups = config.group_detr if training else 1
    matcher = RfDetrHungarianMatcher(
        config.class_cost, config.bbox_cost, config.giou_cost,
        cost_mask_class_cost=config.mask_class_loss_coefficient, cost_mask_dice_cost=config.mask_dice_loss_coefficient,
    )  # fmt: skip
    criterion = RfDetrImageLoss(
        matcher, config.num_labels, config.focal_alpha, [], groups, config.mask_point_sample_ratio
    )
    count = groups * sum(len(one["class_labels"]) for one in labels)
    boxes = mean_count(count, labels[0]["boxes"].device, training).item()
    sums: dict[str, torch.Tensor] = {}
    for output in outputs:
        full = {name: value.float() for name, value in output.items()}
        # In float32 the sigmoid of 17 is 1, and the logarithm of what is left to 1 would be infinite.
        full["logits"] = full["logits"].clamp(-_SATURATED, _SATURATED)
        matcher.mask_point_sample_ratio = _ratio_of_points(full, config.mask_point_sample_ratio)
        indices = matcher(full, labels, groups)
        for kind in ("labels", "boxes", "masks"):
            for key, value in criterion.get_loss(kind, full, labels, indices, boxes).items():
                name, weight = _LOSSES[key]
                # Without objects the masks have no loss, but a tensor without numbers.
                loss = getattr(config, weight) * value.sum()
                sums[name] = sums[name] + loss if name in sums else loss
    return sums


def _ratio_of_points(output: Mapping[str, torch.Tensor], ratio: int) -> Any:
    """Return the number by which the library's matcher divides to have a point for each ``ratio`` pixels of a mask.

    The published training has so many points. The library counts numbers of boxes for pixels: of four images with 1,300
    queries it takes 1,300 points instead of 380, and of one image with 100 queries, in validation, 25.
    """
    points = max(1, output["pred_masks"].shape[-2] * output["pred_masks"].shape[-1] // ratio)
    return Fraction(output["pred_boxes"].numel(), points)


def _labels(batch: PaddedBatch, target: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return a target as the library has it: boxes by centre and extent from 0 to 1 across the padded image."""
    height, width = batch.size
    corners = target["boxes"].float() / torch.tensor([width, height, width, height], device=target["boxes"].device)
    first, last = corners.split(2, dim=1)
    return {
        "class_labels": target["labels"] - 1,
        "boxes": torch.cat([(first + last) / 2, last - first], dim=1),
        "masks": batch.padded_like(target["masks"]),
    }


def _config(library: Any, classes: int, side: int, size: RfDetrSize, weights: Mapping[str, Any]) -> Any:
    """Return the library's configuration; what it says beyond ``size`` is that of the published models."""
    backbone = library.RfDetrDinov2Config(
        hidden_size=size.backbone_width,
        num_hidden_layers=size.backbone_layers,
        num_attention_heads=size.backbone_heads,
        image_size=side,
        patch_size=size.patch_size,
        num_windows=size.windows,
        out_features=size.stages,
    )
    return library.RfDetrConfig(
        backbone_config=backbone,
        num_labels=classes,
        d_model=size.channels,
        decoder_layers=size.decoder_layers,
        decoder_ffn_dim=size.decoder_feedforward,
        decoder_n_points=2,
        num_queries=size.queries,
        group_detr=size.groups,
        mask_downsample_ratio=size.mask_stride,
        dropout=0.0,  # the library says 0.1, the published training 0
        **weights,
    )
