"""Instance training samples: an image with boxes, labels and masks, augmented together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hotcoco import mask as coco_mask
from torch.utils.data import Dataset
from torchvision import tv_tensors

from maskwright.images.decode import read_image
from maskwright.structures import Instances

Target = dict[str, torch.Tensor]


@dataclass(frozen=True)
class InstanceSample:
    """An image file and its true objects."""

    image: Path
    truth: Instances


class InstanceDataset(Dataset[tuple[torch.Tensor, Target]]):
    """Samples indexed by ``(index, seed)``; crowds are not taught, images without objects stay as negatives."""

    def __init__(self, samples: Sequence[InstanceSample], augmentation: Callable[..., tuple]) -> None:
        self.samples, self.augmentation = list(samples), augmentation

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, item: tuple[int, int]) -> tuple[torch.Tensor, Target]:
        """Image ``(3, H, W)`` in 0..1; ``boxes`` ``(N, 4)`` xyxy, ``labels`` ``(N,)``, ``masks`` ``(N, H, W)``."""
        index, seed = item
        sample = self.samples[index]
        picture = tv_tensors.Image(torch.from_numpy(read_image(sample.image)).permute(2, 0, 1))
        taught = sample.truth[~sample.truth.crowd]
        masks = tv_tensors.Mask(_dense(taught))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            picture, masks = self.augmentation(picture, masks)
        target = target_of(masks.as_subclass(torch.Tensor), torch.from_numpy(taught.labels))
        return picture.as_subclass(torch.Tensor).float() / 255, target


def _dense(instances: Instances) -> torch.Tensor:
    if not len(instances):
        return torch.zeros((0, *instances.size), dtype=torch.uint8)
    stack = coco_mask.decode(list(instances.masks))
    return torch.from_numpy(np.ascontiguousarray(stack.transpose(2, 0, 1)))


def target_of(masks: torch.Tensor, labels: torch.Tensor) -> Target:
    """Torchvision's detection target of ``masks`` ``(N, H, W)``; objects without a pixel left are dropped.

    Boxes are read off the masks after augmentation, so that they are tight and in step with them; half-open pixels.
    """
    seen = (masks != 0).flatten(1).any(dim=1)
    masks, labels = masks[seen], labels[seen]
    boxes = torch.zeros((len(masks), 4))
    for i, mask in enumerate(masks):
        rows, columns = mask.any(dim=1).nonzero(), mask.any(dim=0).nonzero()
        boxes[i] = torch.tensor([int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1])
    return {"boxes": boxes, "labels": labels, "masks": masks}


def collate(samples: Sequence[tuple[torch.Tensor, Target]]) -> tuple[list[torch.Tensor], list[Target]]:
    """A batch of images of different sizes: lists instead of stacks."""
    images, targets = zip(*samples, strict=True)
    return list(images), list(targets)
