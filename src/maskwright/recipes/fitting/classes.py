"""The choice of the classes to train on: those with enough objects on enough images."""

from collections.abc import Sequence
from dataclasses import dataclass

from maskwright.errors import DataError, some_of, unknown_name
from maskwright.recipes.fitting.figures import ClassFigures
from maskwright.structures import normalise_name

LEAST_OBJECTS = 10
# A class needs images in both parts. The share keeps many rare classes of a large file out of a short training.
LEAST_IMAGES, SHARE_OF_IMAGES, MOST_DEMANDED = 5, 0.02, 50
# From random weights a class on a few photographs stays background, and a dozen such classes drown the others.
SHARE_FROM_RANDOM = 0.1


@dataclass(frozen=True)
class ClassChoice:
    """The classes ``kept``, in the file's order, those ``left_out`` with too few objects, and the ``empty`` ones.

    With ``asked_for`` the user named those that are kept.
    """

    kept: tuple[ClassFigures, ...]
    left_out: tuple[ClassFigures, ...]
    empty: tuple[str, ...]
    least_images: int
    asked_for: bool = False

    @property
    def names(self) -> list[str]:
        """The names of the classes that are kept."""
        return [each.name for each in self.kept]

    @property
    def reason(self) -> str:
        """What is kept and left out, and by which figures."""
        kept = some_of((_counted(each) for each in sorted(self.kept, key=lambda each: -each.objects)), 4)
        lines = [f"with {LEAST_OBJECTS} objects on {self.least_images} images or more: {kept}"]
        if self.asked_for:
            lines = [f"as asked for: {kept}"]
            if self.left_out:
                lines.append(f"All others are background: {some_of((each.name for each in self.left_out), 60)}")
            return ". ".join(lines)
        if len(self.kept) == 1 and self.kept[0].images < self.least_images:
            lines = [f"none has {LEAST_OBJECTS} objects on {self.least_images} images; the most frequent: {kept}"]
        if self.left_out:
            fewer = some_of((_counted(each) for each in sorted(self.left_out, key=lambda each: -each.objects)), 60)
            lines.append(f"Left out, so background: {fewer}; add a name to train on it all the same")
        if self.empty:
            parent = ", as the parent category that Roboflow writes" if len(self.empty) == 1 else ""
            lines.append(f"Without an object{parent}: {some_of(self.empty, 4)}")
        return ". ".join(lines)


def choose_classes(
    classes: Sequence[ClassFigures],
    images: int,
    source: str,
    wanted: Sequence[str] | None = None,
    from_random: bool = False,
) -> ClassChoice:
    """Return the choice among the ``classes`` of a file with so many ``images``; ``source`` names the file.

    When no class has enough, the one with most images is kept. Those ``wanted`` by the user are kept in any case. A
    training ``from_random`` weights demands more images of each.

    Raises ``DataError`` when no class has an object with a segmentation, ``UsageError`` with the nearest names for a
    class that the file does not have.
    """
    present = [each for each in classes if each.objects]
    empty = tuple(each.name for each in classes if not each.objects)
    if not present:
        raise DataError(
            f"{source}: no object has a segmentation ({some_of(empty) or 'there are no categories'}); expected "
            f"polygons or RLE to train on. `maskwright check {source}` says what the file holds."
        )
    if wanted is not None:
        return _wanted(classes, wanted)
    share = SHARE_FROM_RANDOM if from_random else SHARE_OF_IMAGES
    least = max(LEAST_IMAGES, min(MOST_DEMANDED, round(share * images)))
    kept = [each for each in present if each.objects >= LEAST_OBJECTS and each.images >= least]
    kept = kept or [max(present, key=lambda each: (each.images, each.objects))]
    left_out = tuple(each for each in present if each not in kept)
    return ClassChoice(tuple(kept), left_out, empty, least)


def _wanted(classes: Sequence[ClassFigures], wanted: Sequence[str]) -> ClassChoice:
    by_name = {each.name: each for each in classes}
    if list(wanted) == ["all"]:
        wanted = [each.name for each in classes if each.objects]
    names = list(dict.fromkeys(normalise_name(name) for name in wanted))
    for name in names:
        if name not in by_name:
            raise unknown_name("class", name, by_name)
    left_out = tuple(each for each in classes if each.objects and each.name not in names)
    empty = tuple(each.name for each in classes if not each.objects and each.name not in names)
    return ClassChoice(tuple(by_name[name] for name in names), left_out, empty, 0, asked_for=True)


def _counted(each: ClassFigures) -> str:
    return f"{each.name} ({each.objects} on {each.images})"
