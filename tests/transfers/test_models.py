"""Models that were trained on a target are refused, and accepted as bounds."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.errors import UsageError
from maskwright.files import write_json
from maskwright.model_file import CARD_KEY, SOURCE_KEY, read_model_file
from maskwright.models.detectron2.zoo import ZOO
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump, load_recipe, validate_recipe
from maskwright.recipes.transfer import Transfer
from maskwright.runs.loaded_model import model_file
from maskwright.synthetic.shapes import write_shapes
from maskwright.synthetic.streets import draw_streets
from maskwright.transfers.models import open_transfer_model
from maskwright.transfers.starting_models import obtain_model, require_model_sources
from tests.transfers.transferred import write_model

CITY = tuple(label.name for label in INSTANCE_LABELS)
QUIET = Reporter(quiet=True)


def transfer_of(start: Any, target: dict[str, Any], key: str = "models", root: Path | None = None) -> Transfer:
    others = {} if key == "models" else {"models": {"innocent": "demo-none"}}
    content = {"name": "t", "source": {"shapes": {}}, "targets": {"there": target}, key: {"it": start}, **others}
    return validate_recipe({**content, **({"root": str(root)} if root else {})}, "t", Transfer)


def refused(start: Any, target: dict[str, Any], root: Path | None = None) -> str:
    """The message with which ``start`` is refused as a model."""
    with pytest.raises(UsageError) as caught:
        require_model_sources(transfer_of(start, target, root=root))
    assert "Name it under bound" in str(caught.value)
    assert "the target 'there'" in str(caught.value)
    return str(caught.value)


def trained(folder: Path, **data: Any) -> str:
    """A model file whose card says that it was trained on ``data``."""
    recipe = load_recipe("demo-instance").model_dump(mode="json") | {"data": data}
    return str(write_model(folder, recipe=dump(validate_recipe(recipe, "it"))))


def converted(path: Path, file: str, classes: tuple[str, ...], **known: str) -> str:
    """A model file as ``weights convert`` writes it from a checkpoint called ``file``."""
    card, _ = read_model_file(model_file(write_model(path.with_suffix(""), classes)))
    metadata = {CARD_KEY: json.dumps(card.__dict__), SOURCE_KEY: json.dumps({"file": file, "sha256": "0", **known})}
    save_file({"weight": torch.zeros(1)}, path, metadata)
    return str(path)


@pytest.mark.parametrize("name", [name for name, zoo in ZOO.items() if zoo.trained_on == "Cityscapes"])
def test_the_zoos_cityscapes_models_are_refused_on_cityscapes_and_are_its_bound(name: str):
    city = {"cityscapes": "anywhere"}
    assert f"{name} was trained on Cityscapes" in refused(name, city)
    bound = transfer_of(name, city, "bound").model_copy(update={"models": {}})
    require_model_sources(bound)
    require_model_sources(transfer_of(name, {"shapes": {}}))


def test_the_zoos_coco_models_go_to_cityscapes_and_not_to_coco():
    require_model_sources(transfer_of("mask_rcnn_R_50_FPN_3x", {"cityscapes": "anywhere"}))
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
    require_model_sources(transfer_of("mask_rcnn_R_50_FPN_3x", city, root=tmp_path))
    require_model_sources(transfer_of(zoo.name, city, "bound", tmp_path).model_copy(update={"models": {}}))


def test_a_converted_zoo_file_is_known_by_its_source(tmp_path: Path):
    zoo = ZOO["mask_rcnn_R_50_FPN_cityscapes"]
    city = {"cityscapes": "anywhere"}
    assert zoo.name in refused(converted(tmp_path / "a.safetensors", zoo.file, CITY), city)
    renamed = converted(tmp_path / "b.safetensors", "mine.pkl", CITY, address=zoo.address)
    assert zoo.name in refused(renamed, city)


def test_converted_weights_of_cityscapes_classes_are_known_by_them(tmp_path: Path):
    file = converted(tmp_path / "b.safetensors", "model_final.pkl", CITY)
    assert "eight classes" in refused(file, {"cityscapes": "anywhere"})
    require_model_sources(
        transfer_of(converted(tmp_path / "c.safetensors", "own.pkl", CITY[:1]), {"cityscapes": "anywhere"})
    )


def test_a_card_that_names_the_targets_domain_is_refused(tmp_path: Path):
    foggy = trained(tmp_path / "foggy", shapes={"domain": "shifted"})
    fog = {"shapes": {"domain": "shifted"}}
    assert "trained on shifted shapes" in refused(foggy, fog)
    require_model_sources(transfer_of(trained(tmp_path / "clear", shapes={}), fog))


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
    require_model_sources(transfer_of(trained(tmp_path / "third", source=other, split="8:2"), target, root=tmp_path))


def test_a_card_that_names_images_of_the_targets_folder_is_refused(tmp_path: Path):
    draw_streets(tmp_path / "city", 1, size=(64, 128))
    source = {"images": str(tmp_path / "city" / "leftImg8bit" / "train"), "annotations": "train.json"}
    model = trained(tmp_path / "model", source=source, split="8:2")
    assert "images of" in refused(model, {"cityscapes": "city"}, tmp_path)


def test_a_recipe_that_trains_on_the_target_is_refused_before_it_trains():
    start = {"recipe": "demo-instance", "set": ["data.shapes.domain=shifted"]}
    assert "shifted shapes" in refused(start, {"shapes": {"domain": "shifted"}})


def test_weights_that_a_training_began_with_count_too(tmp_path: Path):
    known = trained(tmp_path / "known", shapes={"domain": "shifted"})
    recipe = load_recipe("demo-instance", [f"model.weights={model_file(Path(known))}"])
    model = str(write_model(tmp_path / "model", recipe=dump(recipe)))
    assert "shifted shapes" in refused(model, {"shapes": {"domain": "shifted"}})


def test_a_semantic_model_and_a_missing_one_are_refused(tmp_path: Path):
    fog = {"shapes": {"domain": "shifted"}}
    with pytest.raises(UsageError, match="expected an instance one"):
        require_model_sources(transfer_of({"recipe": "demo-semantic"}, fog))
    with pytest.raises(UsageError, match="no model here"):
        require_model_sources(transfer_of(str(tmp_path / "nothing"), fog))


@pytest.mark.parametrize("key", ["models", "bound"])
@pytest.mark.parametrize("name", ["nowhere.pkl", "nowhere.pth", "nowhere"])
def test_what_is_used_is_there_before_any_work(key: str, name: str, tmp_path: Path):
    recipe = transfer_of(str(tmp_path / name), {"shapes": {"domain": "shifted"}}, key)
    if key == "bound":
        recipe = recipe.model_copy(update={"models": {}})
    with pytest.raises(UsageError, match="nowhere"):
        require_model_sources(recipe)
    if Path(name).suffix:
        (tmp_path / name).write_bytes(b"weights")
        require_model_sources(recipe)


def test_a_contender_is_its_file_and_says_what_it_is(tmp_path: Path):
    folder = write_model(tmp_path / "model")
    recipe = transfer_of(str(folder), {"shapes": {"domain": "shifted"}})
    found = obtain_model("it", recipe.models["it"], "model", tmp_path / "out", recipe, QUIET)
    assert found == open_transfer_model("it", "model", model_file(folder), {"use": str(folder)})
    assert found.to_json()["classes"] == ["disc", "square", "triangle", "ring"]
    write_model(folder, salt=1.0)
    assert load_file(model_file(folder))["weight"].item() == 1
    assert open_transfer_model("it", "model", model_file(folder), {}).sha256 != found.sha256
