import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.annotations.coco.panoptic_file import PanopticCategory, png_folder, read_panoptic, writing_panoptic
from maskwright.errors import DataError, UsageError
from maskwright.masks.panoptic_png import read_panoptic_png
from maskwright.structures import PanopticMap, PanopticSegment

ROAD, CAR = PanopticCategory(7, "road", False), PanopticCategory(26, "car", True)
MAP = PanopticMap(np.array([[1, 1, 0], [1, 2, 2]]), (PanopticSegment(1, 7), PanopticSegment(2, 26, crowd=True)))


def written(tmp_path: Path) -> Path:
    with writing_panoptic(tmp_path / "panoptic.json", [ROAD, CAR]) as write:
        write(5, "street.jpg", MAP)
        write("ulm_000001", "town/ulm.jpg", PanopticMap(np.zeros((1, 2), int), (PanopticSegment(3, 7),)))
    return tmp_path / "panoptic.json"


def test_what_is_written_is_read_back(tmp_path: Path):
    path = written(tmp_path)
    found = read_panoptic(path)
    assert [(each.id, each.name, each.isthing) for each in found.categories] == [(7, "road", 0), (26, "car", 1)]
    assert [(each.id, each.height, each.width) for each in found.images] == [(5, 2, 3), ("ulm_000001", 1, 2)]
    assert [(each.image_id, each.file_name) for each in found.records] == [
        (5, "street.png"),
        ("ulm_000001", "town/ulm.png"),
    ]
    segments = found.records[0].segments_info
    assert [(s.id, s.category_id, s.area, s.iscrowd) for s in segments] == [(1, 7, 3, 0), (2, 26, 2, 1)]
    # A segment without a pixel is not listed: panopticapi would stop at it.
    assert found.records[1].segments_info == []
    assert json.loads(path.read_text())["annotations"][0]["segments_info"][1]["bbox"] == [1, 1, 2, 1]
    assert (read_panoptic_png(png_folder(path) / "street.png") == MAP.ids).all()


def test_pixels_of_an_unlisted_segment_and_names_that_collide_are_not_written(tmp_path: Path):
    with writing_panoptic(tmp_path / "panoptic.json", [ROAD]) as write:
        with pytest.raises(DataError, match="pixels of the segment 2"):
            write(1, "a.jpg", PanopticMap(MAP.ids, MAP.segments[:1]))
        write(1, "a.jpg", MAP)
        with pytest.raises(DataError, match="two images are called so"):
            write(2, "a.png", MAP)


def test_a_failed_writing_leaves_no_json(tmp_path: Path):
    def fail() -> None:
        with writing_panoptic(tmp_path / "panoptic.json", [ROAD]) as write:
            write(1, "a.jpg", MAP)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "panoptic.json").exists()


def test_records_that_do_not_fit_are_named_and_the_others_kept(tmp_path: Path):
    path = written(tmp_path)
    content = json.loads(path.read_text())
    content["annotations"] += [{"image_id": 9}, 7, {**content["annotations"][0], "segments_info": [{"id": "x"}]}]
    content["images"].append({"id": None})
    path.write_text(json.dumps(content))
    found = read_panoptic(path)
    assert (len(found.records), len(found.images)) == (2, 2)
    assert [text.partition(":")[0] for text in found.unreadable] == ["record 2", "record 3", "record 4"]


def test_gzip_is_read_and_its_folder_found(tmp_path: Path):
    path = written(tmp_path)
    packed = path.with_name("panoptic.json.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert len(read_panoptic(packed).records) == 2
    assert png_folder(packed) == png_folder(path) == tmp_path / "panoptic"


def test_without_a_folder_of_its_name_the_png_files_are_beside_the_file(tmp_path: Path):
    assert png_folder(tmp_path / "results.json") == tmp_path


NO_CONTENT: list[tuple[Any, str]] = [
    ({"annotations": [{"id": 1, "image_id": 2, "category_id": 3}]}, "none of its 1 annotations is a panoptic record"),
    ({"images": []}, "not a COCO file"),
    ([{"image_id": 1, "category_id": 1, "score": 1}], "results of a model"),
    ({"annotations": [], "categories": [{"name": "road"}]}, "has a category that cannot be read"),
]


@pytest.mark.parametrize(("content", "message"), NO_CONTENT)
def test_files_of_another_kind_are_refused(tmp_path: Path, content: Any, message: str):
    path = tmp_path / "panoptic.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=message):
        read_panoptic(path)


def test_what_is_no_json_or_not_there_is_refused(tmp_path: Path):
    (tmp_path / "broken.json").write_text('{"annotations": [')
    with pytest.raises(DataError, match="not valid JSON"):
        read_panoptic(tmp_path / "broken.json")
    with pytest.raises(UsageError, match="does not exist"):
        read_panoptic(tmp_path / "none.json")
