"""The classes of a model's results: its own, or the target classes of a taxonomy."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.taxonomy.class_remapping import Taxonomy
from maskwright.annotations.taxonomy.sides import side_of, taxonomy_for_side
from maskwright.errors import UsageError
from maskwright.structures import ClassTable, Instances, LabelMap, Task, TruthRecord


@dataclass(frozen=True)
class OutputClasses:
    """The mapping of a model's classes to those of its results.

    ``own`` are the model's classes; ``taxonomy``, if any, has them as its source. Source classes of one target are
    merged. Objects keep their scores and masks, and none is suppressed for another. Pixels get the target's label after
    the most likely own class is chosen. Predictions of ignored or absent classes are removed, and their pixels are
    background.
    """

    own: ClassTable
    taxonomy: Taxonomy | None = None

    @cached_property
    def table(self) -> ClassTable:
        """The classes of the results."""
        return self.own if self.taxonomy is None else self.taxonomy.target_table(self.own)

    def instances(self, found: Instances) -> Instances:
        """Return the predicted objects of an image in the classes of the results; their order is kept."""
        return found if self.taxonomy is None else self.taxonomy.instances(found, self.own).kept

    def label_map(self, found: LabelMap) -> LabelMap:
        """Return a predicted label map ``(H, W)`` in the classes of the results."""
        if self.taxonomy is None:
            return found
        mapped = self.taxonomy.label_map(found, self.own)
        mapped[mapped == self.table.ignore_index] = 0
        return mapped

    def true_label_map(self, truth: LabelMap) -> LabelMap:
        """Return a ground-truth label map ``(H, W)`` in the classes of the results; ignored classes stay ignored."""
        return truth if self.taxonomy is None else self.taxonomy.label_map(truth, self.own)

    def true_objects(self, objects: ImageObjects) -> ImageObjects:
        """Return the ground-truth objects of an image in the classes of the results.

        Objects of ignored classes are among its ``ignored`` ones.
        """
        if self.taxonomy is None:
            return objects
        true = [
            *zip(objects.ids, objects.labels, objects.crowd, map(objects.box, range(len(objects.ids))), strict=True)
        ]
        true += [(each.id, each.label, each.crowd, each.box) for each in objects.box_only]
        rows = [
            {"id": number, "image_id": objects.image.id, "category_id": label, "bbox": box, "iscrowd": crowd}
            for number, label, crowd, box in true
        ]
        translated = self.taxonomy.records(cast(list[TruthRecord], rows), self.own)
        kept = objects.relabelled({row["id"]: row["category_id"] for row in translated.kept})
        spared = {row["id"] for row in translated.ignored}
        places = [i for i, number in enumerate(objects.ids) if number in spared]
        return replace(
            kept,
            ignored=[*objects.ignored, *(objects.drawn[i] for i in places)],
            ignored_boxes=[*objects.ignored_boxes, *(objects.boxes[i] for i in places)],
        )


def output_classes(own: ClassTable, taxonomy: Taxonomy | None, task: Task) -> OutputClasses:
    """Return the classes of the results of a model whose classes ``own`` are of either side of ``taxonomy``.

    Raises ``UsageError`` when ``taxonomy`` does not account for them, or when its rule for riders needs objects and the
    ``task`` has none.
    """
    if taxonomy is None:
        return OutputClasses(own)
    if task == "semantic" and taxonomy.rider == "person-over-two-wheeler":
        raise UsageError(
            f"{taxonomy.name}: rider: {taxonomy.rider} needs objects, and a semantic model predicts none; expected "
            "another rule. Use absent or person."
        )
    return OutputClasses(own, taxonomy_for_side(taxonomy, side_of(taxonomy, own)))
