"""``maskwright init``: write a commented recipe that fits a data set, this machine and a time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from maskwright.annotations.formats.exports import Export, ExportPart, find_export, part_called
from maskwright.annotations.selection.empty_classes import require_masks
from maskwright.annotations.split_summary import SplitSummary
from maskwright.errors import UsageError, refuse_panoptic, some_of, unknown_name
from maskwright.files import write_text
from maskwright.models.listing.records import require_listed_model
from maskwright.outputs.output import Output, free_path
from maskwright.outputs.staging import clear_staging
from maskwright.outputs.writing import output_files
from maskwright.parallel.pool import cores
from maskwright.progress import Reporter
from maskwright.recipes.fitting.classes import ClassChoice, choose_classes
from maskwright.recipes.fitting.draft import Draft
from maskwright.recipes.fitting.figures import DataFigures, Machine, StepCost
from maskwright.recipes.fitting.fitted_recipe import Fit, first_draft, fit_time
from maskwright.recipes.fitting.models import CANDIDATES, ModelChoice, choose_model, require_task_of
from maskwright.recipes.fitting.schedules import PartSizes
from maskwright.recipes.loading import load_recipe, validate_recipe
from maskwright.recipes.schema import Recipe
from maskwright.runs.starting.data_place import DataPlace
from maskwright.runs.starting.fitted_data import (
    LocatedPart,
    data_source,
    figures_of,
    fitted_name,
    fitted_text,
    locate_parts,
    require_enough,
    sizes_of_parts,
    usable_annotations,
)
from maskwright.structures import Task
from maskwright.workflows.convert import convert
from maskwright.workflows.split import plan_split

# Pictures of larger data sets are not compared with each other: decoding them would take minutes.
_MOST_COMPARED = 3000

# Without torch nothing can be tried: seconds of an image of 100 × 100 pixels on one core, by task.
_ESTIMATED: dict[Task, float] = {"instance": 0.08, "semantic": 0.03}


@dataclass(frozen=True)
class InitSummary:
    """The recipe that was written: its ``file``, its content, and the choices.

    ``reasons`` are the comments by the key they stand above. ``classes`` has those kept and left out, ``minutes`` is
    the time that the training is expected to take.
    """

    file: Path
    recipe: Recipe
    export: str
    images: dict[str, int]
    classes: ClassChoice
    reasons: dict[str, str]
    minutes: float

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "recipe": str(self.file),
            "export": self.export,
            "images": self.images,
            "classes": {
                "kept": self.classes.names,
                "left_out": {each.name: each.objects for each in self.classes.left_out},
                "empty": list(self.classes.empty),
            },
            "minutes": round(self.minutes, 1),
            "reasons": self.reasons,
        }


def init(
    annotations: str | Path,
    images: str | Path | None = None,
    *,
    out: str | Path = "recipe.yaml",
    task: Task | None = None,
    model: str | None = None,
    weights: str | None = None,
    minutes: float = 10,
    seed: int = 0,
    classes: Sequence[str] | None = None,
    reporter: Reporter | None = None,
) -> InitSummary:
    """Write a recipe that fits a data set, this machine and a time; every choice has its reason as a comment.

    Classes with few objects are left out, and named. The input size follows the objects' sizes, the model the device
    and the weights on it, the number of epochs the ``minutes``. The model is tried for a few seconds. Nothing is
    fetched.

    Args:
        annotations: A COCO file, or the folder of an export of Roboflow, CVAT, Label Studio or YOLO.
        images: The folder of the images; by default it is looked for beside the annotations.
        out: The recipe to write, a new file. An undivided data set is split into ``NAME-data/`` beside it: every
            class has its share in both parts, and copies of an image are in one.
        task: ``instance`` or ``semantic``; by default what the machine can train in the time.
        model: A name of the catalogue; by default one that suits the machine.
        weights: ``none``, the name of published weights, which the run then fetches, or the path of a file. By default
            published weights that are on this machine already, else ``none``.
        minutes: How long the whole run may take.
        seed: The seed of the split and of the training.
        classes: The names of the classes to train on; by default those with enough objects.
        reporter: Where progress goes; standard error by default.

    Returns:
        The file and the recipe, the classes that are kept and left out, and the reasons by key.

    Raises:
        UsageError: A file, a folder, a model or weights do not exist, ``out`` exists, or no image is found.
        DataError: The annotations cannot be read, or no object of them has a segmentation.

    Example:
        >>> import maskwright as mw
        >>> done = mw.init("labels.json", "photos", out="mine.yaml", task="semantic")
        >>> done.recipe.task, done.images
        ('semantic', {'train': 10, 'validation': 2})
    """
    source, out, folder = Path(annotations), Path(out), Path(images) if images is not None else None
    reporter = reporter or Reporter()
    output = Output("init", out, reporter.notice, [source])
    clear_staging(output, out.parent, out.name)
    _require_new(out)
    with output_files(output, new=True) as staging:
        place = DataPlace(staging / data_folder_of(out).name, data_folder_of(out))
        with place.named():
            export = find_export(source, folder)
            if export.kind == "YOLO":
                export = _converted(export, folder, place.now, reporter)
            if export.beside:
                whole = some_of(export.beside)
                reporter.warn(
                    [f"{source}: is one part of an export, of which {whole} are not used; give its folder for all."]
                )
            parts = locate_parts(export, folder, reporter)
            for part in parts:
                require_masks(part.document.coco)
            data = figures_of(parts)
            require_enough(parts, data, source)
            choose_classes(data.classes, data.images, str(source), classes)  # refuses wrong names before torch is there
            machine, choice = _choose_model(task, model, weights, minutes)
            chosen = choose_classes(data.classes, data.images, str(source), classes, choice.weights == "none")
            draft = first_draft(fitted_name(out), seed, data, chosen, choice, machine.has_gpu)
            cost = _cost(draft, data, machine, parts, reporter)
            fit = fit_time(draft, data, choice, machine, cost, sizes_of_parts(parts, data), minutes)
            sizes = _put_data(fit, parts, place, seed, reporter)
        write_text(staging / out.name, fitted_text(draft, out, source, export))
    return InitSummary(out, load_recipe(out), export.kind, sizes, chosen, dict(draft.reasons), fit.plan.minutes)


def data_folder_of(recipe: Path) -> Path:
    """Return the folder beside the ``recipe`` for the parts of an undivided data set."""
    return recipe.with_name(f"{recipe.stem}-data")


def _require_new(out: Path) -> None:
    if out.suffix not in (".yaml", ".yml"):
        raise UsageError(f"--out {out}: expected a file that ends in .yaml, for a recipe.")
    for path in (out, data_folder_of(out)):
        if os.path.lexists(path) and not _is_bare(path):
            error = UsageError(f"{path}: exists; expected a new recipe. Choose another with --out, or remove it.")
            raise error.try_next(added=["--out", free_path(out)])


def _is_bare(path: Path) -> bool:
    """Return whether ``path`` is a folder without a file, as a killed call may leave it."""
    return path.is_dir() and not path.is_symlink() and all(entry.is_dir() for entry in path.rglob("*"))


def _converted(export: Export, images: Path | None, place: Path, reporter: Reporter) -> Export:
    """Return a YOLO folder as COCO files in ``place``."""
    root = export.source
    done = convert(root, place / "coco", source_format="yolo", target_format="coco", images=images or (),
                   reporter=reporter)  # fmt: skip
    if not done.images:
        where = f" or in {images}" if images is not None else ""
        raise UsageError(
            f"{root}: no image of its labels is in it{where}; expected the images of its parts, as in images/train. "
            "Name their folder with --images DIR."
        )
    reporter.say(f"{root}: YOLO, converted to COCO: {done.images} images, {done.objects} objects")
    files = sorted((place / "coco").rglob("labels.json"))
    root = root if root.is_dir() else root.parent
    return Export("YOLO", root, tuple(_yolo_part(root, file, images, len(files) == 1) for file in files))


def _yolo_part(root: Path, file: Path, images: Path | None, alone: bool) -> ExportPart:
    own = file.parent.name
    places = [root / "images" / own, root / own / "images", root / own, root / "images", root]
    if images is not None:
        places = [images / own, images, *places]
    name = "all" if alone else part_called(own) or own
    return ExportPart(name, file, tuple(folder for folder in places if folder.is_dir()))


def _choose_model(
    task: Task | None, model: str | None, weights: str | None, minutes: float
) -> tuple[Machine, ModelChoice]:
    """Return this machine, and the model for it; without torch nothing is known of GPUs and weights.

    Raises ``UsageError`` for an unknown task or model, or a model of another task.
    """
    refuse_panoptic(str(task), "task", "fitting a recipe to data", "Copy the recipe mask2former-tiny-panoptic.")
    if task not in (None, "instance", "semantic"):
        raise unknown_name("task", str(task), ("instance", "semantic"))
    if model is not None:
        require_listed_model(model)
        task = require_task_of(model, task)
    if find_spec("torch") is None:
        machine = Machine(cores=cores())
        return machine, choose_model(machine, {}, task, model, weights, minutes)
    # Imported here: torch takes seconds, in which a wrong file has long been reported.
    from maskwright.models.catalogue import find_model
    from maskwright.runs.starting.trial import this_machine
    from maskwright.runs.starting.weights_at_hand import published_offers, require_weights

    machine = this_machine()
    if model is not None:
        find_model(model)  # refuses one of a pattern that cannot be built
    tasks: tuple[Task, ...] = (task,) if task is not None else ("instance", "semantic")
    known = [model] if model is not None else [name for each in tasks for name in CANDIDATES[each, machine.has_gpu]]
    choice = choose_model(machine, published_offers(known), task, model, weights, minutes)
    require_weights(choice.name, choice.weights)
    return machine, choice


def _cost(
    draft: Draft, data: DataFigures, machine: Machine, parts: Sequence[LocatedPart], reporter: Reporter
) -> StepCost:
    """Return the seconds of a training step of the ``draft``: tried for a few seconds, or estimated without torch."""
    recipe = validate_recipe({**draft.content, "data": {"shapes": {}}}, "the fitted recipe")
    if find_spec("torch") is None:
        pixels = (recipe.model.input.size / 100) ** 2
        return StepCost(_ESTIMATED[recipe.task] * pixels / machine.cores, recipe.model.input.size, measured=False)
    from maskwright.runs.starting.trial import try_steps

    reporter.say(f"trying {recipe.model.name} at {recipe.model.input.size} pixels for a few seconds")
    return try_steps(recipe, data.side(0.5), round(data.objects_per_image), parts[0].files(8))


def _put_data(
    fit: Fit, parts: Sequence[LocatedPart], place: DataPlace, seed: int, reporter: Reporter
) -> dict[str, int]:
    """Put the parts into the draft, and write those that the export does not have; return their numbers of images."""
    draft, wanted = fit.draft, fit.plan.parts
    if len(parts) == 1:
        (whole,) = parts
        labels = usable_annotations(whole, place.now)
        compared = whole.places.folder if len(whole.places.names) <= _MOST_COMPARED else None
        names = ("train", "validation", "unused")[: len(wanted.ratios)]
        done, write = plan_split(
            labels, place.then, wanted.ratios, names, images=compared, seed=seed, reporter=reporter
        )
        done.audit.source = str(place.moved(labels))
        write(place.now)
        for name in ("train", "validation"):
            draft.put(f"data.{name}", data_source(whole.places.folder, place.then / f"{name}.json"))
        draft.reasons["data.train"] = _split_reason(done, wanted, compared is not None)
        return {name: len(ids) for name, ids in done.images.items() if name in ("train", "validation")}
    sizes = {"train": wanted.train, "validation": wanted.validation}
    for part in parts:
        source = data_source(part.places.folder, place.moved(usable_annotations(part, place.now)))
        if sizes.get(part.name, len(part.places.names)) < len(part.places.names):
            source["max_images"] = sizes[part.name]
        draft.put(f"data.{part.name}", source)
    said = some_of(f"{part.name} {len(part.places.names)}" for part in parts)
    fewer = f"; {wanted.unused} images are not used, for lack of time" if wanted.unused else ""
    draft.reasons["data.train"] = (
        f"the parts of the export, with their numbers of images: {said}{fewer}. The run warns of images in two of them"
    )
    if any(part.name == "test" for part in parts):
        draft.put("evaluate", {"on": ["validation", "test"]})
    return {part.name: sizes.get(part.name, len(part.places.names)) for part in parts}


def _split_reason(done: SplitSummary, wanted: PartSizes, compared: bool) -> str:
    groups = done.leak_groups.to_json()
    found = f"{len(done.images['train'])} images to train on, {len(done.images['validation'])} to validate on, "
    found += "each class with its share in both"
    if groups["sets"]:
        found += f"; {groups['images']} images in {groups['sets']} groups of copies, each group in one part"
    elif compared:
        found += "; no picture is there twice"
    if not compared:
        found += "; copies were looked for by name only. `maskwright split --images` compares the pictures"
    if wanted.unused:
        found += f". {wanted.unused} images are in no part, for lack of time: see epochs"
    return found
