import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO

from maskwright.coco_dataset.dataset import CocoDataset
from maskwright.errors import DataError, UsageError
from maskwright.images.decode import read_image
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import read_label_map
from maskwright.workflows.masks import masks
from tests.conftest import CocoFactory


def test_an_image_is_the_file_of_its_name(data: CocoDataset, labels: Path):
    for sample in data[:3]:
        assert sample.path == labels.parent / "images" / sample.name
        np.testing.assert_array_equal(sample.image, read_image(sample.path))
        assert (*sample.size, 3) == sample.image.shape


def test_pixels_are_read_anew_each_time(data: CocoDataset):
    sample = data[0]
    sample.image[:] = 0
    assert sample.image.any()


def test_a_file_changed_to_another_size_since_opening_is_refused(data: CocoDataset):
    data[0].path.write_bytes(data[1].path.read_bytes())
    with pytest.raises(DataError, match=r"000000\.jpg"):
        _ = data[0].image


def test_without_a_folder_only_the_pixels_are_missing(labels: Path):
    sample = CocoDataset.open(labels)[0]
    with pytest.raises(UsageError, match="images=FOLDER"):
        _ = sample.image
    assert sample.label_map().shape == sample.size


def test_instances_are_those_that_pycocotools_draws(data: CocoDataset, labels: Path):
    oracle = COCO(str(labels))
    for sample in data:
        annotations = oracle.loadAnns(oracle.getAnnIds(sample.id))
        found = sample.instances
        assert len(found) == len(annotations)
        for plane, label, crowd, each in zip(found.dense(), found.labels, found.crowd, annotations, strict=True):
            np.testing.assert_array_equal(plane, oracle.annToMask(each).astype(bool))
            assert each["category_id"] in data.classes.classes[label - 1].source_ids
            assert crowd == each["iscrowd"]


def test_objects_that_cannot_be_drawn_are_left_out_of_the_instances(coco: CocoFactory):
    data = CocoDataset.open(coco({}, {"segmentation": []}, {"category_id": 2}))
    assert data[0].instances.labels.tolist() == [1, 2]
    assert dict(data.audit.skipped) == {"empty_segmentation": 1}


def test_boxes_are_those_of_the_file_where_it_has_them(coco: CocoFactory):
    data = CocoDataset.open(coco({"bbox": [9.5, 9.5, 11, 11.25]}, {}, {"category_id": 2, "bbox": [1, 1, 5, 5]}))
    assert data[0].instances.boxes.tolist() == [[9.5, 9.5, 20.5, 20.75], [10, 10, 20, 20], [1, 1, 6, 6]]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"overlap": "smallest", "crowd": "include"},
        {"overlap": "highest-index", "crowd": "skip"},
        {"mode": "binary"},
        {"mode": "instance", "overlap": "first"},
        {"classes": ["ring", "disc"], "ignore_classes": ["square"]},
        {"priorities": {"ring": 2.0, "disc": 1.0}},
    ],
    ids=str,
)
def test_a_label_map_is_the_file_of_maskwright_masks(
    data: CocoDataset, labels: Path, tmp_path: Path, options: dict[str, Any]
):
    masks(labels, tmp_path / "masks", workers=0, **options)
    files = mask_files(data.names)
    for sample in data:
        drawn, written = sample.label_map(**options), read_label_map(tmp_path / "masks" / files[sample.name])
        assert drawn.dtype == written.dtype
        np.testing.assert_array_equal(drawn, written)


def test_a_label_map_of_groups_is_that_of_maskwright_masks(labels: Path, tmp_path: Path):
    groups = tmp_path / "groups.yaml"
    groups.write_text("round: {weight: 2, classes: [disc, ring]}\nstraight: {weight: 1, classes: [square, triangle]}\n")
    options = {"mode": "grouped", "groups": str(groups)}
    masks(labels, tmp_path / "masks", workers=0, **options)
    sample = CocoDataset.open(labels)[1]
    np.testing.assert_array_equal(
        sample.label_map(mode="grouped", groups=str(groups)), read_label_map(tmp_path / "masks" / "000001.png")
    )


def test_options_that_contradict_each_other_are_refused(data: CocoDataset):
    with pytest.raises(UsageError, match="priority"):
        data[0].label_map(overlap="priority")
    with pytest.raises(UsageError, match="ring"):
        data[0].label_map(classes=["rings"])


def test_records_of_a_sample_are_the_annotations_of_the_file(data: CocoDataset, labels: Path):
    sample = data[0]
    written = [each for each in json.loads(labels.read_bytes())["annotations"] if each["image_id"] == sample.id]
    records = sample.instances.to_coco(sample.id, first_id=written[0]["id"])
    for record, each in zip(records, written, strict=True):
        assert (record["id"], record["iscrowd"], record["area"]) == (each["id"], each["iscrowd"], each["area"])
        assert record["bbox"] == each["bbox"]


def test_instances_carry_the_classes_of_the_data_set(data: CocoDataset):
    assert data[0].instances.classes is data.classes
    assert data[1].instances[:1].classes is data.classes
