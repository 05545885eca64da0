"""Statistics of a data set, counted image by image: classes, sizes, co-occurrence and overlaps. No mask is kept."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Any

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.statistics.class_counts import ClassCounts
from maskwright.annotations.statistics.imbalance import Imbalance, imbalance
from maskwright.annotations.statistics.object_sizes import count_sizes, side_histogram
from maskwright.errors import DataError
from maskwright.limits import beyond_limit, input_limit
from maskwright.masks.coverage import Coverage, coverage
from maskwright.structures import ClassTable

ClassPair = tuple[int, int]


@dataclass
class PixelTotals:
    """The pixels of all images: in total, under an object, under several objects, and under a crowd region alone."""

    total: int = 0
    objects: int = 0
    contested: int = 0
    crowd_only: int = 0

    @property
    def background(self) -> int:
        """The number of pixels under no object and no crowd region of the chosen classes."""
        return self.total - self.objects - self.crowd_only

    def to_json(self) -> dict[str, Any]:
        """Return the counts, and the share of the background (0 to 1; None without images)."""
        share = self.background / self.total if self.total else None
        return {
            "total": self.total,
            "objects": self.objects,
            "contested": self.contested,
            "crowd_only": self.crowd_only,
            "background": self.background,
            "background_share": share,
        }


@dataclass
class Statistics:
    """The sums over all images; ``classes[i]`` belongs to class ``i + 1`` of ``table``.

    ``co_occurrence[a, b]`` counts images with instances of both classes, ``shared[a, b]`` pixels under objects of both,
    as in :class:`maskwright.masks.coverage.Coverage`; ``a <= b`` are class indices. ``image_sizes`` counts images by
    ``(H, W)``, ``instances_per_image`` by their number of instances. Memory grows with the numbers of classes, pairs
    and instances (8 bytes each), never with masks.
    """

    table: ClassTable
    classes: list[ClassCounts] = field(default_factory=list)
    pixels: PixelTotals = field(default_factory=PixelTotals)
    instances_per_image: Counter[int] = field(default_factory=Counter)
    image_sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    co_occurrence: Counter[ClassPair] = field(default_factory=Counter)
    shared: Counter[ClassPair] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.classes = self.classes or [ClassCounts() for _ in self.table]

    def add(self, objects: ImageObjects) -> None:
        """Count the objects of one image.

        Raises ``DataError`` when its classes are more pairs than the limit ``class-pairs``, or its masks overlap too
        often, see :func:`maskwright.masks.coverage.coverage`.
        """
        found = self._coverage(objects)
        self.shared.update(found.shared)
        for label, covered in found.classes.items():
            self.classes[label - 1].images += 1
            self.classes[label - 1].covered_pixels += covered
        self.co_occurrence.update(combinations_with_replacement(sorted(found.classes), 2))
        self.pixels.total += objects.image.height * objects.image.width
        self.pixels.objects += found.objects
        self.pixels.contested += found.contested
        self.pixels.crowd_only += found.crowd_only
        self.image_sizes[objects.image.height, objects.image.width] += 1
        self.instances_per_image[len(objects.ids) - sum(objects.crowd)] += 1
        columns = (objects.labels, objects.drawn, objects.crowd, objects.areas)
        for label, drawn, crowd, area in zip(*columns, strict=True):
            self.classes[label - 1].add(drawn.area, area, crowd)

    def _coverage(self, objects: ImageObjects) -> Coverage:
        of_image = len({label for label, crowd in zip(objects.labels, objects.crowd, strict=True) if not crowd})
        pairs = max(of_image * (of_image + 1) // 2, len(self.co_occurrence))
        try:
            if pairs > input_limit("class-pairs"):
                raise DataError(f"the classes of the images make {pairs:,} pairs; {beyond_limit('class-pairs')}.")
            return coverage([drawn.rle for drawn in objects.drawn], objects.labels, objects.crowd)
        except DataError as error:
            raise DataError(f"image {objects.image.id} ('{objects.image.file_name:.80}'): {error}") from error

    @property
    def images(self) -> int:
        """The number of images, with and without objects."""
        return self.instances_per_image.total()

    @property
    def instances(self) -> int:
        """The number of instances of all classes, without crowd regions."""
        return sum(counts.instances for counts in self.classes)

    @property
    def crowds(self) -> int:
        """The number of crowd regions of all classes."""
        return sum(counts.crowds for counts in self.classes)

    @property
    def areas(self) -> "array[float]":
        """The areas of all instances in square pixels, class by class."""
        areas = array("d")
        for counts in self.classes:
            areas.extend(counts.areas)
        return areas

    def by_frequency(self) -> list[int]:
        """Return the class indices (1..K), most instances first; of equal classes, the smaller index first."""
        return sorted(range(1, len(self.classes) + 1), key=lambda label: -self.classes[label - 1].instances)

    def imbalance(self, quantity: str) -> Imbalance | None:
        """Return the imbalance of ``quantity`` over the classes, or None when every class has none.

        ``quantity`` is ``instances`` or ``covered_pixels``.
        """
        return imbalance(
            {name: getattr(counts, quantity) for name, counts in zip(self.table.names, self.classes, strict=True)}
        )

    def to_json(self) -> dict[str, Any]:
        """Return all statistics by class name.

        Both tables of class pairs are symmetric and omit zeros.
        """
        edges, counts = side_histogram(self.areas)
        spread = {"instances": self.imbalance("instances"), "covered_pixels": self.imbalance("covered_pixels")}
        return {
            "images": self.images,
            "images_without_instances": self.instances_per_image[0],
            "instances": self.instances,
            "crowds": self.crowds,
            "pixels": self.pixels.to_json(),
            "imbalance": {quantity: found and found.to_json() for quantity, found in spread.items()},
            "sizes": {**count_sizes(self.areas), "side_histogram": {"edges": edges, "counts": counts}},
            "classes": {c.name: counts.to_json() for c, counts in zip(self.table, self.classes, strict=True)},
            "instances_per_image": {str(n): images for n, images in sorted(self.instances_per_image.items())},
            "image_sizes": [{"width": w, "height": h, "images": n} for (h, w), n in sorted(self.image_sizes.items())],
            "co_occurrence_images": self._by_names(self.co_occurrence),
            "overlap_pixels": self._by_names(self.shared),
        }

    def _by_names(self, pairs: Counter[ClassPair]) -> dict[str, dict[str, int]]:
        names = self.table.names
        table: dict[str, dict[str, int]] = {}
        for (a, b), amount in sorted(pairs.items()):
            table.setdefault(names[a - 1], {})[names[b - 1]] = amount
            table.setdefault(names[b - 1], {})[names[a - 1]] = amount
        return table
