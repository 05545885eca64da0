"""Writing of panoptic maps whose labels are class indices, in COCO's panoptic format."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from maskwright.annotations.coco.panoptic_file import PanopticCategory, writing_panoptic
from maskwright.evaluation.panoptic.files import PANOPTIC
from maskwright.structures import ClassTable, PanopticMap


class WriteSegments(Protocol):
    """A function that writes the segments of one image to the PNG file ``png``."""

    def __call__(self, image_id: int | str, file_name: str, found: PanopticMap, png: str) -> None:
        """Write ``found``, whose labels are class indices."""
        ...


@contextmanager
def panoptic_writer(folder: Path, table: ClassTable) -> Iterator[WriteSegments]:
    """Yield a function that writes panoptic maps to ``panoptic/<stem>.png`` and ``panoptic.json`` in ``folder``.

    Labels become the category ids of ``table``, which says of each class whether it is stuff. The JSON file is written
    when all images are.
    """
    ids = dict(zip((c.index for c in table), table.category_ids, strict=True))
    categories = [PanopticCategory(ids[c.index], c.name, not c.stuff) for c in table]
    with writing_panoptic(folder / PANOPTIC, categories) as write:

        def write_segments(image_id: int | str, file_name: str, found: PanopticMap, png: str) -> None:
            segments = tuple(replace(each, label=ids[each.label]) for each in found.segments)
            write(image_id, file_name, PanopticMap(found.ids, segments), png)

        yield write_segments
