"""Objects that a file lists twice, under two ids."""

from collections.abc import Iterator

import numpy as np

from maskwright.annotations.coco.file import CocoAnnotation, CocoFile
from maskwright.annotations.faults import Fault

_NOTHING = (b"[]", b"[[]]", b"null")


def repeated_objects(coco: CocoFile) -> Iterator[Fault]:
    """Yield a fault for each annotation with the image, class and segmentation (byte for byte) of an earlier one."""
    annotations = coco.annotations
    # Only hashes are kept: all keys would take as much memory as the file.
    hashes = np.fromiter((hash(_key(each)) for each in annotations), np.int64, len(annotations))
    order = np.argsort(hashes, kind="stable")
    again = np.flatnonzero(np.diff(hashes[order]) == 0)
    suspects = sorted({int(order[i]) for run in (again, again + 1) for i in run})
    first_with: dict[tuple[int, int, bytes], int] = {}
    for position in suspects:
        annotation = annotations[position]
        if bytes(annotation.segmentation) in _NOTHING:
            continue
        first = first_with.setdefault(_key(annotation), annotation.id)
        if first != annotation.id:
            found = f"(image {annotation.image_id}) has the class and segmentation of annotation {first}"
            yield Fault("repeated_object", "annotation", annotation.id, found)


def _key(annotation: CocoAnnotation) -> tuple[int, int, bytes]:
    return annotation.image_id, annotation.category_id, bytes(annotation.segmentation)
