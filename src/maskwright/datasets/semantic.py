"""Semantic training samples: an image and its label map, augmented together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors

from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.masks.png import read_label_map


@dataclass(frozen=True)
class SemanticSample:
    """An image file and the label map file of the same size."""

    image: Path
    label_map: Path


class SemanticDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Samples indexed by ``(index, seed)``: the augmentation of a sample depends on its seed alone."""

    def __init__(self, samples: Sequence[SemanticSample], augmentation: Callable[..., tuple]) -> None:
        self.samples, self.augmentation = list(samples), augmentation

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, item: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Image ``(3, H, W)`` float in 0..1 and labels ``(H, W)`` int64."""
        index, seed = item
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
        return picture.as_subclass(torch.Tensor).float() / 255, mask.as_subclass(torch.Tensor).long()
