"""Recognition of Cityscapes among a transfer's targets, by its layout or, in a COCO file, by its classes."""

from pathlib import Path

from maskwright.annotations.coco.file import category_names, read_coco
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.models.weights.published_classes import cityscapes_classes
from maskwright.recipes.transfer import Target

CITYSCAPES = tuple(cityscapes_classes())


def cityscapes_evidence(target: Target, root: Path) -> str | None:
    """Return how ``target`` is recognised as Cityscapes, as part of a sentence that begins with its name; else None.

    A COCO file, relative to ``root``, counts as Cityscapes when it has all of its eight classes (COCO's own lack
    ``rider``), or when the target's taxonomy leads to these eight. Built-in streets have the layout of Cityscapes but
    other images, so they do not count.

    Raises ``UsageError`` when there is no such taxonomy, ``DataError`` when it or the COCO file cannot be read.
    """
    if target.cityscapes is not None:
        return "Cityscapes"
    if target.annotations is None:
        return None
    file = root / target.annotations
    # Another check requires the file to exist.
    if file.is_file() and set(CITYSCAPES) <= set(category_names(read_coco(file)).values()):
        return f"Cityscapes, whose eight classes are in {target.annotations}"
    if target.taxonomy is not None and set(read_taxonomy(target.taxonomy).targets) == set(CITYSCAPES):
        return f"Cityscapes, whose eight classes are by {target.taxonomy} those of {target.annotations}"
    return None
