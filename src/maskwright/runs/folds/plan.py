"""The plan of folds: the data of a recipe divided so that each of K models leaves out other images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.leak_groups import LeakGroups, find_leak_groups, require_filled
from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.splitting import objects_of_images, split_ids
from maskwright.errors import UsageError
from maskwright.files import read_json, sha256_of, write_json
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, load_recipe
from maskwright.recipes.schema import Recipe, Source
from maskwright.runs.prepare import DataSplit, Prepared, prepare, require_data
from maskwright.structures import ClassTable

SUMMARY = "folds.json"

# The part of a fold's run whose images its model did not learn. Validation chooses the best epoch, and is another.
HELD_OUT = "test"
# Of the images that a fold learns from, those that choose its best epoch, where the recipe has no validation file.
_TO_VALIDATION = (9, 1)


@dataclass(frozen=True)
class Fold:
    """One fold: its ``recipe``, the ``path`` of its run, and the number of images that it holds out."""

    number: int
    recipe: Recipe
    path: Path
    images: int


@dataclass(frozen=True)
class FoldPlan:
    """The folds of a recipe below ``path``, and the class table and the ``images`` of all of them."""

    path: Path
    name: str
    folds: Sequence[Fold]
    table: ClassTable
    images: Sequence[ImageObjects]
    annotations: Path


def plan_folds(
    recipe: RecipeLike, folds: int, overrides: Sequence[str], out: Path | None, reporter: Reporter
) -> FoldPlan:
    """Divide the training data of ``recipe`` into ``folds`` and write their annotation files below ``out``/data.

    Images with the same name, address or picture are in one fold, and every class is spread as evenly as it can be.
    Records keep their ids. A fold learns from the other folds. Its best epoch is chosen on the recipe's validation
    file, or, where the recipe splits one file, on a tenth of what it learns from.

    Raises ``UsageError`` for fewer than two folds, a semantic recipe, or a folder that holds something else, and
    ``DataError`` when a fold would have no image.
    """
    loaded = load_recipe(recipe, overrides)
    if folds < 2:
        raise UsageError(f"--folds {folds}: expected 2 or more; each model predicts what it did not learn.")
    if loaded.task != "instance":
        raise UsageError(
            f"--folds: {loaded.name} is a {loaded.task} recipe; expected task: instance. Use split and run."
        )
    path = out if out is not None else Path("runs") / f"{loaded.name}-folds"
    if path.is_dir() and any(path.iterdir()) and not (path / SUMMARY).is_file():
        raise UsageError(f"{path}: is not empty and not the folder of folds. Choose another folder with --out.")
    require_data(loaded)
    prepared = prepare(loaded, path)
    source = prepared.parts["train"]
    images = _folded(loaded, prepared)
    document = read_document(source.annotations)
    together = find_leak_groups(document, None, source.folder, reporter)
    begun = {"recipe": loaded.name, "folds": folds, "seed": loaded.seed, "sha256": sha256_of(source.annotations)}
    _require_same(path, begun)
    planned = [
        Fold(number, _fold_recipe(loaded, source, files, number), path / f"fold-{number}", held)
        for number, files, held in _write_parts(path, loaded, document, images, together, folds)
    ]
    if not (path / SUMMARY).is_file():
        write_json(path / SUMMARY, {"begun": begun})
    return FoldPlan(path, loaded.name, planned, prepared.table, images, source.annotations)


def _require_same(path: Path, begun: Mapping[str, Any]) -> None:
    if not (path / SUMMARY).is_file():
        return
    earlier = read_json(path / SUMMARY).get("begun", {})
    other = [name for name in begun if earlier.get(name) != begun[name]]
    if other:
        raise UsageError(
            f"{path}: holds folds of another {' and '.join(other)}; expected the same to go on. Choose another --out."
        )


def _folded(recipe: Recipe, prepared: Prepared) -> list[ImageObjects]:
    """Return the images that are divided: those of the training file, or of the one file that the recipe splits."""
    parts = prepared.parts.values() if recipe.data.split is not None else [prepared.parts["train"]]
    return sorted((each for part in parts for each in part.selection.images), key=lambda each: each.image.id)


def _write_parts(
    path: Path,
    recipe: Recipe,
    document: Document,
    images: Sequence[ImageObjects],
    together: LeakGroups,
    folds: int,
) -> list[tuple[int, dict[str, Path], int]]:
    """Write the annotation files of each fold; return its number, its files by part, and its held-out images."""
    chosen = {each.image.id for each in images}
    counts = {image_id: count for image_id, count in objects_of_images(document.coco)[1].items() if image_id in chosen}
    pieces = split_ids(counts, [1.0] * folds, recipe.seed, together.sets)
    require_filled(document.coco.path, {f"fold {k}": ids for k, ids in enumerate(pieces, start=1)}, together)
    written = []
    for number, held in enumerate(pieces, start=1):
        rest = [image_id for ids in pieces if ids is not held for image_id in ids]
        parts = {"train": rest, HELD_OUT: held}
        if recipe.data.split is not None:
            learnt = split_ids({i: counts[i] for i in rest}, _TO_VALIDATION, recipe.seed, together.sets)
            parts |= dict(zip(("train", "validation"), learnt, strict=True))
        require_filled(document.coco.path, parts, together)
        files = {part: path / "data" / f"fold-{number}" / f"{part}.json" for part in parts}
        for part, ids in parts.items():
            if not files[part].is_file():  # written whole, and the same in every call
                _write_part(files[part], document, set(ids))
        written.append((number, files, len(held)))
    return written


def _write_part(file: Path, document: Document, images: set[int]) -> None:
    write_coco(
        file,
        records_with_ids(document.images, images),
        records_with_ids(document.annotations, [a.id for a in document.coco.annotations if a.image_id in images]),
        records_with_ids(document.categories, [category.id for category in document.coco.categories]),
        document.head,
    )


def _fold_recipe(recipe: Recipe, source: DataSplit, files: Mapping[str, Path], number: int) -> Recipe:
    """Return ``recipe`` with the data of a fold; what chose its images has done so already."""
    given = recipe.data.source or recipe.data.train or Source(images="", annotations="")
    parts = {
        part: Source(
            images=str(source.folder.absolute()),
            annotations=str(file.absolute()),
            taxonomy=given.taxonomy,
            rider=given.rider,
        ).model_dump()
        for part, file in files.items()
    }
    if recipe.data.validation is not None:
        parts["validation"] = _absolute(recipe, recipe.data.validation)
    elif "validation" not in parts:  # built-in shapes
        beside = source.annotations.parent.parent / "validation"
        own = Source(
            images=str((beside / "images").absolute()), annotations=str((beside / source.annotations.name).absolute())
        )
        parts["validation"] = own.model_dump()
    content = recipe.model_dump()
    content["name"] = f"{recipe.name}-fold-{number}"
    content["evaluate"]["on"] = [HELD_OUT]
    # A class with few objects may be in one fold alone, which others then do not learn.
    replaced = dict.fromkeys(("source", "split", "shapes", "streets", "max_images"))
    content["data"] |= {"root": ".", **replaced, **parts}
    content["data"]["allow_empty_classes"] = True
    return load_recipe(content)


def _absolute(recipe: Recipe, source: Source) -> dict[str, Any]:
    root = Path(recipe.data.root)
    return source.model_dump() | {
        "images": str((root / source.images).absolute()),
        "annotations": str((root / source.annotations).absolute()),
        "max_images": source.max_images or recipe.data.max_images,
    }
