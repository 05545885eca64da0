"""The models of a transfer: there before any work, refused where they know a target unless they are its bound."""

from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.models.detectron2.zoo import ZOO
from maskwright.progress import Reporter
from maskwright.recipes.transfer import Transfer
from maskwright.runs.loaded_model import model_file
from maskwright.transfers.models import TransferModel, open_transfer_model
from maskwright.transfers.starting_models import obtain_model, require_model_sources
from tests.models.tiny_zoo import checkpoint
from tests.transfers.starts import trained, transfer_of
from tests.transfers.transferred import write_model

CITY, FOG = {"cityscapes": "anywhere"}, {"shapes": {"domain": "shifted"}}
QUIET = Reporter(quiet=True)


def bound_of(start: object, target: dict[str, object]) -> Transfer:
    return transfer_of(start, target, "bound").model_copy(update={"models": {}})


def obtain(start: str, folder: Path, target: dict[str, object], role: str = "model") -> TransferModel:
    recipe = transfer_of(start, target)
    return obtain_model("it", recipe.models["it"], role, folder, recipe, QUIET)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, zoo in ZOO.items() if zoo.trained_on == "Cityscapes"])
def test_a_published_model_of_the_target_is_refused_and_is_its_bound(name: str) -> None:
    with pytest.raises(UsageError, match="Name it under bound"):
        require_model_sources(transfer_of(name, CITY))
    require_model_sources(bound_of(name, CITY))
    require_model_sources(transfer_of(name, FOG))


def test_a_recipe_that_trains_on_the_target_is_refused_and_is_its_bound() -> None:
    start = {"recipe": "demo-instance", "set": ["data.shapes.domain=shifted"]}
    with pytest.raises(UsageError, match="Name it under bound"):
        require_model_sources(transfer_of(start, FOG))
    require_model_sources(bound_of(start, FOG))


def test_a_model_file_of_the_target_is_refused_and_is_its_bound(tmp_path: Path) -> None:
    foggy = trained(tmp_path / "foggy", shapes={"domain": "shifted"})
    with pytest.raises(UsageError, match="Name it under bound"):
        require_model_sources(transfer_of(foggy, FOG))
    with pytest.raises(UsageError, match="Name it under bound"):
        obtain(foggy, tmp_path / "out", FOG)
    require_model_sources(bound_of(foggy, FOG))
    assert obtain(foggy, tmp_path / "out", FOG, "bound").role == "bound"


def test_a_semantic_model_and_a_missing_one_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="expected an instance one"):
        require_model_sources(transfer_of({"recipe": "demo-semantic"}, FOG))
    with pytest.raises(UsageError, match="no model here"):
        require_model_sources(transfer_of(str(tmp_path / "nothing"), FOG))


@pytest.mark.parametrize("key", ["models", "bound"])
@pytest.mark.parametrize("name", ["nowhere.pkl", "nowhere.pth", "nowhere"])
def test_what_is_used_is_there_before_any_work(key: str, name: str, tmp_path: Path):
    recipe = transfer_of(str(tmp_path / name), FOG, key)
    if key == "bound":
        recipe = recipe.model_copy(update={"models": {}})
    with pytest.raises(UsageError, match="nowhere"):
        require_model_sources(recipe)
    if Path(name).suffix:
        (tmp_path / name).write_bytes(b"weights")
        require_model_sources(recipe)


def test_a_model_file_takes_part_as_it_is(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    found = obtain(str(folder), tmp_path / "out", FOG)
    assert found == open_transfer_model("it", "model", model_file(folder), {"use": str(folder)})
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_is_converted_once_and_again_when_it_is_another(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl", classes=80)
    first = obtain(str(source), tmp_path / "out", FOG)
    assert first.file == tmp_path / "out" / "weights" / "it.safetensors"
    assert first.provenance["use"] == str(source)
    assert first.provenance["file"] == "model.pkl"
    written = first.file.stat().st_mtime_ns
    assert obtain(str(source), tmp_path / "out", FOG) == first
    assert first.file.stat().st_mtime_ns == written
    checkpoint(source, classes=8)
    assert len(obtain(str(source), tmp_path / "out", FOG).card.classes) == 8


def test_a_model_with_cityscapes_classes_is_refused_there_after_its_conversion(tmp_path: Path) -> None:
    source = checkpoint(tmp_path / "model.pkl", classes=8)
    require_model_sources(transfer_of(str(source), CITY))
    with pytest.raises(UsageError, match="eight classes"):
        obtain(str(source), tmp_path / "out", CITY)
