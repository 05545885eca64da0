"""Semantic training samples: an image and its label map, augmented together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors

from maskwright.datasets.copy_paste import Pair, paste_objects
from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.masks.png import read_label_map


@dataclass(frozen=True)
class SemanticSample:
    """An image file and the label map file of the same size."""

    image: Path
    label_map: Path


@dataclass(frozen=True)
class CopyPaste:
    """With which ``probability`` a sample gets objects of another, and which label is never copied."""

    probability: float
    ignore_index: int


class SemanticDataset(Dataset[Pair]):
    """Samples indexed by ``(index, seed)``: the augmentation of a sample depends on its seed alone."""

    def __init__(
        self,
        samples: Sequence[SemanticSample],
        augmentation: Callable[..., tuple],
        copy_paste: CopyPaste | None = None,
    ) -> None:
        self.samples, self.augmentation, self.copy_paste = list(samples), augmentation, copy_paste

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, item: tuple[int, int]) -> Pair:
        """Image ``(3, H, W)`` float in 0..1 and labels ``(H, W)`` int64."""
        index, seed = item
        image, labels = self._pasted(self._augmented(index, seed), seed)
        return image.float() / 255, labels.long()

    def _pasted(self, pair: Pair, seed: int) -> Pair:
        """``pair``, with objects of a sample that ``seed`` draws laid over it if ``seed`` says so."""
        if self.copy_paste is None:
            return pair
        generator = np.random.default_rng(seed)
        if generator.random() >= self.copy_paste.probability:
            return pair
        other, other_seed = int(generator.integers(len(self))), int(generator.integers(2**62))
        return paste_objects(pair, self._augmented(other, other_seed), self.copy_paste.ignore_index, generator)

    def _augmented(self, index: int, seed: int) -> Pair:
        """Image ``(3, H, W)`` uint8 and labels ``(H, W)`` int32 of one sample, changed as ``seed`` draws."""
        sample = self.samples[index]
        image, labels = read_image(sample.image), read_label_map(sample.label_map)
        if image.shape[:2] != labels.shape:
            raise DataError(
                f"{sample.label_map}: is {labels.shape}, but its image {sample.image.name} is {image.shape[:2]} "
                "(height, width); expected the same size. Draw the masks again."
            )
        picture = tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1))
        # int32, because torchvision's kernels know no uint16.
        mask = tv_tensors.Mask(torch.from_numpy(labels.astype("int32")))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            picture, mask = self.augmentation(picture, mask)
        return picture.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor)
