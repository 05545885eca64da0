"""A model that knows a target is found out by its recipe, its weights' source, its classes or its card."""

from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.errors import UsageError
from maskwright.files import write_json
from maskwright.models.detectron2.zoo import ZOO
from maskwright.recipes.loading import dump, load_recipe, validate_recipe
from maskwright.run_folder import model_file
from maskwright.synthetic.shapes import write_shapes
from maskwright.synthetic.streets import draw_streets
from maskwright.transfers.unseen_targets import require_unseen_targets
from tests.transfers.starts import converted, trained, trainings, transfer_of
from tests.transfers.transferred import write_model

CITY = tuple(label.name for label in INSTANCE_LABELS)


def require_unseen(start: Any, target: dict[str, Any], root: Path | None = None) -> None:
    require_unseen_targets("it", trainings(start), transfer_of(start, target, root=root))


def refused(start: Any, target: dict[str, Any], root: Path | None = None) -> str:
    """The message with which ``start`` is refused."""
    with pytest.raises(UsageError, match=r"^models\.it: .*the target 'there'.*Name it under bound") as caught:
        require_unseen(start, target, root)
    return str(caught.value)


@pytest.mark.parametrize("name", [name for name, zoo in ZOO.items() if zoo.trained_on == "Cityscapes"])
def test_the_zoos_cityscapes_models_are_refused_on_cityscapes_alone(name: str):
    city = {"cityscapes": "anywhere"}
    assert f"{name} was trained on Cityscapes" in refused(name, city)
    require_unseen(name, {"shapes": {}})


def test_the_zoos_coco_models_go_to_cityscapes_and_not_to_coco():
    require_unseen("mask_rcnn_R_50_FPN_3x", {"cityscapes": "anywhere"})
    coco = {"images": "val2017", "annotations": "annotations/instances_val2017.json"}
    assert "trained on COCO" in refused("mask_rcnn_R_50_FPN_3x", coco)


def test_a_coco_file_of_cityscapes_is_cityscapes_to_all_that_know_it(tmp_path: Path):
    names = [{"id": number, "name": name} for number, name in enumerate(CITY, start=1)]
    write_json(tmp_path / "city.json", {"images": [], "annotations": [], "categories": names})
    city = {"images": "pictures", "annotations": "city.json"}
    zoo = ZOO["mask_rcnn_R_50_FPN_cityscapes"]
    assert f"{zoo.name} was trained on Cityscapes" in refused(zoo.name, city, tmp_path)
    assert zoo.name in refused(converted(tmp_path / "a.safetensors", zoo.file, CITY), city, tmp_path)
    assert "was converted" in refused(converted(tmp_path / "b.safetensors", "own.pkl", CITY), city, tmp_path)
    begun = load_recipe("demo-instance").model_dump(mode="json")
    begun["model"] |= {"weights": "cityscapes"}
    tuned = str(write_model(tmp_path / "tuned", recipe=dump(validate_recipe(begun, "it"))))
    assert "its training began" in refused(tuned, city, tmp_path)
    require_unseen("mask_rcnn_R_50_FPN_3x", city, tmp_path)


def test_a_converted_zoo_file_is_known_by_its_source(tmp_path: Path):
    zoo = ZOO["mask_rcnn_R_50_FPN_cityscapes"]
    city = {"cityscapes": "anywhere"}
    assert zoo.name in refused(converted(tmp_path / "a.safetensors", zoo.file, CITY), city)
    renamed = converted(tmp_path / "b.safetensors", "mine.pkl", CITY, address=zoo.address)
    assert zoo.name in refused(renamed, city)


def test_converted_weights_of_cityscapes_classes_are_known_by_them(tmp_path: Path):
    file = converted(tmp_path / "b.safetensors", "model_final.pkl", CITY)
    assert "eight classes" in refused(file, {"cityscapes": "anywhere"})
    require_unseen(converted(tmp_path / "c.safetensors", "own.pkl", CITY[:1]), {"cityscapes": "anywhere"})


def test_a_card_that_names_the_targets_domain_is_refused(tmp_path: Path):
    foggy = trained(tmp_path / "foggy", shapes={"domain": "shifted"})
    fog = {"shapes": {"domain": "shifted"}}
    assert "trained on shifted shapes" in refused(foggy, fog)
    require_unseen(trained(tmp_path / "clear", shapes={}), fog)


def test_a_card_that_names_the_targets_file_or_a_copy_of_it_is_refused(tmp_path: Path):
    file = write_shapes(tmp_path / "there", 2)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "truth.json").write_bytes(file.read_bytes())
    target = {"images": "there/images", "annotations": "there/annotations.json"}
    for name, annotations in (("same", str(file)), ("copied", str(tmp_path / "copy" / "truth.json"))):
        source = {"images": "images", "annotations": annotations}
        model = trained(tmp_path / name, source=source, split="8:2")
        assert "it was trained on" in refused(model, target, tmp_path)
    other = {"images": "images", "annotations": str(write_shapes(tmp_path / "other", 3))}
    require_unseen(trained(tmp_path / "third", source=other, split="8:2"), target, tmp_path)


def test_a_card_that_names_images_of_the_targets_folder_is_refused(tmp_path: Path):
    draw_streets(tmp_path / "city", 1, size=(64, 128))
    source = {"images": str(tmp_path / "city" / "leftImg8bit" / "train"), "annotations": "train.json"}
    model = trained(tmp_path / "model", source=source, split="8:2")
    assert "images of" in refused(model, {"cityscapes": "city"}, tmp_path)


def test_a_recipe_that_trains_on_the_target_is_refused():
    start = {"recipe": "demo-instance", "set": ["data.shapes.domain=shifted"]}
    assert "shifted shapes" in refused(start, {"shapes": {"domain": "shifted"}})


def test_weights_that_a_training_began_with_count_too(tmp_path: Path):
    known = trained(tmp_path / "known", shapes={"domain": "shifted"})
    recipe = load_recipe("demo-instance", [f"model.weights={model_file(Path(known))}"])
    model = str(write_model(tmp_path / "model", recipe=dump(recipe)))
    assert "shifted shapes" in refused(model, {"shapes": {"domain": "shifted"}})
