"""Semantic segmentation samples: an image and its label map, augmented together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors

from maskwright.datasets.augmentation import Resize, resize_nearest
from maskwright.datasets.copy_paste import ImageAndLabels, paste_objects
from maskwright.datasets.paste_sources import PasteSources
from maskwright.datasets.pixel_store import Labels, Pixels, PixelStore
from maskwright.errors import DataError
from maskwright.images.decode import read_image
from maskwright.images.resize import InputSize
from maskwright.masks.panoptic_png import read_panoptic_png
from maskwright.masks.png import read_label_map


@dataclass(frozen=True)
class SemanticSample:
    """An image file, and the label map file of the same size; with ``panoptic`` it is a PNG file of segment ids."""

    image: Path
    label_map: Path
    panoptic: bool = False


@dataclass(frozen=True)
class CopyPaste:
    """The settings of copy-paste: its ``probability`` for a sample, and the label ``ignore_index``, never pasted.

    ``weights`` ``(N,)`` are those of the samples as sources; None draws all of them equally often.
    """

    probability: float
    ignore_index: int
    weights: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class SampleCache:
    """The store of decoded samples, and the ``size`` to which they are resized before; None keeps their own size.

    ``size`` must be the first thing that the augmentation does to every image, without chance and by ``resize``; see
    :func:`size_to_keep`.
    """

    store: PixelStore
    resize: Resize
    size: InputSize | None = None


def size_to_keep(size: tuple[int, int], resized: InputSize | None) -> tuple[int, int]:
    """Return the ``(H, W)`` at which to store an image of ``size`` that is always ``resized`` first.

    It is the image's own size where a second resizing would change the size again.
    """
    if resized is None or resized.of(resized.of(size)) != resized.of(size):
        return size
    return resized.of(size)


class SemanticDataset(Dataset[ImageAndLabels]):
    """Semantic samples indexed by ``(index, seed)``: the augmentation of a sample depends on its seed alone.

    ``label_dtype`` must hold every label and the one that the augmentation fills with. torchvision's kernels lack
    uint16. ``cache`` keeps decoded samples.
    """

    def __init__(
        self,
        samples: Sequence[SemanticSample],
        augmentation: Callable[..., tuple],
        copy_paste: CopyPaste | None = None,
        label_dtype: torch.dtype = torch.int32,
        cache: SampleCache | None = None,
    ) -> None:
        """Take ``samples``; ``augmentation`` maps an image and its label map to both of them."""
        self.samples, self.augmentation, self.copy_paste = list(samples), augmentation, copy_paste
        self.label_dtype, self.kept = label_dtype, cache
        self.sources = PasteSources(len(self.samples), copy_paste.weights if copy_paste is not None else None)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.samples)

    def __getitem__(self, item: tuple[int, int]) -> ImageAndLabels:
        """Return the image ``(3, H, W)`` uint8 and the labels ``(H, W)`` of ``label_dtype``.

        Both are small, because worker processes pass them on; see :func:`to_model_input`.

        Raises ``DataError`` when a file cannot be decoded, or the two differ in size.
        """
        index, seed = item
        return self._pasted(self._augmented(index, seed), seed)

    def _pasted(self, pair: ImageAndLabels, seed: int) -> ImageAndLabels:
        """Return ``pair``, with objects of a second sample pasted onto it where ``seed`` draws so."""
        if self.copy_paste is None:
            return pair
        generator = np.random.default_rng(seed)
        if generator.random() >= self.copy_paste.probability:
            return pair
        other, other_seed = self.sources.draw(generator), int(generator.integers(2**62))
        return paste_objects(pair, self._augmented(other, other_seed), self.copy_paste.ignore_index, generator)

    def _augmented(self, index: int, seed: int) -> ImageAndLabels:
        """Return image ``(3, H, W)`` uint8 and labels ``(H, W)`` of one sample, augmented by ``seed``."""
        image, labels = self._pixels(index)
        picture = tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1))
        mask = tv_tensors.Mask(_tensor(labels).to(self.label_dtype))
        with torch.random.fork_rng(devices=[]):
            # Not torch.manual_seed, which walks the stack to seed CUDA lazily.
            torch.default_generator.manual_seed(seed)
            picture, mask = self.augmentation(picture, mask)
        return picture.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor)

    def _pixels(self, index: int) -> Pixels:
        """Return image ``(H, W, 3)`` and labels ``(H, W)`` before any random change."""
        if self.kept is None:
            return read_pixels(self.samples[index])
        pixels = self.kept.store.get(index)
        if pixels is None:
            pixels = _resized(read_pixels(self.samples[index]), self.kept)
            self.kept.store.put(index, pixels)
        return pixels


def read_pixels(sample: SemanticSample) -> Pixels:
    """Return the image ``(H, W, 3)`` and the labels ``(H, W)`` of a sample's files.

    Raises ``DataError`` when a file cannot be decoded, or the two differ in size.
    """
    read: Callable[[Path], Labels] = read_panoptic_png if sample.panoptic else read_label_map
    image, labels = read_image(sample.image), read(sample.label_map)
    if image.shape[:2] != labels.shape:
        raise DataError(
            f"{sample.label_map}: is {labels.shape}, but its image {sample.image.name} is {image.shape[:2]} "
            "(height, width); expected the same size. Draw the masks again."
        )
    return image, labels


def to_model_input(batch: ImageAndLabels, device: torch.device | str) -> ImageAndLabels:
    """Return a ``batch`` of the dataset on ``device`` as the model takes it.

    Images become ``(B, 3, H, W)`` float32 in 0..1, labels ``(B, H, W)`` int64.
    """
    images, labels = batch
    if torch.device(device).type == "cpu":
        # By NumPy, in one thread. torch's threads wait for each other in a busy loop, which costs many times this work
        # when loading processes use the cores.
        shares = np.divide(images.numpy(), np.float32(255), dtype=np.float32)
        return torch.from_numpy(shares), torch.from_numpy(labels.numpy().astype(np.int64))
    images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
    return images.float().div_(255), labels.long()


def _resized(pixels: Pixels, kept: SampleCache) -> Pixels:
    """Return ``pixels`` at the size at which they are stored, resized exactly as the augmentation does."""
    image, labels = pixels
    new = size_to_keep(labels.shape, kept.size)
    if new == labels.shape:
        return pixels
    smooth = kept.resize(torch.from_numpy(image).permute(2, 0, 1), list(new))
    nearest = resize_nearest(_tensor(labels), list(new))
    return smooth.permute(1, 2, 0).numpy(), nearest.numpy().astype(labels.dtype)


def _tensor(labels: Labels) -> torch.Tensor:
    """Return ``labels`` as uint8 or int32, because torch's operations lack the other unsigned types."""
    return torch.from_numpy(labels if labels.dtype == np.uint8 else labels.astype(np.int32))
