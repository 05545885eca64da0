"""COCO files in the target classes of a taxonomy."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

import msgspec
from hotcoco import mask as coco_mask

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import CocoAnnotation, CocoCategory, CocoFile
from maskwright.annotations.taxonomy.class_remapping import RIDER, Taxonomy
from maskwright.annotations.taxonomy.sides import Side, side_of, taxonomy_for_side
from maskwright.masks.rle import BadSegmentation, rasterise
from maskwright.structures import ClassTable, TruthRecord


def remap_coco_file(coco: CocoFile, taxonomy: Taxonomy, side: Side | None = None) -> CocoFile:
    """Return ``coco`` with its categories named after the target classes that they map to.

    Categories and annotations keep their ids, so categories of one target share its name. Annotations of ignored
    classes are in ``ignored``; those without a counterpart are counted in ``rejected``. Categories of both kinds are
    not listed. Riders that a rule makes of persons get a category with an id of its own.

    ``side`` is the side that the file's classes are of, found by name when None. A file with the target's classes only
    loses those that are not shared, and its riders follow the rule for riders.

    Raises ``UsageError`` when the taxonomy does not account for all classes of the file.
    """
    table = class_table(coco)
    taxonomy = taxonomy_for_side(taxonomy, side or side_of(taxonomy, table))
    target, labels = taxonomy.target_table(), taxonomy.labels(table)
    label_of = {category_id: labels[each.index] for each in table for category_id in each.source_ids}
    classes = {i: label for i, label in label_of.items() if 0 < label <= len(target)}
    categories = [CocoCategory(i, target.names[label - 1]) for i, label in classes.items()]
    kept = [each for each in coco.annotations if each.category_id in classes]
    if taxonomy.rider == "person-over-two-wheeler":
        rider = CocoCategory(max(label_of, default=0) + 1, RIDER)
        categories.append(rider)
        riding = _riders(coco, kept, taxonomy, table)
        kept = [msgspec.structs.replace(a, category_id=rider.id) if a.id in riding else a for a in kept]
    ignored = [each for each in coco.annotations if label_of[each.category_id] == target.ignore_index]
    absent = len(coco.annotations) - len(kept) - len(ignored)
    left_out = coco.rejected | ({"absent_class": absent} if absent else {})
    return replace(coco, categories=categories, annotations=kept, ignored=[*coco.ignored, *ignored], rejected=left_out)


def _riders(coco: CocoFile, annotations: Iterable[CocoAnnotation], taxonomy: Taxonomy, table: ClassTable) -> set[int]:
    """Return the ids of the annotations that become riders."""
    index = {category_id: each.index for each in table for category_id in each.source_ids}
    sizes = {image.id: (image.height, image.width) for image in coco.images}
    records = [_record(each, index, sizes[each.image_id]) for each in annotations]
    rider = taxonomy.target_table().index_of(RIDER)
    return {record["id"] for record in taxonomy.records(records, table).kept if record["category_id"] == rider}


def _record(annotation: CocoAnnotation, index: Mapping[int, int], size: tuple[int, int]) -> TruthRecord:
    box = annotation.usable_box
    if box is None:
        try:
            box = coco_mask.to_bbox(rasterise(annotation.segmentation, *size).rle).tolist()
        except BadSegmentation:  # a fault when it is drawn; here it takes part in no rule
            box = [0.0, 0.0, 0.0, 0.0]
    record = {
        "id": annotation.id,
        "image_id": annotation.image_id,
        "category_id": index[annotation.category_id],
        "bbox": box,
        "iscrowd": annotation.iscrowd,
    }
    return cast(TruthRecord, record)
