"""The number of queries that is ``auto``: room for the objects of the densest training image."""

import math
from pathlib import Path
from typing import Any

from maskwright.model_file import read_card
from maskwright.models.catalogue import find_model, is_file
from maskwright.progress import Reporter
from maskwright.recipes.schema import Recipe
from maskwright.runs.prepare import densest_image
from maskwright.runs.source_file import SourceFiles

QUERIES, AUTO = "queries", "auto"
_USUAL = (50, 100, 200, 300)
_ROOM = 1.5


def with_queries(recipe: Recipe, files: SourceFiles, reporter: Reporter) -> Recipe:
    """Return ``recipe`` with a number in the place of ``model.options.queries: auto``, and report it.

    It is the least of 50, 100, 200 and 300 that is 1.5 times the objects of the densest image in the training file, or
    beyond these the next multiple of 100. Weights with queries keep theirs: published ones the model's default, a model
    file what its card says. Label maps have the model's default too, as an image has few classes, and so has built-in
    data, whose images are not drawn yet.

    Raises ``UsageError`` for an unknown model, ``DataError`` when the file cannot be read.
    """
    section = recipe.model
    if section.options.get(QUERIES) != AUTO:
        return recipe
    options: dict[str, Any] = {key: value for key, value in section.options.items() if key != QUERIES}
    published = find_model(section.name).published.get(section.weights)
    if is_file(section.weights):
        card = read_card(Path(section.weights))
        options |= {QUERIES: card.options[QUERIES]} if card is not None and QUERIES in card.options else {}
        reporter.say(f"queries: {options.get(QUERIES, 'as many as the model has')}, those of {section.weights}")
    elif recipe.task == "semantic" or recipe.data.built_in or (published is not None and published.classes is not None):
        reporter.say("queries: as many as the model has")
    else:
        name, objects = densest_image(recipe, files)
        options[QUERIES] = room_for(objects)
        reporter.say(f"queries: {options[QUERIES]}, for the {objects} objects of the densest image {name}")
    model = section.model_copy(update={"options": options})
    return recipe.model_copy(update={"model": model})


def room_for(objects: int) -> int:
    """Return the number of queries for at most so many ``objects`` on an image.

    Example:
        >>> room_for(33), room_for(34), room_for(250)
        (50, 100, 400)
    """
    wanted = math.ceil(_ROOM * objects)
    return next((number for number in _USUAL if number >= wanted), math.ceil(wanted / 100) * 100)
