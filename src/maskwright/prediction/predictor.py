"""The predictor: a network with its classes and input size, which predicts one image, a list or a stream of images."""

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
from maskwright.parallel.pool import cores
from maskwright.parallel.threads import map_in_threads
from maskwright.parallel.waiting_threads import threads_give_way
from maskwright.prediction.batches import in_batches
from maskwright.prediction.computation import Precision, computing_in
from maskwright.prediction.instance import Detections, batch_size_of, detect, encode_instances
from maskwright.prediction.instance_tiles import predict_tiles, require_tiles_alone
from maskwright.prediction.panoptic import predict_panoptic_maps, require_plain
from maskwright.prediction.semantic import PLAIN, Pixels, input_sizes, predict_label_maps, predict_pixels
from maskwright.prediction.sources import Image, ImageSource, as_image
from maskwright.prediction.test_time_augmentation import Views
from maskwright.prediction.tile_choice import choose_tile
from maskwright.structures import ClassTable, Instances, LabelMap, PanopticMap, Task

Found = TypeVar("Found")
Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH_ON_GPU = 8


@dataclass(frozen=True)
class Predictor(Generic[Found]):
    """A network in evaluation mode that predicts images of any size.

    Args:
        module: The network, in evaluation mode, on the device where it runs.
        task: ``instance``, which predicts :class:`~maskwright.structures.Instances`, ``semantic``, which predicts
            label maps, or ``panoptic``, which predicts a :class:`~maskwright.structures.PanopticMap`.
        classes: The classes of its labels 1..K.
        input_size: The size to which images are resized before the network sees them, as in its training.
        file: The file of its weights, which errors name. None without one, as during training.
        precision: ``fp32``, or ``bf16`` for products and convolutions in bfloat16, see
            :mod:`maskwright.prediction.computation`.

    Example:
        >>> import numpy as np
        >>> from maskwright.images.resize import InputSize
        >>> from maskwright.models.catalogue import create_model
        >>> from maskwright.prediction.predictor import Predictor
        >>> from maskwright.structures import ClassTable
        >>> module = create_model("residual_attention_unet", 2, {"widths": [4, 8]}).eval()
        >>> table = ClassTable.from_names(["cat", "dog"])
        >>> model = Predictor(module, "semantic", table, InputSize(True, 32), file=None)
        >>> model.predict(np.zeros((20, 30, 3), np.uint8)).shape
        (20, 30)
    """

    module: nn.Module
    task: Task
    classes: ClassTable
    input_size: InputSize
    file: Path | None
    precision: Precision = "fp32"

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        return next(self.module.parameters()).device

    @property
    def usual_batch(self) -> int:
        """The number of images that the network sees at once by default: 1 on a CPU, 8 on a GPU."""
        return 1 if self.device.type == "cpu" else BATCH_ON_GPU

    @property
    def result_threads(self) -> int:
        """The threads that encode results while the network goes on: none on a CPU, whose cores it needs itself."""
        return 0 if self.device.type == "cpu" else min(cores(), BATCH_ON_GPU)

    @property
    def usual_tile(self) -> int:
        """The side of the tiles that suit large images, see :func:`maskwright.prediction.tile_choice.choose_tile`."""
        return choose_tile(self.module, self.input_size, None)

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
        """Predict one image, or each image of an iterable.

        A list gives the same results as its images one by one. With ``batch`` 1 they are equal to the bit. In larger
        batches sums are rounded differently: on a CPU boxes move by less than 1e-4 px and scores by less than 1e-5, and
        a mask pixel changes only where its probability is within rounding of the threshold. Only images that need the
        same padding share a batch.

        Args:
            images: An array ``(H, W, 3)`` uint8 RGB, a gray array ``(H, W)`` uint8, the path of an image file, or an
                iterable of these. Images may differ in size.
            batch: The most images that the network sees at once. None is 1 on a CPU and 8 on a GPU. Memory grows with
                it. For ``views`` with a window it counts windows.
            score: The lowest score, 0 to 1, of an object that is returned. The default 0 returns everything that the
                network finds, which average precision needs. For looking at results, 0.5 is usual. Instance models
                only.
            views: What a semantic network averages its probabilities over: mirror image, scales, windows. By default it
                sees the image once. An instance network takes a window alone, and an overlap above 0: objects are
                merged across its seams, see :func:`~maskwright.prediction.instance_tiles.predict_tiles`.

        Returns:
            For one image of an instance network, its :class:`~maskwright.structures.Instances`, best score first, with
            the model's ``classes``. For one image of a semantic network, its label map ``(H, W)``, uint8 or with more
            than 254 classes uint16, where 0 is background. For an iterable, a list of these in its order.

        Raises:
            UsageError: For an array of another shape or dtype, a path without a file, a ``batch`` below 1, a ``score``
                outside 0..1, a ``score`` for a semantic network, or ``flip`` or ``scales`` for an instance network.
            DataError: For a file that cannot be decoded.
            WeightsError: When the network's output is NaN or infinite; the file of its weights is named.

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
        """Predict the images of an iterable one after the other, as :meth:`predict` does, without holding them all.

        Args:
            images: As in :meth:`predict`. At most four batches are read ahead, and nothing with ``batch`` 1.
            batch: As in :meth:`predict`.
            score: As in :meth:`predict`.
            views: As in :meth:`predict`.

        Returns:
            An iterator of the results, in the order of ``images``.

        Raises:
            UsageError: At the call for wrong arguments, and during the iteration for a wrong image, as :meth:`predict`.
            DataError: During the iteration, as :meth:`predict`.
            WeightsError: During the iteration, as :meth:`predict`.

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
        if self.task == "panoptic":
            found = self.panoptic_maps(named, self._batch(batch), views)
            return cast("Iterator[Found]", (one for _, _, one in found))
        found = self.instances(named, self._batch(batch), views)
        return cast("Iterator[Found]", (one[one.scores >= score] for _, _, one in found))

    def instances(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1, views: Views = PLAIN
    ) -> Iterator[tuple[Item, Image, Instances]]:
        """Yield each pair of any object and an image together with the instances in the image.

        The object is handed through, so that a caller can keep an id or a record beside its image.

        Args:
            images: Pairs of anything and an array ``(H, W, 3)`` uint8 RGB. They are read when needed, at most four
                batches ahead.
            batch: The most images, or tiles, that the network sees at once, 1 or more.
            views: Only its window and its overlap, above 0: each image is predicted in tiles of that side.

        Yields:
            The object, the image and its :class:`~maskwright.structures.Instances`, best score first and with the
            model's ``classes``, in the order of ``images``.

        Raises:
            WeightsError: When the network's output is NaN or infinite.

        Example:
            >>> import maskwright as mw
            >>> model = mw.load_model("runs/first")
            >>> photos = mw.CocoDataset.open("labels.json", images="photos")
            >>> pairs = ((sample.name, sample.image) for sample in photos)
            >>> counts = {name: len(found) for name, image, found in model.instances(pairs)}
        """
        if views.window is not None:
            return self._tiled(images, batch, views.window, views.overlap)
        batch_size = cache(partial(batch_size_of, self.module, self.input_size))

        def predict(pairs: list[tuple[Item, Image]]) -> list[Detections]:
            with self._computing():
                return detect(self.module, [image for _, image in pairs], self.input_size)

        def encoded(one: tuple[tuple[Item, Image], Detections]) -> tuple[Item, Image, Instances]:
            (item, image), found = one
            instances = encode_instances(self.module, found, image.shape[:2])
            instances.classes = self.classes
            return item, image, instances

        found = in_batches(images, lambda pair: batch_size(_size(pair)), predict, batch)
        return map_in_threads(encoded, found, self.result_threads)

    def _tiled(
        self, images: Iterable[tuple[Item, Image]], batch: int, window: int, overlap: float
    ) -> Iterator[tuple[Item, Image, Instances]]:
        def predict(tiles: Iterable[Image]) -> Iterator[Instances]:
            return (found for _, _, found in self.instances(((None, tile) for tile in tiles), batch))

        for item, image in images:
            yield item, image, predict_tiles(predict, image, window, overlap)

    def label_maps(
        self,
        images: Iterable[tuple[Item, Image]],
        batch: int = 1,
        views: Views = PLAIN,
        watch: Callable[[list[Item], Any], None] | None = None,
    ) -> Iterator[tuple[Item, Image, LabelMap]]:
        """Yield each pair of any object and an image together with the label map of the image.

        Args:
            images: As in :meth:`instances`.
            batch: The most images, or with a window in ``views`` the most windows, that the network sees at once.
            views: What the probabilities are averaged over.
            watch: A function that is given each output of the network, such as to compute a loss: the objects of the
                batch, and the :class:`~maskwright.models.semantic.SemanticOutput`.

        Yields:
            The object, the image and its label map ``(H, W)``, in the order of ``images``.

        Raises:
            WeightsError: When the network's output is NaN or infinite.

        Example:
            >>> import numpy as np
            >>> from maskwright.images.resize import InputSize
            >>> from maskwright.models.catalogue import create_model
            >>> from maskwright.prediction.predictor import Predictor
            >>> from maskwright.structures import ClassTable
            >>> module = create_model("residual_attention_unet", 2, {"widths": [4, 8]}).eval()
            >>> table = ClassTable.from_names(["cat", "dog"])
            >>> model = Predictor(module, "semantic", table, InputSize(True, 32), file=None)
            >>> images = [("a.png", np.zeros((20, 30, 3), np.uint8))]
            >>> [(name, label_map.shape) for name, image, label_map in model.label_maps(images)]
            [('a.png', (20, 30))]
        """
        return self._semantic(predict_label_maps, images, batch, views, watch)

    def pixels(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1, views: Views = PLAIN
    ) -> Iterator[tuple[Item, Image, Pixels]]:
        """Yield each pair of any object and an image together with the most likely class and confidence of each pixel.

        Args:
            images: As in :meth:`instances`.
            batch: As in :meth:`label_maps`.
            views: As in :meth:`label_maps`.

        Yields:
            The object, the image and its :class:`~maskwright.prediction.semantic.Pixels`, in the order of ``images``.

        Raises:
            WeightsError: When the network's output is NaN or infinite.

        Example:
            >>> import numpy as np
            >>> from maskwright.images.resize import InputSize
            >>> from maskwright.models.catalogue import create_model
            >>> from maskwright.prediction.predictor import Predictor
            >>> from maskwright.structures import ClassTable
            >>> module = create_model("residual_attention_unet", 2, {"widths": [4, 8]}).eval()
            >>> table = ClassTable.from_names(["cat", "dog"])
            >>> model = Predictor(module, "semantic", table, InputSize(True, 32), file=None)
            >>> ((_, _, pixels),) = model.pixels([("a.png", np.zeros((20, 30, 3), np.uint8))])
            >>> pixels.label_map.shape, pixels.confidence.shape
            ((20, 30), (20, 30))
        """
        return self._semantic(predict_pixels, images, batch, views)

    def panoptic_maps(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1, views: Views = PLAIN
    ) -> Iterator[tuple[Item, Image, PanopticMap]]:
        """Yield each pair of any object and an image together with the panoptic map of the image.

        Args:
            images: As in :meth:`instances`.
            batch: The most images that the network sees at once.
            views: Only plain ones: each image is predicted once and whole.

        Yields:
            The object, the image and its :class:`~maskwright.structures.PanopticMap`, in the order of ``images``.

        Raises:
            UsageError: For other views.
            WeightsError: When the network's output is NaN or infinite.

        Example:
            >>> import numpy as np
            >>> from maskwright.images.resize import InputSize
            >>> from maskwright.models.catalogue import create_model
            >>> from maskwright.prediction.predictor import Predictor
            >>> from maskwright.structures import ClassTable
            >>> module = create_model("mask2former_tiny_panoptic", 2, {}).eval()
            >>> table = ClassTable.from_names(["car", "sky"]).with_stuff(["sky"])
            >>> model = Predictor(module, "panoptic", table, InputSize(True, 64), file=None)
            >>> ((_, _, found),) = model.panoptic_maps([("a.png", np.zeros((20, 30, 3), np.uint8))])
            >>> found.ids.shape
            (20, 30)
        """
        require_plain(views)

        def predict(pairs: list[tuple[Item, Image]]) -> list[PanopticMap]:
            with self._computing():
                return predict_panoptic_maps(self.module, [image for _, image in pairs], self.input_size, self.classes)

        return _flat(in_batches(images, lambda pair: input_sizes(self.input_size, _size(pair)), predict, batch))

    def _semantic(
        self,
        predict_batch: Callable[..., list[Result]],
        images: Iterable[tuple[Item, Image]],
        batch: int,
        views: Views,
        watch: Callable[[list[Item], Any], None] | None = None,
    ) -> Iterator[tuple[Item, Image, Result]]:
        def size_of(pair: tuple[Item, Image]) -> tuple[tuple[int, int], ...]:
            return input_sizes(self.input_size, _size(pair), views)

        def predict(pairs: list[tuple[Item, Image]]) -> list[Result]:
            arrays, module = [image for _, image in pairs], self.module
            if watch is not None:
                module = _Watched(module, partial(watch, [item for item, _ in pairs]))
            with self._computing():
                return predict_batch(module, arrays, self.input_size, self.classes.label_dtype, views, batch)

        # With windows, a batch holds windows of one image.
        return _flat(in_batches(images, size_of, predict, batch if views.window is None else 1))

    def of_task(
        self, images: Iterable[tuple[Item, Image]], batch: int = 1, views: Views = PLAIN
    ) -> Iterator[tuple[Item, Image, Any]]:
        """Yield what the method of the model's task does: :meth:`instances`, :meth:`label_maps`, :meth:`panoptic_maps`.

        Args:
            images: As in :meth:`instances`.
            batch: As in the method.
            views: As in the method.

        Returns:
            An iterator of the object, the image and its result, in the order of ``images``.

        Raises:
            UsageError: For views that the method refuses.
            WeightsError: When the network's output is NaN or infinite.

        Example:
            >>> import maskwright as mw
            >>> model = mw.load_model("runs/first")
            >>> photos = mw.CocoDataset.open("labels.json", images="photos")
            >>> pairs = ((sample.name, sample.image) for sample in photos)
            >>> found = {name: instances for name, image, instances in model.of_task(pairs)}
        """
        methods = {"instance": self.instances, "semantic": self.label_maps, "panoptic": self.panoptic_maps}
        return methods[self.task](images, batch, views)

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Let threads give way; name the file of the weights when the network's output is not finite."""
        try:
            with threads_give_way(), computing_in(self.precision, self.device):
                yield
        except NotFinite as error:
            if self.file is None:
                raise
            raise WeightsError(f"{self.file}: {error}") from error

    def _batch(self, batch: int | None) -> int:
        if batch is None:
            return self.usual_batch
        if batch < 1:
            raise UsageError(f"batch {batch}: expected 1 or more images at once.")
        return batch

    def _require(self, score: float, views: Views) -> None:
        if not 0 <= score <= 1:
            raise UsageError(f"score {score}: expected a number from 0 to 1.")
        if self.task != "instance" and score > 0:
            raise UsageError(f"A {self.task} model; score is for the objects of instance models. Leave it out.")
        if self.task == "panoptic":
            require_plain(views)
        if self.task == "instance":
            require_tiles_alone(views, "views with flip or scales")


class _Watched(nn.Module):
    """A network whose outputs are given to ``watch`` as well."""

    def __init__(self, network: nn.Module, watch: Callable[[Any], None]) -> None:
        super().__init__()
        self.network, self.watch = network, watch

    def forward(self, images: torch.Tensor) -> Any:
        output = self.network(images)
        self.watch(output)
        return output


def _size(pair: tuple[Item, Image]) -> tuple[int, int]:
    return pair[1].shape[0], pair[1].shape[1]


def _flat(pairs: Iterable[tuple[tuple[Item, Image], Result]]) -> Iterator[tuple[Item, Image, Result]]:
    return ((item, image, result) for (item, image), result in pairs)
