"""Annotations that are given in place of a recipe: refused with the command that trains on them."""

from pathlib import Path

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.formats.exports import find_export
from maskwright.annotations.formats.image_places import place_images
from maskwright.annotations.formats.image_search import image_folder_near
from maskwright.errors import MaskwrightError, UsageError
from maskwright.recipes.loading import RecipeLike, is_annotations


def require_recipe(recipe: RecipeLike) -> None:
    """Raise ``UsageError`` with the command that trains on them when annotations are given in place of a recipe."""
    if is_annotations(recipe) and Path(str(recipe)).exists():
        path = Path(str(recipe))
        raise UsageError(
            f"{path}: is no recipe; expected a YAML file or a shipped name. To train on annotations: maskwright train."
        ).try_next(*training_command(path))


def training_command(annotations: Path) -> tuple[str, ...]:
    """Return the words of the command that trains on ``annotations``; it names their images where they must be named.

    What is wrong with the annotations, the command says itself.
    """
    words = ("train", str(annotations))
    try:
        export = find_export(annotations)
        if len(export.parts) != 1:
            return words
        coco = read_coco(export.parts[0].annotations)
    except MaskwrightError:
        return words
    try:
        place_images(coco, export.parts[0].folders)
    except UsageError:
        near = image_folder_near(coco)
        return words if near is None else (*words, "--images", str(near))
    return words
