"""Detectron2's R-CNN in training and in prediction, with the interface of torchvision's detectors."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from maskwright.models.detectron2.batching import normalised_batch, padded
from maskwright.models.detectron2.pasting import paste_detectron2_mask
from maskwright.models.detectron2.proposals import ProposalGenerator
from maskwright.models.detectron2.pyramid import FPN
from maskwright.models.detectron2.roi_heads import RoiHeads, Truth

# In the order B, G, R, in 0..255. ResNets converted from Caffe are trained without a standard deviation.
BGR_MEAN, NO_STD = (103.53, 116.28, 123.675), (1.0, 1.0, 1.0)
# The standard deviation with which the ResNeXt was trained; also in the order B, G, R.
RESNEXT_STD = (57.375, 57.12, 58.395)

Losses = dict[str, torch.Tensor]
Detections = list[dict[str, torch.Tensor]]


class Detectron2RCNN(nn.Module):
    """An R-CNN that takes RGB images in 0..1, as large as it is to see them.

    ``short_side`` and ``longest`` are the input size in pixels for whoever resizes the images. ``mean`` and ``std`` are
    of blue, green and red in 0..255. ``paste`` is the function that turns a mask of the mask head into the RLE of the
    image.
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
        """Return ``(H, W)`` of the batch in which a resized image of ``size`` ``(H, W)`` is alone: padded.

        Images of one padded size give the same detections in one batch as each alone. A larger batch pads an image
        further, and the features of that padding move its detections by pixels.
        """
        return padded(size)

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
        maps = self.backbone(normalised_batch(images, self.mean, self.std))
        if not self.training:
            return self._detections(maps, sizes)
        if targets is None:
            raise ValueError("training needs targets: boxes, labels and masks of each image")
        truth = [_truth(target) for target in targets]
        proposals, losses = self.proposal_generator(maps, sizes, [t.boxes for t in truth])
        return losses | self.roi_heads.losses(maps, [p.boxes for p in proposals], truth)

    def _detections(self, maps: Sequence[torch.Tensor], sizes: Sequence[tuple[int, int]]) -> Detections:
        """Return the detections of each image in its own pixels."""
        proposals, _ = self.proposal_generator(maps, sizes)
        detections = []
        for i, found in enumerate(self.roi_heads.detect(maps, [p.boxes for p in proposals], sizes)):
            masks = self.roi_heads.mask_head.predict([m[i : i + 1] for m in maps], [found.boxes], found.classes)  # type: ignore[operator]
            detections.append(
                {"boxes": found.boxes, "labels": found.classes + 1, "scores": found.scores, "masks": masks}
            )
        return detections


def _truth(target: Mapping[str, torch.Tensor]) -> Truth:
    """Return the objects of a target; masks have the size of the image, so that boxes are in their pixels."""
    return Truth(target["boxes"], target["labels"] - 1, target["masks"], target["boxes"].new_ones(4))
