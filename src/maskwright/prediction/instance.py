"""Instance prediction: from images to boxes, labels, scores and RLE masks at the images' own sizes."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from maskwright.errors import NotFinite
from maskwright.images.resize import InputSize
from maskwright.masks.paste import cropped_to_rle
from maskwright.masks.rle import compress
from maskwright.prediction.query_masks import encode_queries
from maskwright.prediction.resizing import to_network_input
from maskwright.structures import Instances, Rle

# ``boxes`` (N, 4), ``labels`` and ``scores`` (N,) and ``masks`` (N, 1, M, M) of an image, as a model answers it. That
# of a query model has ``queries`` instead, see :func:`maskwright.prediction.query_masks.encode_queries`.
Detections = Mapping[str, torch.Tensor]


def predict_instances(
    model: nn.Module, images: Sequence[npt.NDArray[np.uint8]], input_size: InputSize
) -> list[Instances]:
    """Return the objects that ``model`` finds in each of the ``images`` ``(H, W, 3)`` uint8 RGB, best score first.

    They are those of :func:`detect`, with the masks of :func:`encode_instances`.

    Raises ``NotFinite`` when the output of the model is NaN or infinite.
    """
    found = detect(model, images, input_size)
    return [encode_instances(model, one, image.shape[:2]) for one, image in zip(found, images, strict=True)]


@torch.inference_mode()
def detect(model: nn.Module, images: Sequence[npt.NDArray[np.uint8]], input_size: InputSize) -> list[Detections]:
    """Return what ``model`` finds in each of the ``images`` ``(H, W, 3)`` uint8 RGB, in the memory of the host.

    ``model`` is in evaluation mode and sees the images at ``input_size`` as one batch. Images of one
    :func:`batch_size_of` give what each gives alone, but for rounding. Boxes are scaled back to each image and clipped;
    those that are left without width or height are dropped.

    Raises ``NotFinite`` when the output of the model is NaN or infinite.
    """
    device = next(model.parameters()).device
    seen = [to_network_input(image, input_size, device) for image in images]
    return [
        _answer(_on_host(one), (small.shape[1], small.shape[2]), (image.shape[0], image.shape[1]))
        for one, small, image in zip(model(seen), seen, images, strict=True)
    ]


@torch.inference_mode()
def encode_instances(model: nn.Module, found: Detections, size: tuple[int, ...]) -> Instances:
    """Return the detections ``found`` on an image of ``size`` ``(H, W)`` with their masks as RLE.

    Masks are pasted by the model's own ``paste`` if it has one (Detectron2's rule differs), else by
    :func:`paste_torchvision_mask`. It may be called in several threads.
    """
    if "queries" in found:
        return encode_queries(found, (size[0], size[1]))
    height, width = size
    rule: Callable[..., Rle] = getattr(model, "paste", paste_torchvision_mask)
    boxes = found["boxes"]
    return Instances(
        (height, width),
        boxes.numpy(),
        found["labels"].numpy().astype(np.int64),
        [rule(mask[0], box, (height, width)) for mask, box in zip(found["masks"], boxes, strict=True)],
        scores=found["scores"].numpy(),
    )


def batch_size_of(model: nn.Module, input_size: InputSize, size: tuple[int, int]) -> tuple[int, int]:
    """Return the ``(H, W)`` of the batch in which ``model`` sees an image of ``size`` ``(H, W)`` alone.

    ``input_size`` is that of the model. In a larger batch the image would be padded further. Feature maps of padding
    are not zero and reach into the image, which moves detections by pixels. For a model without ``padded_size`` it is
    the size of the resized image: only images of one size go together.
    """
    resized = input_size.of(size)
    padded_size = getattr(model, "padded_size", None)
    return resized if padded_size is None else padded_size(resized)


def to_image(
    found: Mapping[str, torch.Tensor], resized: tuple[int, int], size: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """Return the detections ``found`` on an image of size ``resized`` ``(H, W)``, in pixels of the image of ``size``.

    ``found`` has ``boxes`` ``(N, 4)`` xyxy, which are scaled and clipped, and other tensors of length N. A box without
    width or height is dropped from all of them.
    """
    (height, width), (small_height, small_width) = size, resized
    y, x = height / small_height, width / small_width
    boxes = found["boxes"].float()
    boxes = boxes * torch.tensor([x, y, x, y], device=boxes.device)
    boxes = torch.stack([boxes[:, i].clamp(0, (width, height)[i % 2]) for i in range(4)], dim=1)
    real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return {key: (boxes if key == "boxes" else value)[real] for key, value in found.items()}


def _answer(found: Detections, resized: tuple[int, int], size: tuple[int, int]) -> Detections:
    """Return what a model found, in pixels of the image; the masks of queries are resized when they are encoded."""
    if "queries" not in found:
        return to_image(found, resized, size)
    if not found["scores"].isfinite().all():
        raise NotFinite("The model answers an image with NaN or infinity")
    return found


def _on_host(found: Detections) -> dict[str, torch.Tensor]:
    return {key: (value.float() if value.is_floating_point() else value).cpu() for key, value in found.items()}


def paste_torchvision_mask(
    probabilities: torch.Tensor, box: torch.Tensor, size: tuple[int, int], threshold: float = 0.5
) -> Rle:
    """Return the RLE of a mask head's ``probabilities`` ``(M, M)``, pasted into ``box`` on an image of ``size``.

    ``size`` is ``(H, W)``, ``box`` is xyxy in pixels; a pixel belongs to the mask where its probability is above
    ``threshold``. The pixels are those of torchvision's ``paste_masks_in_image``: the mask is padded by one pixel, the
    box is expanded by the same share and truncated to whole pixels, and the mask is resized bilinearly. Time and memory
    depend on the box alone, not on the image.
    """
    height, width = size
    side = probabilities.shape[0]
    padded = functional.pad(probabilities, (1, 1, 1, 1))
    left, top, right, bottom = _expanded(box, (side + 2) / side)
    shape = (max(bottom - top + 1, 1), max(right - left + 1, 1))
    resized = functional.interpolate(padded[None, None], shape, mode="bilinear", align_corners=False)[0, 0]
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + shape[1], width), min(top + shape[0], height)
    if x2 <= x1 or y2 <= y1:
        return compress(np.array([height * width]), height, width)
    region: npt.NDArray[np.bool_] = resized.numpy()[y1 - top : y2 - top, x1 - left : x2 - left] > threshold
    return cropped_to_rle(region, y1, x1, size)


def _expanded(box: torch.Tensor, scale: float) -> tuple[int, int, int, int]:
    """Return ``box`` expanded by ``scale`` and truncated towards zero, in float32 as torchvision does."""
    half_width, half_height = (box[2] - box[0]) * 0.5 * scale, (box[3] - box[1]) * 0.5 * scale
    centre_x, centre_y = (box[2] + box[0]) * 0.5, (box[3] + box[1]) * 0.5
    edges = torch.stack([centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height])
    left, top, right, bottom = edges.to(torch.int64).tolist()
    return left, top, right, bottom
