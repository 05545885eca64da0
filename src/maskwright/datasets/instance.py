"""Instance segmentation samples: an image with boxes, labels, masks and areas, augmented together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors

from maskwright.datasets.augmentation import RandomScale
from maskwright.datasets.instance_boxes import box_pairs, mask_extents, true_boxes
from maskwright.datasets.instance_copy_paste import Scene, paste_instances
from maskwright.datasets.instance_masks import Outline, rasterise_masks
from maskwright.datasets.packed_targets import PackedTargets
from maskwright.datasets.paste_sources import PasteSources
from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.structures import Instances

Target = dict[str, torch.Tensor]


@dataclass(frozen=True)
class InstanceSample:
    """An image file and its true objects; ``outlines`` holds the polygons of each object, or is empty.

    The boxes of ``truth`` are the file's, at full size. An object whose box is empty gets that of its mask.
    """

    image: Path
    truth: Instances
    outlines: tuple[Outline, ...] = ()

    def without_crowds(self) -> "InstanceSample":
        """Return the sample without its crowd regions, which are not single objects."""
        chosen = np.flatnonzero(~self.truth.crowd)
        return InstanceSample(
            self.image, self.truth[chosen], tuple(self.outlines[i] for i in chosen) if self.outlines else ()
        )


class InstanceDataset(Dataset[tuple[torch.Tensor, Target]]):
    """Instance samples indexed by ``(index, seed)``: the augmentation of a sample depends on its seed alone.

    Crowd regions are dropped. Images without objects are kept as negatives. With ``scaling``, images are resized and
    masks rasterised at the training resolution; without it, images keep their size. With the probability
    ``copy_paste``, objects of a second sample are pasted onto the first; it is drawn in proportion to ``paste_weights``
    ``(N,)``, without them evenly.
    """

    def __init__(
        self,
        samples: Sequence[InstanceSample],
        augmentation: Callable[..., tuple],
        scaling: RandomScale | None = None,
        copy_paste: float = 0.0,
        paste_weights: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Take ``samples``; ``augmentation`` maps an image, its masks and their boxes to the three of them."""
        self.samples, self.augmentation = [sample.without_crowds() for sample in samples], augmentation
        self.scaling, self.copy_paste = scaling, copy_paste
        self.sources = PasteSources(len(self.samples), paste_weights)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __getitem__(self, item: tuple[int, int]) -> tuple[torch.Tensor, Target]:
        """Return the image ``(3, H, W)`` uint8 and its target, see :func:`target_of`.

        The image is small, because worker processes pass it on; see :func:`to_detection_input`.

        Raises ``DataError`` when the image's size differs from that of its annotations, or its file cannot be decoded.
        """
        index, seed = item
        scene = self._pasted(self._augmented(index, seed), seed)
        return scene.image, target_of(scene.masks, scene.labels, true_boxes(scene.boxes, scene.masks))

    def _pasted(self, scene: Scene, seed: int) -> Scene:
        """Return ``scene``, with objects of a second sample pasted onto it where ``seed`` draws so."""
        generator = np.random.default_rng(seed)
        if generator.random() >= self.copy_paste:
            return scene
        other, other_seed = self.sources.draw(generator), int(generator.integers(2**62))
        return paste_instances(scene, self._augmented(other, other_seed), generator)

    def _augmented(self, index: int, seed: int) -> Scene:
        sample = self.samples[index]
        picture = tv_tensors.Image(torch.from_numpy(read_image(sample.image)).permute(2, 0, 1))
        size = (picture.shape[1], picture.shape[2])
        if size != sample.truth.size:
            raise DataError(
                f"{sample.image}: is {size[0]} × {size[1]} pixels (height, width), but its annotations are for "
                f"{sample.truth.size[0]} × {sample.truth.size[1]}; expected the same. Correct the annotations, or the "
                "image."
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if self.scaling is not None:
                params = self.scaling.make_params([picture])
                picture, size = self.scaling.transform(picture, params), (params["size"][0], params["size"][1])
            masks = tv_tensors.Mask(rasterise_masks(sample.truth, sample.outlines, size))
            changed = self.augmentation(picture, masks, box_pairs(sample.truth, masks.as_subclass(torch.Tensor)))
        image, drawn, boxes = (each.as_subclass(torch.Tensor) for each in changed)
        return Scene(image, drawn, torch.from_numpy(sample.truth.labels), boxes)


def target_of(masks: torch.Tensor, labels: torch.Tensor, boxes: torch.Tensor | None = None) -> Target:
    """Return torchvision's detection target of ``masks`` ``(N, H, W)``, ``labels`` ``(N,)`` and ``boxes`` ``(N, 4)``.

    The target has ``boxes`` ``(N, 4)`` float32 in xyxy pixels, half-open, ``labels`` ``(N,)``, ``masks`` ``(N, H, W)``
    and ``area`` ``(N,)`` float32 in pixels. Areas are computed from the augmented masks, as are boxes that are not
    given. Objects without a pixel left are dropped.
    """
    seen = (masks != 0).flatten(1).any(dim=1)
    boxes = mask_extents(masks) if boxes is None else boxes
    masks = masks[seen]
    return {"boxes": boxes[seen], "labels": labels[seen], "masks": masks, "area": masks.flatten(1).sum(1).float()}


def to_detection_input(
    batch: tuple[list[torch.Tensor], list[Target] | PackedTargets], device: torch.device | str
) -> tuple[list[torch.Tensor], list[Target]]:
    """Return a ``batch`` of :func:`collate` or :func:`collate_packed` on ``device`` as the model takes it.

    Images become ``(3, H, W)`` float32 in 0..1. Each tensor is copied once, images as uint8, and the host does not wait
    for copies from pinned memory.
    """
    images, targets = batch
    if isinstance(targets, PackedTargets):
        targets = targets.to_targets([(image.shape[1], image.shape[2]) for image in images], device)
    if torch.device(device).type == "cpu":
        # By NumPy, in one thread, as :func:`maskwright.datasets.semantic.to_model_input`.
        shares = [np.divide(image.numpy(), np.float32(255), dtype=np.float32) for image in images]
        return [torch.from_numpy(one) for one in shares], targets
    return (
        [image.to(device, non_blocking=True).float().div_(255) for image in images],
        [{key: value.to(device, non_blocking=True) for key, value in one.items()} for one in targets],
    )


def collate(samples: Sequence[tuple[torch.Tensor, Target]]) -> tuple[list[torch.Tensor], list[Target]]:
    """Return a batch as a list of images and a list of targets, because images differ in size."""
    images, targets = zip(*samples, strict=True)
    return list(images), list(targets)


def collate_packed(samples: Sequence[tuple[torch.Tensor, Target]]) -> tuple[list[torch.Tensor], PackedTargets]:
    """Return a batch as a list of images and their packed targets, which reach a GPU as few small tensors."""
    images, targets = collate(samples)
    return images, PackedTargets.of(targets)


def collate_for(device: torch.device) -> Callable[[Sequence[tuple[torch.Tensor, Target]]], Any]:
    """Return the function that makes a batch for ``device``: targets stay as they are for a CPU, else are packed."""
    return collate if device.type == "cpu" else collate_packed
