"""Copy-paste: objects of a second image laid over the first.

Ghiasi et al. 2021 (arXiv:2012.07177). Label maps know no instances, so an object is a connected piece of one class. As
in the paper, both images are augmented on their own before, each object is taken with probability ½, and nothing is
blended.
"""

import cv2
import numpy as np
import numpy.typing as npt
import torch

ImageAndLabels = tuple[torch.Tensor, torch.Tensor]


def paste_objects(
    target: ImageAndLabels, source: ImageAndLabels, ignore_index: int, generator: np.random.Generator
) -> ImageAndLabels:
    """``target`` with some of the objects of ``source`` over it; both ``(image (3, H, W), labels (H, W))``.

    Where the sizes differ, the upper left corners lie on each other and what reaches beyond ``target`` is cut off.
    Background and ignored pixels of ``source`` are never taken.
    """
    image, labels = target[0].clone(), target[1].clone()
    height, width = (min(sides) for sides in zip(labels.shape, source[1].shape, strict=True))
    window = np.s_[..., :height, :width]
    source_image, source_labels = source[0][window], source[1][window]
    taken = torch.from_numpy(choose_objects(source_labels.numpy(), ignore_index, generator))
    image[window] = torch.where(taken, source_image, image[window])
    labels[window] = torch.where(taken, source_labels, labels[window])
    return image, labels


def choose_objects(
    labels: npt.NDArray[np.integer], ignore_index: int, generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """The pixels ``(H, W)`` of the objects in ``labels`` ``(H, W)`` that chance takes, each with probability ½."""
    taken = np.zeros(labels.shape, np.bool_)
    for label in np.unique(labels):
        if label in (0, ignore_index):
            continue
        count, pieces = cv2.connectedComponents((labels == label).astype(np.uint8))
        chosen = generator.random(count) < 0.5
        chosen[0] = False  # what is not of this class
        taken |= chosen[pieces]
    return taken
