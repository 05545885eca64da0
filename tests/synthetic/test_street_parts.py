"""The built-in streets as COCO instance data: exactly the panoptic truth of the streets, written once."""

import json
from pathlib import Path

import numpy as np
import pytest
from hotcoco import mask as coco_mask

from maskwright.errors import UsageError
from maskwright.synthetic.street_panoptic import panoptic_map
from maskwright.synthetic.street_parts import STREET_CLASSES, STREET_STUFF, write_street_parts
from maskwright.synthetic.streets import draw_street


def test_the_annotations_are_the_segments_of_each_street(tmp_path: Path) -> None:
    files = write_street_parts(tmp_path, train=2, validation=1, seed=3, height=64)
    content = json.loads(files["train"].read_text())
    assert [image["file_name"] for image in content["images"]] == ["train_000000.png", "train_000001.png"]
    truth = panoptic_map(draw_street(1, 3, (64, 128), "train"))
    found = [each for each in content["annotations"] if each["image_id"] == 2]
    assert len(found) == len(truth.segments)
    for record, segment in zip(found, truth.segments, strict=True):
        mask = coco_mask.decode({"size": [64, 128], "counts": record["segmentation"]["counts"].encode()})
        assert np.array_equal(mask > 0, truth.ids == segment.id)
        assert (record["category_id"], record["iscrowd"]) == (segment.label, segment.crowd)
        assert record["area"] == mask.sum()


def test_a_second_call_writes_nothing_and_other_parameters_write_again(tmp_path: Path) -> None:
    first = write_street_parts(tmp_path, train=1, validation=1, seed=0, height=64)["train"]
    state = first.stat().st_mtime_ns
    assert write_street_parts(tmp_path, train=1, validation=1, seed=0, height=64)["train"].stat().st_mtime_ns == state
    write_street_parts(tmp_path, train=1, validation=1, seed=1, height=64)
    assert json.loads(first.read_text())["info"]["seed"] == 1


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "annotations.json").write_text("{}")
    with pytest.raises(UsageError, match="built-in streets"):
        write_street_parts(tmp_path, train=1, validation=1, seed=0, height=64)


def test_things_and_stuff_are_those_of_cityscapes() -> None:
    assert len(STREET_CLASSES) == 19
    assert "sky" in STREET_STUFF
    assert "car" not in STREET_STUFF
