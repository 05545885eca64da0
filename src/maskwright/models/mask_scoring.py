"""Mask Scoring R-CNN: a head that predicts the IoU of each mask, so that scores rank masks as well as classes.

Huang et al. 2019 (arXiv:1903.00241).
"""

import torch
from torch import nn


class MaskScoringHead(nn.Module):
    """A head that predicts the IoU of a mask with its object from the RoI features and the mask itself.

    Four 3 × 3 convolutions (the last with stride 2) read the features and the mask, which is max-pooled to their size;
    then follow two hidden layers and an output for each class (paper, section 3.3). ``side`` is the size S of the
    pooled features, ``width`` that of the convolutions, ``hidden`` that of the hidden layers.
    """

    def __init__(self, channels: int, classes: int, *, side: int = 14, width: int = 256, hidden: int = 1024) -> None:
        super().__init__()
        self.shrink = nn.MaxPool2d(2)
        layers: list[nn.Module] = []
        for number, stride in enumerate((1, 1, 1, 2)):
            layers += [nn.Conv2d(width if number else channels + 1, width, 3, stride, padding=1), nn.ReLU()]
        self.convolutions = nn.Sequential(*layers)
        inner = width * ((side + 1) // 2) ** 2
        self.outputs = nn.Sequential(
            nn.Linear(inner, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, classes + 1)
        )
        for layer in self.convolutions:
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, pooled: torch.Tensor, masks: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Return the predicted IoU ``(N,)`` of each mask for its class; it is not clipped to 0..1.

        ``pooled`` is ``(N, C, S, S)``, or ``(N, L, C, S, S)`` from L levels, of which the maximum is taken. ``masks``
        are probabilities ``(N, 1, 2 S, 2 S)``, ``labels`` the classes ``(N,)`` int64 1..K.
        """
        if pooled.dim() == 5:
            pooled = pooled.amax(dim=1)
        together = torch.cat([pooled, self.shrink(masks)], dim=1)
        by_class = self.outputs(self.convolutions(together).flatten(1))
        return by_class[torch.arange(labels.shape[0], device=labels.device), labels]


@torch.no_grad()
def mask_ious(logits: torch.Tensor, truth: torch.Tensor, boxes: torch.Tensor, areas: torch.Tensor) -> torch.Tensor:
    """Return the IoU ``(N,)`` of predicted masks with whole objects, including the parts of objects outside the boxes.

    ``logits`` and ``truth`` are ``(N, M, M)`` within ``boxes`` ``(N, 4)``; ``areas`` ``(N,)`` are those of the whole
    objects in pixels of the boxes' image. A predicted mask is where its probability is above ½ (paper, section 3.4). No
    gradient flows through the result.
    """
    predicted, true = logits > 0, truth >= 0.5
    cells = truth.shape[-1] ** 2 / ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).clamp(min=1e-6)
    inside = true.flatten(1).sum(1)
    # Never less than the part inside the box: the grid rounds.
    whole = torch.maximum(areas * cells, inside)
    overlap = (predicted & true).flatten(1).sum(1)
    return overlap / (predicted.flatten(1).sum(1) + whole - overlap).clamp(min=1)
