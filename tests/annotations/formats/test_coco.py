import json
from pathlib import Path
from typing import Any

import hotcoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as oracle

from maskwright.annotations.faults import Audit
from maskwright.annotations.formats.coco import Writer, read, segmentation_of
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage, AnnotatedObject, ReadOptions, WriteOptions
from tests.annotations.formats.examples import by_pycocotools, drawn, encode, frame, outlined, read_all
from tests.masks.test_contours import POLYGONS, Mask, masks


def rle_of(segmentation: Any, height: int, width: int) -> dict[str, Any]:
    if isinstance(segmentation, dict):
        return {"size": segmentation["size"], "counts": segmentation["counts"].encode()}
    return oracle.merge(oracle.frPyObjects(segmentation, height, width))


@settings(max_examples=60)
@given(masks(), st.booleans())
def test_pycocotools_draws_the_segmentation_as_the_mask(mask: Mask, crowd: bool):
    account = ConversionAudit(Audit(""))
    segmentation = segmentation_of(drawn(mask, crowd=crowd), account)
    assert rle_of(segmentation, *mask.shape) == encode(mask)
    # Polygons wherever they hold the mask, for programs that read nothing else.
    assert isinstance(segmentation, list) == (not crowd and mask.any() and not account.changes["rle_written"])
    assert not crowd or not account.changes


@settings(max_examples=60)
@given(st.lists(POLYGONS, min_size=1, max_size=3), st.integers(1, 40), st.integers(1, 40))
def test_the_source_s_polygons_draw_the_same_as_they_are_written(polygons: list[list[float]], height: int, width: int):
    each = outlined(polygons, height, width)
    segmentation = segmentation_of(each, ConversionAudit(Audit("")))
    assert isinstance(segmentation, list)
    assert rle_of(segmentation, height, width) == each.rle
    np.testing.assert_allclose(np.concatenate(segmentation), np.concatenate(polygons), atol=0.005)


def test_polygons_are_written_to_the_hundredth_of_a_pixel_where_that_draws_the_same(account: ConversionAudit):
    each = outlined([[2.00004, 3.0, 19.99996, 3.0, 20.0, 20.123456]], 48, 64)
    assert segmentation_of(each, account) == [[2.0, 3.0, 20.0, 3.0, 20.0, 20.12]]


def test_what_is_written_loads_with_pycocotools_and_hotcoco(tmp_path: Path, account: ConversionAudit):
    writer = Writer(tmp_path, ["café", "dog"], WriteOptions())
    crowd = AnnotatedObject("dog", encode(frame()), crowd=True)
    writer.add(AnnotatedImage("a/1.jpg", 9, 12, [drawn(frame(), "café"), crowd]), account)
    writer.add(AnnotatedImage("2.jpg", 9, 12), account)
    writer.finish([None])
    path = tmp_path / "labels.json"
    counts = encode(frame())["counts"]
    assert by_pycocotools(path) == {
        "a/1.jpg": (9, 12, [("café", False, counts), ("dog", True, counts)]),
        "2.jpg": (9, 12, []),
    }
    loaded = hotcoco.COCO(str(path))
    assert [int(loaded.ann_to_mask(each).sum()) for each in loaded.load_anns(loaded.get_ann_ids())] == [44, 44]
    first = json.loads(path.read_text())["annotations"][0]
    assert (first["area"], first["bbox"], first["category_id"]) == (44, [2, 0, 8, 7], 1)


def test_a_part_without_images_gets_a_file(tmp_path: Path):
    writer = Writer(tmp_path, ["dog"], WriteOptions())
    writer.finish(["val"])
    assert json.loads((tmp_path / "val" / "labels.json").read_text())["images"] == []


def test_polygons_stay_the_source_s_unless_some_cannot_be_drawn(coco):
    whole = [[10, 10, 20, 10, 20, 20]]
    dataset = read(coco({"segmentation": whole}, {"segmentation": [*whole, [1, 1]]}), ReadOptions())
    first, second = read_all(dataset)[0].objects
    assert (first.polygons, second.polygons) == (whole, None)
    assert first.rle == second.rle


def test_images_that_cannot_be_read_are_counted(coco):
    dataset = read(coco({}, {"image_id": 2}, images=[{}, {"height": 0}]), ReadOptions())
    assert len(read_all(dataset)) == 1
    assert dataset.audit.skipped_images == {"bad_image": 1}
    assert dataset.audit.objects.skipped == {"unknown_image": 1}


@pytest.mark.parametrize("name", ["../secret.png", "/etc/secret.png"])
def test_an_image_outside_the_folder_is_not_found(coco, tmp_path: Path, name: str):
    (tmp_path / "secret.png").touch()
    (tmp_path / "images").mkdir()
    (image,) = read_all(read(coco(images=[{"file_name": name}]), ReadOptions(images=tmp_path / "images")))
    assert image.path is None
