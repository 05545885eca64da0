"""Fine-tuning on a target: the recipe, the data and the classes of the training."""

from pathlib import Path

import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.taxonomy.shared_classes import shared_classes, transfer_taxonomy
from maskwright.errors import DataError
from maskwright.progress import Reporter
from maskwright.recipes.schema import Recipe
from maskwright.recipes.transfer import FineTune, ImageSet
from maskwright.runs.loaded_model import model_file
from maskwright.structures import ClassTable
from maskwright.transfers import fine_tuning as transfer_tuning
from maskwright.transfers.datasets import load_transfer_dataset
from maskwright.transfers.fine_tuning import fine_tune
from maskwright.transfers.models import open_transfer_model
from tests.transfers.transferred import SHAPES, write_model

SECTION = FineTune.model_validate({"train": {"epochs": 1}})
QUIET = Reporter(quiet=True)


def asked(folder: Path, monkeypatch: pytest.MonkeyPatch, classes: tuple[str, ...]):
    """The fine-tuned model, and the recipe by which a model of ``classes`` is fine-tuned."""
    seen = []

    def train_recipe(recipe: Recipe, path: Path, *, resume: bool, reporter: Reporter) -> None:
        assert resume
        seen.append(recipe)
        write_model(path / "checkpoints" / "best")

    monkeypatch.setattr(transfer_tuning, "train_recipe", train_recipe)
    # As a version wrote it that said square for every model that was not asked.
    size = {"resize": "square", "size": 96, "longest": None, "multiple": 1}
    model = open_transfer_model("one", "model", model_file(write_model(folder / "one", classes, **size)), {})
    section = ImageSet.model_validate({"shapes": {"images": 4, "domain": "shifted"}})
    images = load_transfer_dataset("fog-train", section, folder, folder / "drawn")
    tables = {"one": model.card.table}
    taxonomy = transfer_taxonomy(images.table, images.table, tables.values())
    shared = shared_classes(taxonomy, images.table, images.table, tables)
    return fine_tune(model, "fog", images, shared, SECTION, 3, folder / "out", QUIET), seen[0], images, shared


def test_the_training_begins_with_the_model_and_sets_images_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found, recipe, images, _ = asked(tmp_path, monkeypatch, SHAPES[::-1])
    assert (found.name, found.role, found.target) == ("one+fog", "tuned", "fog")
    assert found.provenance["further"] == "one"
    assert recipe.model.weights == str(model_file(tmp_path / "one"))
    assert recipe.classes == list(SHAPES[::-1])  # the model's own order, so that its heads go on
    assert (recipe.seed, recipe.data.split, recipe.train.epochs) == (3, "9:1", 1)
    assert (recipe.model.input.resize, recipe.model.input.size) == ("short-side", 96)
    source = recipe.data.source
    assert source is not None
    assert Path(source.images) == images.folder.absolute()
    coco = read_coco(Path(source.annotations))
    assert coco.faults == []
    assert len(coco.annotations) == len(images.annotations)


def test_another_class_list_is_that_of_the_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _, recipe, images, shared = asked(tmp_path, monkeypatch, ("ring", "disc", "kite"))
    assert recipe.classes == list(shared.names) == ["disc", "ring"]
    source = recipe.data.source
    assert source is not None
    kept = [each for each in images.annotations if images.table.names[each["category_id"] - 1] in ("disc", "ring")]
    assert len(read_coco(Path(source.annotations)).annotations) == len(kept)


def test_images_without_any_shared_object_cannot_be_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _, _, images, shared = asked(tmp_path, monkeypatch, SHAPES)
    empty = type(images)("there", images.folder, ClassTable.from_names(SHAPES), images.images, [], {})
    model = open_transfer_model("one", "model", model_file(tmp_path / "one"), {})
    with pytest.raises(DataError, match="no mask"):
        fine_tune(model, "fog", empty, shared, SECTION, 0, tmp_path / "out", QUIET)
