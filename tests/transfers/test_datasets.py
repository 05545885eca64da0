"""Data sets of a transfer: COCO files, Cityscapes folders and drawn images give the same form of truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from hotcoco import mask as coco_mask

from maskwright.errors import DataError, UsageError
from maskwright.images.decode import read_image
from maskwright.recipes.transfer import ImageSet
from maskwright.structures import ClassTable
from maskwright.synthetic.shapes import write_shapes
from maskwright.synthetic.streets import draw_streets
from maskwright.transfers.datasets import TransferDataset, load_transfer_dataset, require_transfer_dataset


def read(folder: Path, **section: object) -> TransferDataset:
    return load_transfer_dataset("there", ImageSet.model_validate(section), folder, folder / "drawn")


def test_drawn_shapes_are_their_own_coco_file(tmp_path: Path):
    drawn = read(tmp_path, shapes={"images": 3, "seed": 4})
    file = read(tmp_path, images="drawn/images", annotations="drawn/annotations.json")
    assert drawn.annotations == file.annotations
    assert drawn.identity == {"shapes": {"images": 3, "seed": 4, "domain": "clear"}}
    assert set(file.identity) == {"annotations", "sha256"}
    assert drawn.table.names == ["disc", "square", "triangle", "ring"]
    raw = json.loads((tmp_path / "drawn" / "annotations.json").read_text())
    assert [each["area"] for each in drawn.annotations] == [each["area"] for each in raw["annotations"]]
    assert [each["bbox"] for each in drawn.annotations] == [each["bbox"] for each in raw["annotations"]]
    for image in drawn.images:
        assert read_image(drawn.path_of(image)).shape[:2] == (image["height"], image["width"])


def test_streets_are_their_instance_ids_and_keep_the_official_files(tmp_path: Path):
    streets = {"images": 2, "seed": 1, "size": [64, 128]}
    found = read(tmp_path, streets=streets)
    assert found.table.names[:2] == ["person", "rider"]
    assert set(found.official) == {image["id"] for image in found.images}
    for image in found.images:
        ids = read_ids(found.official[image["id"]])
        mine = [each for each in found.annotations if each["image_id"] == image["id"] and not each["iscrowd"]]
        covered = (
            sum(coco_mask.decode(each["segmentation"]).astype(int) for each in mine) if mine else np.zeros_like(ids)
        )
        objects = (ids >= 1000) & ~np.isin(ids // 1000, (29, 30))
        assert np.array_equal(covered, objects)
        assert read_image(found.path_of(image)).shape[:2] == ids.shape
    folder = read(tmp_path, cityscapes="drawn", split="val")
    assert folder.annotations == found.annotations
    assert folder.official == found.official


def read_ids(path: Path) -> np.ndarray:
    from PIL import Image

    return np.array(Image.open(path)).astype(int)


def test_the_first_images_alone_keep_their_objects(tmp_path: Path):
    whole, some = read(tmp_path, shapes={"images": 4}), read(tmp_path, shapes={"images": 4}, max_images=2)
    assert some.images == whole.images[:2]
    assert some.annotations == [each for each in whole.annotations if each["image_id"] in (1, 2)]
    assert some.identity != whole.identity


def test_missing_files_are_left_out_and_named_and_none_at_all_is_an_error(tmp_path: Path):
    write_shapes(tmp_path / "data", 3)
    section = {"images": "data/images", "annotations": "data/annotations.json"}
    (tmp_path / "data" / "images" / "000001.jpg").unlink()
    found = read(tmp_path, **section)
    assert [image["id"] for image in found.images] == [1, 3]
    assert {each["image_id"] for each in found.annotations} <= {1, 3}
    assert any("1 of 3 images" in line for line in found.remarks)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="none of its 3 images"):
        read(tmp_path, **{**section, "images": "empty"})


def test_objects_without_a_mask_or_a_box_are_kept_and_told(tmp_path: Path):
    file = write_shapes(tmp_path / "data", 4)
    content = json.loads(file.read_text())
    bare = [each for each in content["annotations"] if each["image_id"] in (1, 4)]
    for each in bare:
        del each["segmentation"]
    boxless = next(each for each in content["annotations"] if each not in bare)
    del boxless["bbox"]
    file.write_text(json.dumps(content))
    section = {"images": "data/images", "annotations": "data/annotations.json"}
    found = read(tmp_path, **section)
    masks, boxes = found.remarks
    assert f"{file}: {len(bare)} objects have no mask that can be drawn" in masks
    assert masks.endswith("they count for boxes only.")
    assert boxes.startswith(f"{file}: 1 object has no box that can be used (annotation {boxless['id']})")
    written = [each["bbox"] for each in content["annotations"] if each is not boxless]
    assert [each["bbox"] for each in found.annotations if each["id"] != boxless["id"]] == written
    assert sum("segmentation" not in each for each in found.annotations) == len(bare)
    assert read(tmp_path, shapes={"images": 1}).remarks == []


def test_what_does_not_exist_is_said_before_any_work(tmp_path: Path):
    with pytest.raises(UsageError, match="does not exist"):
        require_transfer_dataset(ImageSet(images="images", annotations="truth.json"), tmp_path)
    draw_streets(tmp_path / "city", 1, size=(64, 128))
    require_transfer_dataset(ImageSet(cityscapes="city"), tmp_path)
    with pytest.raises(UsageError, match="split"):
        require_transfer_dataset(ImageSet(cityscapes="city", split="train"), tmp_path)


def test_what_is_ignored_is_a_crowd_of_every_class(tmp_path: Path):
    found = read(tmp_path, shapes={"images": 1})
    first, second = found.annotations[:2]
    document = found.coco_dataset([first], ClassTable.from_names(["a", "b"]), [second])
    assert [each["id"] for each in document["annotations"]] == [1, 2, 3]
    assert [(each["category_id"], each["iscrowd"]) for each in document["annotations"][1:]] == [(1, 1), (2, 1)]
