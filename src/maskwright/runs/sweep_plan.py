"""Plan a sweep: its variants, all checked before the first one starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from maskwright.errors import MaskwrightError, UsageError
from maskwright.parallel.torchrun import is_launched
from maskwright.progress import Reporter
from maskwright.recipes.loading import RecipeLike, dump, load_recipe
from maskwright.recipes.schema import Recipe
from maskwright.recipes.variants import Variant, variants
from maskwright.run_folder import RunFolder
from maskwright.runs.context import build_model, monitored_score
from maskwright.runs.folder import create_run
from maskwright.runs.metrics.tracking import require_trackers
from maskwright.runs.prepare import declared_classes, require_data, require_objects
from maskwright.runs.processes import require_devices
from maskwright.runs.source_file import SourceFiles
from maskwright.runs.starting.options import with_starting_options
from maskwright.runs.training import require_resume

SUMMARY = "sweep.json"

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Planned:
    """A planned variant: its overrides on the recipe, the resulting recipe, and the path of its run folder."""

    variant: Variant
    overrides: tuple[str, ...]
    recipe: Recipe
    path: Path


def plan_sweep(
    recipe: RecipeLike, sweeps: Sequence[str], overrides: Sequence[str], out: Path | None, resume: bool
) -> tuple[Path, list[Planned]]:
    """Return the folder of the sweep and its variants in order.

    Only the cards of runs that continue are written.

    Raises ``UsageError`` (for weights ``WeightsError``) with the faults of all variants: in their recipes, data,
    models, weights and folders.
    """
    if is_launched():
        raise UsageError("--sweep: torchrun started this process as one of several; expected one. Use --devices.")
    if not sweeps:
        raise UsageError("--sweep: is empty; expected key=value,value, for example loss=ce,dice_ce.")
    found = variants(sweeps)
    names = [variant.name for variant in found]
    recipes = _for_each(names, found, lambda variant: load_recipe(recipe, (*overrides, *variant.overrides)))
    _require_different(names, recipes)
    path = out if out is not None else Path("runs") / f"{recipes[0].name}-sweep"
    _require_sweep_folder(path)
    planned = [
        Planned(variant, (*overrides, *variant.overrides), loaded, path / variant.name)
        for variant, loaded in zip(found, recipes, strict=True)
    ]
    built: set[str] = set()
    _for_each(names, planned, lambda item: _require_ready(item, resume, built))
    return path, planned


def _for_each(names: Sequence[str], items: Sequence[Item], work: Callable[[Item], Result]) -> list[Result]:
    """Return the results of ``work``, or raise one error with the distinct messages and the variants of each."""
    results: list[Result] = []
    faults: dict[tuple[str, ...], tuple[type[MaskwrightError], list[str]]] = {}
    for name, item in zip(names, items, strict=True):
        try:
            results.append(work(item))
        except MaskwrightError as error:
            faults.setdefault(error.lines, (type(error), []))[1].append(name)
    if faults:
        kind = next(iter(faults.values()))[0]
        told = ((f"--sweep {_listed(faulty)}: {first}", *rest) for (first, *rest), (_, faulty) in faults.items())
        raise kind(*(line for lines in told for line in lines))
    return results


def _listed(names: Sequence[str]) -> str:
    return names[0] + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")


def _require_different(names: Sequence[str], recipes: Sequence[Recipe]) -> None:
    """Raise ``UsageError`` when two variants are the same experiment, or have different tasks."""
    seen: dict[str, str] = {}
    for name, recipe in zip(names, recipes, strict=True):
        twin = seen.setdefault(dump(recipe), name)
        if twin is not name:
            raise UsageError(
                f"--sweep {twin} and {name}: are the same experiment; expected variants that differ. "
                "Remove one of the values, or change the order of the sweeps if one overrides another."
            )
    tasks = {recipe.task for recipe in recipes}
    if len(tasks) > 1:
        raise UsageError(f"--sweep task: {' and '.join(sorted(tasks))} have no score in common; expected one task.")


def _require_sweep_folder(path: Path) -> None:
    if path.is_dir() and any(path.iterdir()) and not (path / SUMMARY).is_file():
        raise UsageError(f"{path}: is not empty and not the folder of a sweep. Choose another folder with --out.")


def _require_ready(item: Planned, resume: bool, built: set[str]) -> None:
    """Raise what the run of a variant would raise before work; a model that variants share is built once."""
    require_data(item.recipe)
    monitored_score(item.recipe)
    if item.path.is_dir() and any(item.path.iterdir()):
        create_run(with_starting_options(item.recipe, item.path), item.path, Reporter(quiet=True))
    if "train" in RunFolder(item.path).stages:
        return
    require_trackers(item.recipe)
    require_resume(item.path, resume)
    if item.recipe.train.devices > 1:
        require_devices(item.recipe)
    files = SourceFiles()
    classes = declared_classes(item.recipe, files)
    monitored_score(item.recipe, classes.names)
    require_objects(item.recipe, files)
    model = f"{classes.names} {item.recipe.task} {item.recipe.model.model_dump_json()}"
    if model not in built:
        build_model(item.recipe, classes.names)
        built.add(model)
