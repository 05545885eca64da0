"""Semantic prediction: an image to a label map of its own size."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from maskwright.images.resize import InputSize, resize_image
from maskwright.structures import LabelMap


def to_tensor(image: npt.NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """``image`` ``(H, W, 3)`` uint8 as ``(3, H, W)`` float in 0..1."""
    return torch.from_numpy(image).permute(2, 0, 1).to(device).float() / 255


@torch.inference_mode()
def predict_logits(model: nn.Module, image: npt.NDArray[np.uint8], input_size: InputSize) -> torch.Tensor:
    """Logits ``(K+1, H, W)`` at the size of ``image`` ``(H, W, 3)``.

    The logits are resized, not the labels: borders between classes stay smooth.
    """
    device = next(model.parameters()).device
    height, width = image.shape[:2]
    resized = resize_image(image, input_size.of((height, width)))
    logits = model(to_tensor(resized, device)[None])["logits"]
    return functional.interpolate(logits.float(), (height, width), mode="bilinear", align_corners=False)[0]


def predict_label_map(
    model: nn.Module,
    image: npt.NDArray[np.uint8],
    input_size: InputSize,
    dtype: type[np.uint8] | type[np.uint16] = np.uint8,
) -> LabelMap:
    """The most likely class of each pixel, ``(H, W)``; ``model`` must be in evaluation mode."""
    return predict_logits(model, image, input_size).argmax(dim=0).cpu().numpy().astype(dtype)
