"""Stratified splits of a file, with images of one group in one part."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from maskwright.annotations.coco.file import CocoFile, category_names
from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.image_groups import merge_overlapping_sets
from maskwright.annotations.selection.stratification import Unit, stratify
from maskwright.errors import UsageError

# Images without objects are split like the images of one more class.
_WITHOUT_OBJECTS = -1

InstancesByClass = Mapping[int, int]


def parse_ratios(text: str) -> tuple[float, ...]:
    """Return the numbers of a ratio such as ``8:1:1``.

    Raises ``UsageError`` when one of them is not a number.
    """
    try:
        return tuple(float(ratio) for ratio in text.split(":"))
    except ValueError as error:
        raise UsageError(f"Ratios '{text}': expected numbers with colons between, such as 8:1:1.") from error


def split_ids(
    counts: Mapping[int, InstancesByClass],
    ratios: Sequence[float],
    seed: int,
    groups: Iterable[Collection[int]] | None = None,
) -> tuple[list[int], ...]:
    """Split image ids into parts by stratified sampling; the ids of each part ascend.

    ``counts`` gives the number of instances of each class for every image id, ``ratios`` the sizes of the parts. Every
    part has its share of the images of each class, as near as possible, and of the images without objects (see
    :mod:`maskwright.annotations.selection.stratification`). ``groups`` are sets of image ids that go to one part.
    Overlapping groups are merged, and ids that are not in ``counts`` are ignored. The result depends on ``seed`` and
    the images alone, not on their order.

    Raises ``UsageError`` unless there are at least two ratios, all positive and finite.
    """
    ids = set(counts)
    together = [members & ids for members in merge_overlapping_sets(set(group) & ids for group in groups or ())]
    alone = ids.difference(*together)
    members = sorted([*([each] for each in alone), *(sorted(group) for group in together)])
    parts = stratify([_unit([counts[i] for i in group]) for group in members], ratios, seed)
    pieces: tuple[list[int], ...] = tuple([] for _ in ratios)
    for part, group in zip(parts, members, strict=True):
        pieces[part].extend(group)
    return tuple(sorted(piece) for piece in pieces)


def stratified_split(
    images: Iterable[ImageObjects],
    ratios: Sequence[float],
    seed: int,
    groups: Iterable[Collection[int]] | None = None,
) -> tuple[list[ImageObjects], ...]:
    """Split images into parts, each in id order; see :func:`split_ids`.

    Crowd regions do not count as objects.
    """
    by_id = {objects.image.id: objects for objects in images}
    counts = {
        image_id: Counter(label for label, crowd in zip(o.labels, o.crowd, strict=True) if not crowd)
        for image_id, o in by_id.items()
    }
    return tuple([by_id[image_id] for image_id in part] for part in split_ids(counts, ratios, seed, groups))


def objects_of_images(coco: CocoFile) -> tuple[list[str], dict[int, Counter[int]]]:
    """Return the class names of ``coco``, and by image id the number of instances by position in these names.

    Crowd regions do not count.
    """
    by_category = category_names(coco)
    names = list(dict.fromkeys(by_category[category_id] for category_id in sorted(by_category)))
    place = {name: number for number, name in enumerate(names)}
    position = {category_id: place[name] for category_id, name in by_category.items()}
    counts: dict[int, Counter[int]] = {image.id: Counter() for image in coco.images}
    for annotation in coco.annotations:
        if not annotation.iscrowd:
            counts[annotation.image_id][position[annotation.category_id]] += 1
    return names, counts


def _unit(images: Sequence[InstancesByClass]) -> Unit:
    holding = Counter(label for counts in images for label in (counts or {_WITHOUT_OBJECTS: 0}))
    instances: Counter[int] = Counter()
    for counts in images:
        instances.update(counts)
    return Unit(len(images), holding, instances)
