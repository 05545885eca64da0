"""Faults of ids and of the file as a whole, beyond those that reading finds."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Fault
from maskwright.errors import DataError

# JavaScript holds numbers as float64, and so do pycocotools' arrays of matched ids: 2**53 and 2**53 + 1 are one number.
_EXACT = 2**53


def id_faults(coco: CocoFile) -> Iterator[Fault]:
    """Yield faults for a file without annotations, for negative and for long ids, and for an annotation with id 0."""
    if not coco.annotations_found:
        yield Fault("no_annotations", "file", None, "lists no annotation")
    for kind, records in (("image", coco.images), ("category", coco.categories), ("annotation", coco.annotations)):
        for record in records:
            if record.id < 0:
                yield Fault("negative_id", kind, record.id, "has a negative id")
            if abs(record.id) > _EXACT:
                yield Fault(
                    "long_id", kind, record.id, "has an id beyond 2^53, which float64 does not tell from others"
                )
    for annotation in coco.annotations:
        if annotation.id == 0:
            yield Fault("id_zero", "annotation", 0, f"(image {annotation.image_id}) has the id 0")


def require_ids_from_zero(path: Path, kind: str, ids: Iterable[int]) -> None:
    """Raise ``DataError`` for the first negative one of ``ids``, which COCO's evaluation by hotcoco does not take.

    ``kind`` (``image`` or ``category``) is that of the records of the file ``path``, which the message names.
    """
    negative = next((each for each in ids if each < 0), None)
    if negative is not None:
        raise DataError(
            f"{path}: {kind} {negative} has a negative id, which the evaluator does not take; expected ids from 0 on. "
            "Number the records from 1, in the annotations and in results that name them."
        )
