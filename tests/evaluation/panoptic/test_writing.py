"""Panoptic maps of class indices in COCO's format, with the category ids of a class table."""

from pathlib import Path

import numpy as np

from maskwright.evaluation.panoptic.files import PanopticFiles
from maskwright.evaluation.panoptic.writing import panoptic_writer
from maskwright.structures import ClassTable, PanopticMap, PanopticSegment


def test_what_is_written_is_read_with_the_ids_of_the_table(tmp_path: Path) -> None:
    table = ClassTable.from_names(["car", "sky"]).with_stuff(["sky"]).with_category_ids([3, 180])
    found = PanopticMap(np.array([[0, 1], [2, 2]]), (PanopticSegment(1, 1), PanopticSegment(2, 2)))
    with panoptic_writer(tmp_path, table) as write:
        write(7, "folder/photo.jpg", found, "photo.png")
        assert not (tmp_path / "panoptic.json").exists()
    files = PanopticFiles.read(tmp_path, None)
    assert [(each.id, each.name, each.isthing) for each in files.file.categories] == [(3, "car", 1), (180, "sky", 0)]
    (record,) = files.file.records
    assert (record.image_id, record.file_name) == (7, "photo.png")
    assert files.file.images[0].file_name == "folder/photo.jpg"
    read = files.load(record)
    assert read.ids.tolist() == [[0, 1], [2, 2]]
    assert [(each.id, each.label, each.area) for each in read.segments] == [(1, 3, 1), (2, 180, 2)]
