"""Copy-paste augmentation of label maps: objects of a second image pasted onto the first.

Ghiasi et al. 2021 (arXiv:2012.07177). A label map has no instances, so an object is a connected component of one class.
As in the paper, both images are augmented separately before, each object is taken with probability ½, and edges are not
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
    """Return ``target`` with randomly chosen objects of ``source`` pasted onto it.

    Both are pairs of image ``(3, H, W)`` and labels ``(H, W)``. Where their sizes differ, the upper left corners are
    aligned and ``source`` is cropped to ``target``. Background and pixels of ``ignore_index`` are never pasted.
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
    """Return the pixels ``(H, W)`` of the objects in ``labels`` ``(H, W)`` that are chosen, each with probability ½."""
    taken = np.zeros(labels.shape, np.bool_)
    for label in np.unique(labels):
        if label in (0, ignore_index):
            continue
        count, pieces = cv2.connectedComponents((labels == label).astype(np.uint8))
        chosen = generator.random(count) < 0.5
        chosen[0] = False  # the pixels of other classes
        taken |= chosen[pieces]
    return taken
