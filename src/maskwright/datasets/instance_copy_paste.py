"""Copy-paste of instances: objects of a second image laid over the first, with their masks and labels.

Ghiasi et al. 2021 (arXiv:2012.07177): both images are augmented on their own before, each object is taken with
probability ½, what is covered is taken from the masks below, and nothing is blended.
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Scene:
    """An image ``(3, H, W)`` and its objects: masks ``(N, H, W)`` uint8, labels ``(N,)``."""

    image: torch.Tensor
    masks: torch.Tensor
    labels: torch.Tensor


def paste_instances(target: Scene, source: Scene, generator: np.random.Generator) -> Scene:
    """``target`` with some of the objects of ``source`` over it; the pasted ones come last.

    Where the sizes differ, the upper left corners lie on each other and what reaches beyond ``target`` is cut off.
    Objects that are covered whole keep an empty mask, as do those cut off.
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
    return Scene(image, torch.cat([below, pasted]), torch.cat([target.labels, source.labels[taken]]))
