"""Copy-paste augmentation of instances: objects of a second image pasted onto the first, with masks and labels.

Ghiasi et al. 2021 (arXiv:2012.07177). Both images are augmented separately before, each object is taken with
probability ½, covered pixels are removed from the masks below, and edges are not blended.
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Scene:
    """An image ``(3, H, W)`` and its objects: masks ``(N, H, W)`` uint8, labels ``(N,)`` and pairs of boxes.

    The pairs ``(2 N, 4)`` are those of :mod:`maskwright.datasets.instance_boxes`.
    """

    image: torch.Tensor
    masks: torch.Tensor
    labels: torch.Tensor
    boxes: torch.Tensor


def paste_instances(target: Scene, source: Scene, generator: np.random.Generator) -> Scene:
    """Return ``target`` with randomly chosen objects of ``source`` pasted onto it, after its own objects.

    Where the sizes differ, the upper left corners are aligned and ``source`` is cropped to ``target``. Objects that are
    covered or cropped entirely keep an empty mask. Boxes are not changed: those that their masks have outgrown are told
    by :func:`~maskwright.datasets.instance_boxes.true_boxes`.
    """
    taken = torch.from_numpy(generator.random(len(source.labels)) < 0.5)
    height, width = (min(sides) for sides in zip(target.masks.shape[1:], source.masks.shape[1:], strict=True))
    window = np.s_[..., :height, :width]
    pasted = torch.zeros((int(taken.sum()), *target.masks.shape[1:]), dtype=target.masks.dtype)
    pasted[window] = source.masks[taken][window]
    covered = (pasted != 0).any(dim=0)
    image = target.image.clone()
    image[window] = torch.where(covered[window], source.image[window], image[window])
    below = target.masks * ~covered
    boxes = torch.cat([target.boxes, source.boxes[taken.repeat_interleave(2)]])
    return Scene(image, torch.cat([below, pasted]), torch.cat([target.labels, source.labels[taken]]), boxes)
