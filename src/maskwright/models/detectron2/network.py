"""Detectron2's R-CNN in training and in prediction, with the interface of torchvision's detectors."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from maskwright.models.detectron2.boxes import clip, nonempty, scale
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from maskwright.models.detectron2.proposals import ProposalGenerator
from maskwright.models.detectron2.pyramid import FPN
from maskwright.models.detectron2.resizing import normalised_batch, padded, resize, resized_size
from maskwright.models.detectron2.roi_heads import RoiHeads, Truth

# In the order B, G, R, in 0..255. ResNets converted from Caffe are trained without a standard deviation.
BGR_MEAN, NO_STD = (103.53, 116.28, 123.675), (1.0, 1.0, 1.0)
# The standard deviation with which the ResNeXt was trained; also in the order B, G, R.
RESNEXT_STD = (57.375, 57.12, 58.395)

Losses = dict[str, torch.Tensor]
Detections = list[dict[str, torch.Tensor]]


class Detectron2RCNN(nn.Module):
    """An R-CNN that takes RGB images in 0..1 of any sizes and resizes them itself.

    ``short_side`` and ``longest`` are the input size in pixels. ``mean`` and ``std`` are of blue, green and red in
    0..255. ``paste`` is the function that turns a mask of the mask head into the RLE of the image.
    """

    paste = staticmethod(paste_detectron2_mask)

    def __init__(
        self,
        backbone: FPN,
        proposal_generator: ProposalGenerator,
        roi_heads: RoiHeads,
        *,
        short_side: int = 800,
        longest: int = 1333,
        mean: Sequence[float] = BGR_MEAN,
        std: Sequence[float] = NO_STD,
    ) -> None:
        super().__init__()
        self.backbone, self.proposal_generator, self.roi_heads = backbone, proposal_generator, roi_heads
        self.short_side, self.longest = short_side, longest
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.register_buffer("mean", torch.tensor(mean).reshape(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).reshape(3, 1, 1), persistent=False)

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return ``(H, W)`` of the batch in which an image of ``size`` ``(H, W)`` is alone: resized and padded.

        Images of one padded size give the same detections in one batch as each alone. A larger batch pads an image
        further, and the features of that padding move its detections by pixels.
        """
        return padded(resized_size(size, self.short_side, self.longest))

    def forward(
        self, images: Sequence[torch.Tensor], targets: Sequence[Mapping[str, torch.Tensor]] | None = None
    ) -> Losses | Detections:
        """Return scalar losses by name in training, else the detections of each image.

        ``images`` are ``(3, H, W)``. Each target has ``boxes`` ``(T, 4)`` in pixels of the image, ``labels`` ``(T,)``
        int64 1..K and ``masks`` ``(T, H, W)``. Each result has ``boxes`` ``(N, 4)`` in pixels of the image, ``labels``
        ``(N,)`` int64 1..K and ``scores`` ``(N,)``, best first, and ``masks`` ``(N, 1, M, M)``, probabilities within
        the boxes.

        Raises ``ValueError`` in training without targets, :class:`~maskwright.errors.NotFinite` in prediction when an
        output is NaN or infinite.
        """
        sizes = [(image.shape[1], image.shape[2]) for image in images]
        inner = [resized_size(size, self.short_side, self.longest) for size in sizes]
        resized = [resize(image, to) for image, to in zip(images, inner, strict=True)]
        maps = self.backbone(normalised_batch(resized, self.mean, self.std))
        if not self.training:
            return self._detections(maps, sizes, inner)
        if targets is None:
            raise ValueError("training needs targets: boxes, labels and masks of each image")
        truth = [_truth(*each) for each in zip(targets, sizes, inner, strict=True)]
        proposals, losses = self.proposal_generator(maps, inner, [t.boxes for t in truth])
        return losses | self.roi_heads.losses(maps, [p.boxes for p in proposals], truth)

    def _detections(
        self, maps: Sequence[torch.Tensor], sizes: Sequence[tuple[int, int]], inner: Sequence[tuple[int, int]]
    ) -> Detections:
        """Return the detections of each image in its own pixels; boxes that scaling leaves empty are dropped."""
        proposals, _ = self.proposal_generator(maps, inner)
        detections = []
        for i, found in enumerate(self.roi_heads.detect(maps, [p.boxes for p in proposals], inner)):
            boxes = clip(scale(found.boxes, inner[i], sizes[i]), sizes[i])
            real = nonempty(boxes)
            found = found[real]
            masks = self.roi_heads.mask_head.predict([m[i : i + 1] for m in maps], [found.boxes], found.classes)  # type: ignore[operator]
            detections.append(
                {"boxes": boxes[real], "labels": found.classes + 1, "scores": found.scores, "masks": masks}
            )
        return detections


def _truth(target: Mapping[str, torch.Tensor], size: tuple[int, int], inner: tuple[int, int]) -> Truth:
    """Return the objects of a target with boxes on the resized image; masks keep the size of the original image."""
    to_masks = scale(torch.ones((1, 4), device=target["boxes"].device), inner, size)[0]
    boxes = scale(target["boxes"], size, inner)
    return Truth(boxes, target["labels"] - 1, target["masks"], to_masks)
