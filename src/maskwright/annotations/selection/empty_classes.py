"""Files without masks and classes without an object: found before the work, and refused unless they are meant."""

from collections import Counter
from collections.abc import Mapping, Sequence

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.coco.file_kind import is_absent
from maskwright.annotations.faults import FAULTS
from maskwright.errors import DataError, some_of

_MOST_LISTED = 20


def require_masks(coco: CocoFile) -> None:
    """Raise ``DataError`` when ``coco`` is of another kind, such as boxes alone, so that nothing in it can be drawn."""
    if coco.kind is not None:
        remedy = FAULTS[coco.kind.code].remedy
        error = DataError(f"{coco.path}: {coco.kind}; expected objects with masks. {remedy[0].upper()}{remedy[1:]}.")
        raise error.try_next("check", coco.path)


def count_objects(coco: CocoFile, labels: Mapping[int, int]) -> Counter[int]:
    """Return the number of annotations with a segmentation by label; ``labels`` are by category id.

    Crowd regions count too, and so does a segmentation that cannot be drawn; nothing is rasterised.
    """
    return Counter(
        labels[each.category_id]
        for each in coco.annotations
        if each.category_id in labels and not is_absent(each.segmentation)
    )


def require_training_objects(names: Sequence[str], counts: Sequence[int], source: str, grouped: bool) -> None:
    """Raise ``DataError`` with the remedy when a class has no object to train on.

    Args:
        names: The classes.
        counts: The number of training objects of each.
        source: The training data in messages.
        grouped: Whether the classes are groups, which the recipe does not list by name.
    """
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if not empty:
        return
    kept = [name for name in names if name not in empty]
    listed = kept and not grouped and len(kept) <= _MOST_LISTED
    remedy = f"Leave them out with --set 'classes=[{', '.join(kept)}]', or train" if listed else "Train"
    raise DataError(
        f"{source}: has no object of {len(empty)} of the {len(names)} {'groups' if grouped else 'classes'} "
        f"({some_of(empty, 8)}); expected at least one of each, because a model learns nothing of what it never sees. "
        f"{remedy} all the same with --allow-empty-classes (in a recipe data.allow_empty_classes: true)."
    )
