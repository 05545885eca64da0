"""The models that a transfer starts from: found, downloaded, converted or trained, and checked against its data."""

from collections.abc import Iterable
from pathlib import Path

from maskwright.errors import UsageError, require_file
from maskwright.files import sha256_of
from maskwright.model_file import ModelCard, read_model_file, read_provenance
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.published_weights import list_weights
from maskwright.models.weights_conversion import convert_weights
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.transfer import ModelSource, Transfer
from maskwright.run_folder import model_file
from maskwright.runs.stages import train_recipe
from maskwright.transfers.models import Role, TransferModel, open_transfer_model
from maskwright.transfers.training_data import (
    PastTraining,
    trainings_of_file,
    trainings_of_published,
    trainings_of_recipe,
)
from maskwright.transfers.unseen_source import require_unseen_source
from maskwright.transfers.unseen_targets import require_unseen_targets

_CHECKPOINTS = (".pkl", ".pth", ".pt")


def require_model_sources(recipe: Transfer) -> None:
    """Raise ``UsageError`` for a model that does not exist, is no instance model, or was trained on source or target.

    Only names, recipes and model files are looked at: nothing is downloaded, trained or written. Models under ``bound``
    may have been trained on a target, and are not scored on the source.
    """
    for key, start in {**recipe.models, **recipe.bound}.items():
        free = key in recipe.bound
        if start.recipe is not None:
            trained = load_recipe(start.recipe, start.set)
            if trained.task != "instance":
                raise UsageError(
                    f"models.{key}: {start.recipe} trains a {trained.task} model; expected an instance one."
                )
            if not free:
                _require_unseen(key, trainings_of_recipe(trained), recipe)
            continue
        assert start.use is not None
        if not Path(start.use).exists() and start.use in _published():
            if not free:
                _require_unseen(key, trainings_of_published(start.use), recipe)
        elif Path(start.use).suffix in _CHECKPOINTS:
            require_file(Path(start.use), "weights")
        else:
            file = model_file(Path(start.use))
            card, _ = read_model_file(file)
            _require_instances(key, card)
            if not free:
                _require_unseen(key, trainings_of_file(file), recipe)


def present_models(recipe: Transfer) -> dict[str, Path]:
    """Return the model files by name of those ``models`` that need not be downloaded, converted or trained first."""
    found = {}
    for key, start in recipe.models.items():
        path = Path(start.use or "")
        if start.use is not None and path.exists() and path.suffix not in _CHECKPOINTS:
            found[key] = model_file(path)
    return found


def obtain_model(
    key: str, start: ModelSource, role: Role, folder: Path, recipe: Transfer, reporter: Reporter
) -> TransferModel:
    """Return the model ``key``, trained or downloaded into ``folder`` unless it is there.

    Raises ``UsageError`` when there is no such model, it is no instance model, or it has the role ``model`` and was
    trained on the source or a target; ``WeightsError`` when weights cannot be fetched or converted; ``Interrupted``
    after SIGTERM or Ctrl-C during a training.
    """
    if start.recipe is not None:
        path = folder / "trained" / key
        reporter.say(f"{key}: training by {start.recipe}")
        train_recipe(load_recipe(start.recipe, start.set), path, resume=True, reporter=reporter)
        return open_transfer_model(key, role, model_file(path), {"recipe": start.recipe, "set": list(start.set)})
    assert start.use is not None
    path = Path(start.use)
    if path.suffix in _CHECKPOINTS or (not path.exists() and start.use in _published()):
        file = folder / "weights" / f"{key}.safetensors"
        if not _is_converted(file, start.use):
            convert_weights(start.use, file, overwrite=True, reporter=reporter)
        found = open_transfer_model(key, role, file, {"use": start.use, **read_provenance(file)})
    else:
        found = open_transfer_model(key, role, model_file(path), {"use": start.use})
    _require_instances(key, found.card)
    if role == "model":
        _require_unseen(key, trainings_of_file(found.file), recipe)
    return found


def _require_unseen(key: str, trainings: Iterable[PastTraining], recipe: Transfer) -> None:
    known = list(trainings)
    require_unseen_targets(key, known, recipe)
    require_unseen_source(key, known, recipe)


def _is_converted(file: Path, use: str) -> bool:
    """Return whether ``file`` is the conversion of the checkpoint that ``use`` names."""
    if not file.is_file():
        return False
    source = read_provenance(file)
    if Path(use).is_file():
        return source.get("sha256") == sha256_of(Path(use))
    return use in ZOO and source.get("file") == ZOO[use].file


def _require_instances(key: str, card: ModelCard) -> None:
    if card.task != "instance":
        raise UsageError(f"models.{key}: is a {card.task} model; expected an instance model. Leave it out.")


def _published() -> set[str]:
    return {each["name"] for each in list_weights()}
