"""The figures that a recipe is fitted to: those of a data set, of a machine, and of a trial of the model."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ClassFigures:
    """One class of a file: its objects with a segmentation, crowds left out, and the images that show them."""

    name: str
    objects: int
    images: int


@dataclass(frozen=True)
class DataFigures:
    """The figures of a data set.

    ``images`` counts those whose file exists, ``short_side`` is the median of their short sides in pixels, and
    ``objects_per_image`` the mean number of objects. ``sides`` are the sides of a sample of objects (the square root of
    the area of the box), each as a share of the short side of its image, ascending.
    """

    images: int
    classes: tuple[ClassFigures, ...]
    short_side: int
    objects_per_image: float
    sides: tuple[float, ...]

    def side(self, share: float) -> float:
        """Return the side, as a share of the image's short side, below which ``share`` (0 to 1) of the objects are."""
        return quantile(self.sides, share)


@dataclass(frozen=True)
class Machine:
    """The device that trains (``cpu``, ``cuda`` or ``mps``), its name, the cores, and the memory in GiB.

    ``memory_gib`` is that of a CUDA GPU, else that of the machine; None where it is not known.
    """

    device: str = "cpu"
    name: str = "CPU"
    cores: int = 1
    memory_gib: float | None = None

    @property
    def has_gpu(self) -> bool:
        """Whether a GPU trains."""
        return self.device != "cpu"


@dataclass(frozen=True)
class StepCost:
    """What a training step costs: ``seconds`` and ``memory_gib`` for each image at ``size`` pixels.

    ``loading`` are the seconds to read an image. With ``measured`` they are from a trial on this machine, else an
    estimate. ``memory_gib`` is None where it was not measured.
    """

    seconds: float
    size: int
    loading: float = 0.0
    memory_gib: float | None = None
    measured: bool = True

    def at(self, size: int) -> float:
        """Return the seconds of an image at ``size``; the network's part grows with the number of pixels."""
        return self.loading + self.seconds * (size / self.size) ** 2


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value of ascending ``values`` below which ``share`` (0 to 1) of them are, interpolated; 0 without any.

    Example:
        >>> quantile([1, 2, 3], 0.25)
        1.5
    """
    if not values:
        return 0.0
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
