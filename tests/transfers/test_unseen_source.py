"""A model whose training images are the source's is found out by its recipe or its published weights, with a remedy."""

from pathlib import Path
from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.weights.published_classes import coco_classes
from maskwright.synthetic.shapes import write_shapes
from maskwright.synthetic.streets import draw_streets
from maskwright.transfers.unseen_source import require_unseen_source
from tests.transfers.starts import converted, trained, trainings, transfer_of

CITY_MODEL = "mask_rcnn_R_50_FPN_cityscapes"
FOG = {"shapes": {"domain": "shifted"}}


def require_unseen(start: Any, source: dict[str, Any], root: Path | None = None) -> None:
    require_unseen_source("it", trainings(start), transfer_of(start, FOG, root=root, source=source))


def refused(start: Any, source: dict[str, Any], root: Path | None = None) -> str:
    """The message with which ``start`` is refused."""
    with pytest.raises(UsageError, match=r"^models\.it: .*which is the source; expected .* not seen\. ") as caught:
        require_unseen(start, source, root)
    return str(caught.value)


def coco(name: str) -> dict[str, str]:
    return {"images": "images", "annotations": f"annotations/{name}.json"}


@pytest.mark.parametrize("file", ["instances_train2017", "instances_train2014", "instances_val2014"])
def test_models_of_coco_are_refused_on_what_they_were_trained_on(file: str, tmp_path: Path):
    for name in ("mask_rcnn_R_50_FPN_3x", "torchvision_mask_rcnn_resnet50_fpn"):
        assert f"{name} was trained on COCO's training images" in refused(name, coco(file))
        require_unseen(name, coco("instances_val2017"))
    own = converted(tmp_path / "own.safetensors", "model_final.pkl", tuple(coco_classes()))
    assert "Name those of instances_val2017" in refused(own, coco(file))
    begun = {"recipe": "demo-instance", "set": ["model.name=mask_rcnn_resnet50_fpn", "model.weights=coco"]}
    assert "COCO's training images" in refused(begun, coco(file))
    require_unseen(CITY_MODEL, coco(file))


def test_models_of_cityscapes_are_refused_on_its_split_train():
    assert "source.split to val" in refused(CITY_MODEL, {"cityscapes": "city", "split": "train"})
    require_unseen(CITY_MODEL, {"cityscapes": "city", "split": "val"})
    require_unseen(next(iter(ZOO)), {"cityscapes": "city", "split": "train"})


def test_shapes_are_seen_where_domain_and_seed_are_those_of_the_training(tmp_path: Path):
    model = trained(tmp_path / "model", shapes={"seed": 3})
    assert "clear shapes of the seed 6" in refused(model, {"shapes": {"seed": 6}})
    for shapes in ({"seed": 3}, {"seed": 7}, {"seed": 6, "domain": "shifted"}):
        require_unseen(model, {"shapes": shapes})
    start = {"recipe": "demo-instance", "set": []}
    assert "seed 0" in refused(start, {"shapes": {}})


def test_the_annotation_file_of_the_training_is_refused_whole_or_in_part(tmp_path: Path):
    file = write_shapes(tmp_path / "mine", 2)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "labels.json").write_bytes(file.read_bytes())
    whole = {"images": "images", "annotations": str(file)}
    others = {"images": "images", "annotations": str(write_shapes(tmp_path / "others", 3))}
    both = trained(tmp_path / "both", train=whole, validation=others)
    part = trained(tmp_path / "part", source=whole, split="8:2")
    for folder, name in (("mine", "annotations.json"), ("copy", "labels.json")):
        source = {"images": "mine/images", "annotations": f"{folder}/{name}"}
        assert f"it was trained on {file}" in refused(both, source, tmp_path)
        message = refused(part, source, tmp_path)
        assert f"on a part of {file}" in message
        assert "maskwright split" in message
    # The images that the model was chosen by, but not trained on.
    require_unseen(both, others)


def test_images_of_the_sources_split_are_refused_and_those_of_another_are_not(tmp_path: Path):
    draw_streets(tmp_path / "city", 1, size=(64, 128))
    train = {"images": str(tmp_path / "city" / "leftImg8bit" / "train"), "annotations": "train.json"}
    model = trained(tmp_path / "model", source=train, split="8:2")
    assert "images of" in refused(model, {"cityscapes": "city", "split": "train"}, tmp_path)
    require_unseen(model, {"cityscapes": "city", "split": "val"}, tmp_path)
