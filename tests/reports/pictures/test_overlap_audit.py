import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.annotations.coco.file import read_coco
from maskwright.label_maps.drawing import Drawing, DrawnChunk
from maskwright.label_maps.overlap_report import OverlapReport
from maskwright.reports.pictures.overlap_audit import write_overlap_audit
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["person", "dog"], [(1,), (2,)])


def drawing(**changes: Any) -> Drawing:
    return Drawing(
        TABLE, **{"audit_rules": ("last", "first", "smallest", "priority"), "weights": (2.0, 1.0), **changes}
    )


def bar(start: int, stop: int, **changes: Any) -> dict[str, Any]:
    """An annotation that covers these columns of an image of 30 × 40 pixels."""
    return {"segmentation": [[start, 0, stop, 0, stop, 30, start, 30]], **changes}


@pytest.fixture
def audited(coco, tmp_path: Path):
    """``audited(*annotations, **drawing)``: the folder of a written audit of one image ``a.jpg``."""

    def write(*annotations: dict[str, Any], moved: dict[str, dict[str, int]], **changes: Any) -> Path:
        found = read_coco(coco(*annotations, images=[{"file_name": "a.jpg", "height": 30, "width": 40}]))
        overlaps = OverlapReport.of([DrawnChunk(["a.png"], moved=moved)], drawing(**changes))
        write_overlap_audit(tmp_path, overlaps, found, {1: 1, 2: 2})
        return tmp_path

    return write


def colors(folder: Path) -> Counter[tuple[int, ...]]:
    pixels = np.array(Image.open(folder / "overlap_audit.png").convert("RGB")).reshape(-1, 3)
    return Counter(map(tuple, pixels.tolist()))


def test_the_picture_shows_the_worst_image_by_both_rules_in_the_colours_of_the_classes(audited):
    folder = audited(bar(0, 30), bar(10, 40, category_id=2), moved={"first": {"a.png": 600}}, overlap="first")
    found = colors(folder)
    person, dog = (found[each.color] for each in TABLE)
    # 10 and 30 columns of persons before and after, 20 that moved; dogs 30 and 10: 60 against 40.
    assert person / dog == pytest.approx(60 / 40, rel=0.05)
    assert json.loads((folder / "overlap_audit.json").read_text(encoding="utf-8"))["rules"]["first"]["images"] == 1


def test_crowds_are_in_the_picture_only_where_they_are_drawn_as_objects(audited):
    scene = (bar(0, 30), bar(10, 40, category_id=2, iscrowd=1))
    without = colors(audited(*scene, moved={"first": {"a.png": 1}}, overlap="first"))
    assert without[TABLE.classes[1].color] == 0
    drawn = colors(audited(*scene, moved={"first": {"a.png": 1}}, overlap="first", crowd="include"))
    assert drawn[TABLE.classes[1].color] > 1000


def test_where_nothing_moves_there_is_no_picture_and_an_old_one_goes(audited, tmp_path: Path):
    (tmp_path / "overlap_audit.png").write_bytes(b"old")
    folder = audited(bar(0, 30), moved={})
    assert not (folder / "overlap_audit.png").exists()
    assert (folder / "overlap_audit.json").exists()
