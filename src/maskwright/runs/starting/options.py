"""The model option ``aligned``, which a new run writes into its recipe and an earlier run never gets."""

from pathlib import Path

from maskwright.model_file import read_card
from maskwright.models.catalogue import find_model, find_published_weights, is_file
from maskwright.models.weights.loading import read_weights
from maskwright.progress import Reporter
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.folder import open_run

ALIGNED = "aligned"


def with_starting_options(recipe: Recipe, folder: Path) -> Recipe:
    """Return ``recipe`` with the model option ``aligned``, where it does not say and the model has the option.

    A new run is aligned unless its starting weights are of heads that are not: torchvision's published weights, or a
    model file without the option. A run that exists in ``folder`` keeps what its recipe says; one of an earlier version
    says nothing, and its model stays as it was built.

    Raises ``UsageError`` for an unknown model, ``WeightsError`` for weights that cannot be read.
    """
    section = recipe.model
    if ALIGNED in section.options or ALIGNED not in (find_model(section.name).options or ()):
        return recipe
    if RunFolder(folder).recipe_file.is_file():
        stated = open_run(folder, Reporter(quiet=True)).recipe.model.options
        added = {ALIGNED: stated[ALIGNED]} if ALIGNED in stated else {}
    else:
        added = {ALIGNED: _heads_are_aligned(section.name, section.weights)}
    model = section.model_copy(update={"options": {**section.options, **added}})
    return recipe.model_copy(update={"model": model})


def _heads_are_aligned(name: str, weights: str) -> bool:
    """Return whether the heads in ``weights`` are of an aligned model, or there are none."""
    if not is_file(weights):
        published = find_published_weights(name, weights)
        return published is None or published.classes is None
    file = Path(weights)
    if (card := read_card(file)) is not None:
        return bool(card.options.get(ALIGNED, False))
    if not file.is_file():
        return True  # building the model reports that it is missing
    return not any(key.startswith("roi_heads.") for key in read_weights(file))
