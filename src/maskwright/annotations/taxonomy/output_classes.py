"""The classes in which results are given: a model's own, or what they become by a taxonomy."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.taxonomy.class_remapping import Taxonomy
from maskwright.annotations.taxonomy.sides import side_of, taxonomy_for_side
from maskwright.errors import UsageError
from maskwright.structures import ClassTable, Instances, LabelMap, Task, TruthRecord


@dataclass(frozen=True)
class OutputClasses:
    """``own`` are the classes a model knows; ``taxonomy``, if any, has them as its source.

    Classes of one target are merged: objects keep their scores and masks, none is suppressed for another, and pixels
    get the target's label after the most likely own class was chosen. What is found of ignored or absent classes is
    left out; its pixels are background.
    """

    own: ClassTable
    taxonomy: Taxonomy | None = None

    @cached_property
    def table(self) -> ClassTable:
        """The classes of the results."""
        return self.own if self.taxonomy is None else self.taxonomy.target_table(self.own)

    def instances(self, found: Instances) -> Instances:
        """The objects found in an image, in the order they have."""
        return found if self.taxonomy is None else self.taxonomy.instances(found, self.own).kept

    def label_map(self, found: LabelMap) -> LabelMap:
        """A predicted label map ``(H, W)``."""
        if self.taxonomy is None:
            return found
        mapped = self.taxonomy.label_map(found, self.own)
        mapped[mapped == self.table.ignore_index] = 0
        return mapped

    def true_label_map(self, truth: LabelMap) -> LabelMap:
        """A label map of the truth ``(H, W)``, in which ignored classes stay ignored."""
        return truth if self.taxonomy is None else self.taxonomy.label_map(truth, self.own)

    def true_objects(self, objects: ImageObjects) -> ImageObjects:
        """The true objects of an image; those of ignored classes are among its ``ignored`` ones."""
        if self.taxonomy is None:
            return objects
        boxes = objects.instances().boxes.tolist()
        rows = [
            {"id": i, "image_id": 0, "category_id": label, "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": crowd}
            for i, (label, crowd, (x1, y1, x2, y2)) in enumerate(zip(objects.labels, objects.crowd, boxes, strict=True))
        ]
        translated = self.taxonomy.records(cast(list[TruthRecord], rows), self.own)
        at = [row["id"] for row in translated.kept]
        ignored = [*objects.ignored, *(objects.drawn[row["id"]] for row in translated.ignored)]
        picked: dict[str, Any] = {
            name: [getattr(objects, name)[i] for i in at] for name in ("ids", "drawn", "crowd", "areas", "outlines")
        }
        labels = [row["category_id"] for row in translated.kept]
        return replace(objects, **picked, labels=labels, ignored=ignored)


def output_classes(own: ClassTable, taxonomy: Taxonomy | None, task: Task) -> OutputClasses:
    """The classes of the results of a model that knows ``own``, classes of either side of ``taxonomy``.

    Raises ``UsageError`` when ``taxonomy`` does not account for them, or when its rule for riders needs objects and the
    ``task`` has none.
    """
    if taxonomy is None:
        return OutputClasses(own)
    if task == "semantic" and taxonomy.rider == "person-over-two-wheeler":
        raise UsageError(
            f"{taxonomy.name}: rider: {taxonomy.rider} looks at objects, and a semantic model finds none; expected "
            "another rule. Use absent or person."
        )
    return OutputClasses(own, taxonomy_for_side(taxonomy, side_of(taxonomy, own)))
