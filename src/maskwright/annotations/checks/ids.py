"""Faults of ids and of the file as a whole, beyond those that reading finds."""

from collections.abc import Iterator

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Fault


def id_faults(coco: CocoFile) -> Iterator[Fault]:
    """Yield faults for a file without annotations, for records with negative ids, and for an annotation with id 0."""
    if not coco.annotations_found:
        yield Fault("no_annotations", "file", None, "lists no annotation")
    for kind, records in (("image", coco.images), ("category", coco.categories), ("annotation", coco.annotations)):
        for record in records:
            if record.id < 0:
                yield Fault("negative_id", kind, record.id, "has a negative id")
    for annotation in coco.annotations:
        if annotation.id == 0:
            yield Fault("id_zero", "annotation", 0, f"(image {annotation.image_id}) has the id 0")
