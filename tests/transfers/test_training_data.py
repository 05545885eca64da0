"""What a model was trained on is read from its file, its run, the weights it began with and the published lists."""

import json
import shutil
from pathlib import Path

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.published_weights import list_weights
from maskwright.recipes.loading import dump, load_recipe
from maskwright.run_folder import model_file
from maskwright.transfers.training_data import trainings_of_file, trainings_of_published, trainings_of_recipe
from tests.transfers.starts import converted, trained
from tests.transfers.transferred import write_model

CITY = tuple(label.name for label in INSTANCE_LABELS)


def test_published_weights_name_their_data_set():
    (found,) = trainings_of_published("pointrend_rcnn_R_50_FPN_1x_cityscapes")
    assert (found.first, found.name, found.data_set) == (True, "pointrend_rcnn_R_50_FPN_1x_cityscapes", "Cityscapes")
    assert list(trainings_of_published("nothing")) == []


def test_a_converted_file_is_known_by_its_source(tmp_path: Path):
    zoo = ZOO["mask_rcnn_R_50_FPN_3x"]
    (found,) = trainings_of_file(Path(converted(tmp_path / "a.safetensors", zoo.file, ("person",))))
    assert (found.name, found.data_set) == (zoo.name, "COCO")
    torchvision = next(each for each in list_weights() if each["publisher"] == "torchvision")
    file = torchvision["address"].rpartition("/")[2]
    (found,) = trainings_of_file(Path(converted(tmp_path / "b.safetensors", file, ("person",))))
    assert (found.name, found.data_set) == (torchvision["name"], "COCO")
    (found,) = trainings_of_file(Path(converted(tmp_path / "c.safetensors", "own.pkl", CITY)))
    assert (found.name, found.data_set, found.classes) == (None, None, CITY)


def test_the_weights_that_a_training_began_with_follow_it(tmp_path: Path):
    known = trained(tmp_path / "known", shapes={"domain": "shifted"})
    recipe = load_recipe("demo-instance", [f"model.weights={model_file(Path(known))}"])
    mine, before = trainings_of_recipe(recipe)
    assert (mine.first, mine.recipe) == (True, recipe)
    assert before.recipe is not None
    assert (before.first, before.recipe.data.shapes and before.recipe.data.shapes.domain) == (False, "shifted")
    later = load_recipe("demo-instance", ["model.name=mask_rcnn_resnet50_fpn", "model.weights=coco"])
    assert [each.data_set for each in trainings_of_recipe(later)] == [None, "COCO"]


def test_files_that_begin_with_one_another_end(tmp_path: Path):
    folder = tmp_path / "model"
    recipe = load_recipe("demo-instance", [f"model.weights={folder / 'model.safetensors'}"])
    file = model_file(write_model(folder, recipe=dump(recipe)))
    assert 1 < len(list(trainings_of_file(file))) < 10


def test_a_run_says_which_images_and_which_file_it_used(instance_run: Path, tmp_path: Path):
    (found, *_) = trainings_of_file(model_file(instance_run))
    assert found.images is not None
    assert len(found.images.sizes) == 8
    used = json.loads((instance_run / "card.json").read_text(encoding="utf-8"))["data"]["train"]
    assert found.sha256 == used["sha256"]
    # A copy of the file alone says what its card says.
    copy = tmp_path / "model.safetensors"
    shutil.copy(model_file(instance_run), copy)
    (found, *_) = trainings_of_file(copy)
    assert found.recipe is not None
    assert (found.images, found.sha256) == (None, None)
