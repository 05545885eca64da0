"""A network with what prediction needs besides its weights, for one image, a list, or as many as a generator gives."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, overload

import numpy as np
import torch
from torch import nn

from maskwright.errors import NotFinite, UsageError, WeightsError
from maskwright.images.resize import InputSize
from maskwright.prediction.batches import in_batches
from maskwright.prediction.instance import batch_size_of, predict_instances
from maskwright.prediction.semantic import PLAIN, Pixels, input_sizes, predict_label_maps, predict_pixels
from maskwright.prediction.sources import Image, ImageSource, as_image
from maskwright.prediction.test_time_augmentation import Views
from maskwright.structures import ClassTable, Instances, LabelMap, Task

Found = TypeVar("Found")
Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH_ON_GPU = 8


@dataclass(frozen=True)
class Predictor(Generic[Found]):
    """A network in evaluation mode that predicts images of any size.

    Args:
        module: The network, in evaluation mode, on the device where it is to run.
        task: ``instance``, which finds :class:`~maskwright.structures.Instances`, or ``semantic``, label maps.
        classes: The classes that its labels 1..K mean.
        input_size: The size at which a semantic network sees images; an instance network resizes by itself.
        file: The file of its weights, which errors name; None where there is none, as in training.
    """

    module: nn.Module
    task: Task
    classes: ClassTable
    input_size: InputSize
    file: Path | None

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return next(self.module.parameters()).device

    @overload
    def predict(  # type: ignore[reportOverlappingOverload] # a str is an Iterable[str] too, but one path
        self, images: ImageSource, *, batch: int | None = None, score: float = 0.0, views: Views = PLAIN
    ) -> Found: ...

    @overload
    def predict(
        self, images: Iterable[ImageSource], *, batch: int | None = None, score: float = 0.0, views: Views = PLAIN
    ) -> list[Found]: ...

    def predict(
        self,
        images: ImageSource | Iterable[ImageSource],
        *,
        batch: int | None = None,
        score: float = 0.0,
        views: Views = PLAIN,
    ) -> Any:
        """Predict one image, or each image of a list or another iterable.

        A list gives what its images give one by one. With ``batch`` 1 it is the same to the bit. In larger batches
        sums are rounded otherwise: on a CPU boxes move by less than 1e-4 px and scores by less than 1e-5, and a pixel
        of a mask changes only where its probability is within rounding of the threshold. For that, only images go
        together that need the same padding.

        Args:
            images: An array ``(H, W, 3)`` uint8 RGB, a gray one ``(H, W)``, the path of an image file, or an iterable
                of these. Images may differ in size.
            batch: The most images that the network sees at once. None is 1 on a CPU, 8 on a GPU. Memory grows with
                it. For ``views`` with a window it counts windows.
            score: The lowest score of an object that is returned. 0 returns all that the network finds, which average
                precision needs. To look at results, 0.5 is usual.
            views: What a semantic network averages its probabilities over: mirror image, scales, windows.

        Returns:
            For one image, the :class:`~maskwright.structures.Instances` that an instance network finds, best score
            first, or the label map ``(H, W)`` of a semantic one (0 is background). For an iterable, a list of them in
            its order.

        Raises:
            UsageError: For an array of another shape or dtype, a path without a file, a ``batch`` below 1, a ``score``
                outside 0..1, a ``score`` for a semantic network, and ``views`` for an instance network.
            DataError: For a file that cannot be decoded.
            WeightsError: When the network answers with NaN or infinity; its file is named.

        Example:
            >>> from pathlib import Path
            >>> import maskwright as mw
            >>> model = mw.load_model("runs/first")
            >>> photos = sorted(Path("photos").iterdir())
            >>> first = model.predict(photos[0], score=0.5)
            >>> found = model.predict(photos, batch=2)
            >>> len(found) == len(photos)
            True
        """
        if isinstance(images, str | Path | np.ndarray) or not isinstance(images, Iterable):
            return next(self.iter_predict([images], batch=batch, score=score, views=views))
        return list(self.iter_predict(images, batch=batch, score=score, views=views))

    def iter_predict(
        self,
        images: Iterable[ImageSource],
        *,
        batch: int | None = None,
        score: float = 0.0,
        views: Views = PLAIN,
    ) -> Iterator[Found]:
        """Predict images one after the other, as :meth:`predict` does, without holding them all.

        Args:
            images: As in :meth:`predict`; at most four batches are read ahead, and nothing with ``batch`` 1.
            batch: As in :meth:`predict`.
            score: As in :meth:`predict`.
            views: As in :meth:`predict`.

        Returns:
            An iterator of the results, in the order of ``images``.

        Raises:
            MaskwrightError: As :meth:`predict`, wrong arguments at the call and wrong images when it is their turn.

        Example:
            >>> from pathlib import Path
            >>> import maskwright as mw
            >>> model = mw.load_model("runs/first")
            >>> photos = sorted(Path("photos").iterdir())
            >>> counts = [len(found) for found in model.iter_predict(photos)]
        """
        self._require(score, views)
        named = ((None, as_image(source, f"images[{number}]")) for number, source in enumerate(images))
        if self.task == "semantic":
            maps = self.label_maps(named, self._batch(batch), views)
            return cast("Iterator[Found]", (label_map for _, _, label_map in maps))
        found = self.instances(named, self._batch(batch))
        return cast("Iterator[Found]", (one[one.scores >= score] for _, _, one in found))

    def instances(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1
    ) -> Iterator[tuple[Item, Image, Instances]]:
        """Yield each pair of anything and an image with the objects found in the image, in order; pairs are read late.

        Raises ``WeightsError`` for answers that are not finite, as do :meth:`label_maps` and :meth:`pixels`.
        """
        batch_size = cache(partial(batch_size_of, self.module))

        def predict(pairs: list[tuple[Item, Image]]) -> list[Instances]:
            with self._named():
                return predict_instances(self.module, [image for _, image in pairs])

        return _flat(in_batches(images, lambda pair: batch_size(_size(pair)), predict, batch))

    def label_maps(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1, views: Views = PLAIN
    ) -> Iterator[tuple[Item, Image, LabelMap]]:
        """Yield each pair of anything and an image with the label map ``(H, W)`` of the image."""
        return self._semantic(predict_label_maps, images, batch, views)

    def pixels(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1, views: Views = PLAIN
    ) -> Iterator[tuple[Item, Image, Pixels]]:
        """Yield each pair of anything and an image with the class of each pixel and its probability."""
        return self._semantic(predict_pixels, images, batch, views)

    def _semantic(
        self,
        predict_batch: Callable[..., list[Result]],
        images: Iterable[tuple[Item, Image]],
        batch: int,
        views: Views,
    ) -> Iterator[tuple[Item, Image, Result]]:
        def size_of(pair: tuple[Item, Image]) -> tuple[tuple[int, int], ...]:
            return input_sizes(self.input_size, _size(pair), views)

        def predict(pairs: list[tuple[Item, Image]]) -> list[Result]:
            arrays = [image for _, image in pairs]
            with self._named():
                return predict_batch(self.module, arrays, self.input_size, self.classes.label_dtype, views, batch)

        # With windows, those of one image are the batch.
        return _flat(in_batches(images, size_of, predict, batch if views.window is None else 1))

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Name the file when the network answers with numbers that are not finite."""
        try:
            yield
        except NotFinite as error:
            if self.file is None:
                raise
            raise WeightsError(f"{self.file}: {error}") from error

    def _batch(self, batch: int | None) -> int:
        if batch is None:
            return 1 if self.device.type == "cpu" else BATCH_ON_GPU
        if batch < 1:
            raise UsageError(f"batch {batch}: expected 1 or more images at once.")
        return batch

    def _require(self, score: float, views: Views) -> None:
        if not 0 <= score <= 1:
            raise UsageError(f"score {score}: expected a number from 0 to 1.")
        if self.task == "semantic" and score > 0:
            raise UsageError("A semantic model; score is for the objects of instance models. Leave it out.")
        if self.task == "instance" and not views.plain:
            raise UsageError("An instance model; views average the probabilities of semantic models. Leave them out.")


def _size(pair: tuple[Item, Image]) -> tuple[int, int]:
    return pair[1].shape[0], pair[1].shape[1]


def _flat(pairs: Iterable[tuple[tuple[Item, Image], Result]]) -> Iterator[tuple[Item, Image, Result]]:
    return ((item, image, result) for (item, image), result in pairs)
