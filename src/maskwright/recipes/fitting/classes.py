"""The choice of the classes to train on: those with enough objects on enough images."""

from collections.abc import Sequence
from dataclasses import dataclass

from maskwright.errors import DataError, some_of
from maskwright.recipes.fitting.figures import ClassFigures

LEAST_OBJECTS = 10
# A class needs images in both parts. The share keeps many rare classes of a large file out of a short training.
LEAST_IMAGES, SHARE_OF_IMAGES, MOST_DEMANDED = 5, 0.02, 50


@dataclass(frozen=True)
class ClassChoice:
    """The classes ``kept``, in the file's order, those ``left_out`` with too few objects, and the ``empty`` ones."""

    kept: tuple[ClassFigures, ...]
    left_out: tuple[ClassFigures, ...]
    empty: tuple[str, ...]
    least_images: int

    @property
    def names(self) -> list[str]:
        """The names of the classes that are kept."""
        return [each.name for each in self.kept]

    @property
    def reason(self) -> str:
        """What is kept and left out, and by which figures."""
        kept = some_of((_counted(each) for each in sorted(self.kept, key=lambda each: -each.objects)), 4)
        lines = [f"with {LEAST_OBJECTS} objects on {self.least_images} images or more: {kept}"]
        if len(self.kept) == 1 and self.kept[0].images < self.least_images:
            lines = [f"none has {LEAST_OBJECTS} objects on {self.least_images} images; the most frequent: {kept}"]
        if self.left_out:
            fewer = some_of((_counted(each) for each in sorted(self.left_out, key=lambda each: -each.objects)), 60)
            lines.append(f"Left out, so background: {fewer}; add a name to train on it all the same")
        if self.empty:
            what = some_of(self.empty, 4)
            lines.append(f"Without an object, as the parent category that Roboflow writes: {what}")
        return ". ".join(lines)


def choose_classes(classes: Sequence[ClassFigures], images: int, source: str) -> ClassChoice:
    """Return the choice among the ``classes`` of a file with so many ``images``; ``source`` names the file.

    When no class has enough, the one with most images is kept.

    Raises ``DataError`` when no class has an object with a segmentation.
    """
    present = [each for each in classes if each.objects]
    empty = tuple(each.name for each in classes if not each.objects)
    if not present:
        raise DataError(
            f"{source}: no object has a segmentation ({some_of(empty) or 'there are no categories'}); expected "
            f"polygons or RLE to train on. `maskwright check {source}` says what the file holds."
        )
    least = max(LEAST_IMAGES, min(MOST_DEMANDED, round(SHARE_OF_IMAGES * images)))
    kept = [each for each in present if each.objects >= LEAST_OBJECTS and each.images >= least]
    kept = kept or [max(present, key=lambda each: (each.images, each.objects))]
    left_out = tuple(each for each in present if each not in kept)
    return ClassChoice(tuple(kept), left_out, empty, least)


def _counted(each: ClassFigures) -> str:
    return f"{each.name} ({each.objects} on {each.images})"
