"""Count in a COCO file what a recipe is fitted to: classes, sizes of images and sides of objects."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection
from statistics import median

from maskwright.annotations.coco.file import CocoAnnotation, CocoFile, CocoImage, category_names
from maskwright.annotations.objects import true_box
from maskwright.masks.rle import BadSegmentation, rasterise
from maskwright.recipes.fitting.figures import ClassFigures, DataFigures

# Sides of so many objects, taken evenly from the file, give quantiles to a percent.
_SAMPLE = 2000
_EMPTY = (b"null", b"[]", b'""', b"{}")


def data_figures(files: Collection[CocoFile], usable: Collection[Collection[int]] | None = None) -> DataFigures:
    """Return the figures of all ``files`` together.

    ``usable`` are the ids of the images of each file that count; None counts all. Classes are matched by name. Crowd
    regions and annotations without a segmentation are not counted.
    """
    objects: Counter[str] = Counter()
    showing: defaultdict[str, int] = defaultdict(int)
    short, sides, names, total = [], [], dict[str, None](), 0
    for coco, ids in zip(files, usable or [{image.id for image in each.images} for each in files], strict=True):
        kept = set(ids)
        images = {image.id: image for image in coco.images if image.id in kept}
        by_id = category_names(coco)
        names.update(dict.fromkeys(by_id[identity] for identity in sorted(by_id)))
        counted = [each for each in coco.annotations if each.image_id in images and _is_object(each)]
        objects.update(by_id[each.category_id] for each in counted)
        for name, _ in {(by_id[each.category_id], each.image_id) for each in counted}:
            showing[name] += 1
        short += [min(image.height, image.width) for image in images.values()]
        sides += _sides(counted, images)
        total += len(counted)
    classes = tuple(ClassFigures(name, objects[name], showing[name]) for name in names)
    mean = total / len(short) if short else 0.0
    return DataFigures(len(short), classes, round(median(short)) if short else 0, mean, tuple(sorted(sides)))


def _is_object(annotation: CocoAnnotation) -> bool:
    return not annotation.iscrowd and bytes(annotation.segmentation).strip() not in _EMPTY


def _sides(annotations: list[CocoAnnotation], images: dict[int, CocoImage]) -> list[float]:
    """Return the sides of a sample of ``annotations``, as shares of the short sides of their images."""
    sides = []
    for each in annotations[:: max(1, len(annotations) // _SAMPLE)]:
        image = images[each.image_id]
        box = each.usable_box
        if box is None or not box[2] * box[3]:
            try:
                box = true_box(None, rasterise(each.segmentation, image.height, image.width))
            except BadSegmentation:
                continue
        area = box[2] * box[3]
        if 0 < area < math.inf:
            sides.append(min(1.0, math.sqrt(area) / min(image.height, image.width)))
    return sides
