"""The data and classes of a cross-evaluation: another data set than the recipe's, or other classes than the model's."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.groups import read_grouping
from maskwright.annotations.selection.select import select
from maskwright.annotations.taxonomy.applied import AppliedTaxonomy
from maskwright.annotations.taxonomy.class_remapping import Taxonomy
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.annotations.taxonomy.output_classes import OutputClasses, output_classes
from maskwright.annotations.taxonomy.remapped_file import remap_coco_file
from maskwright.annotations.taxonomy.sides import Side, restrict_taxonomy, side_of
from maskwright.errors import DataError, UsageError, require_folder
from maskwright.label_maps.files import mask_files
from maskwright.masks.png import read_label_map, write_label_map
from maskwright.runs.experiment import Experiment
from maskwright.runs.masks import masks_stage
from maskwright.runs.prepare import DataSplit, Prepared
from maskwright.structures import ClassTable

_OTHER: dict[Side, Side] = {"source": "target", "target": "source"}


@dataclass(frozen=True)
class CrossEvaluation:
    """Another data set, or other classes, to score a trained model on; for :func:`maskwright.evaluate`.

    Paths may be strings; they are kept as strings, as ``scores.json`` records them.

    Args:
        images: The folder of the other images. None, together with ``annotations``, scores the recipe's own data.
        annotations: The COCO JSON file of these images.
        taxonomy: The classes to score in: the name of a shipped taxonomy or a YAML file. None for the model's own.
        rider: Replaces the taxonomy's rule for riders: ``absent``, ``person`` or ``person-over-two-wheeler``.
        name: The name of the other data set in scores and folders: letters, digits and hyphens.

    Example:
        >>> import maskwright as mw
        >>> on = mw.CrossEvaluation("photos", "labels.json", name="ours")
        >>> scores = mw.evaluate("runs/first", on=on)
        >>> sorted(scores)
        ['ours', 'validation']
    """

    images: str | Path | None = None
    annotations: str | Path | None = None
    taxonomy: str | Path | None = None
    rider: str | None = None
    name: str = "other"

    def __post_init__(self) -> None:
        for field in ("images", "annotations", "taxonomy"):
            path = getattr(self, field)
            object.__setattr__(self, field, None if path is None else str(path))

    def require_consistent(self) -> None:
        """Raise an error for fields that contradict each other.

        Raises:
            UsageError: Two fields contradict each other, or ``name`` is not allowed.
        """
        if self == CrossEvaluation():
            raise UsageError(
                "Cross-evaluation: names neither data nor classes; expected images with annotations, or a taxonomy."
            )
        if (self.images is None) != (self.annotations is None):
            raise UsageError("--images and --annotations: one is missing; expected a folder and its COCO JSON.")
        if self.annotations is None and self.name != CrossEvaluation.name:
            raise UsageError("--name: names another data set than the recipe's. Add --images and --annotations.")
        if self.rider is not None and self.taxonomy is None:
            raise UsageError("--rider replaces the rule of a taxonomy. Add --taxonomy.")
        if not re.fullmatch(r"[A-Za-z0-9-]+", self.name) or self.name in ("train", "validation", "test"):
            raise UsageError(
                f"--name {self.name}: expected letters, digits and hyphens, and not the name of a part of the recipe."
            )

    def entry_name(self, part: str) -> str:
        """Return ``part`` joined with the taxonomy and the rule for riders, as a name of scores and folders.

        Args:
            part: The name of a part of the recipe, or of the other data set.

        Returns:
            The name, such as ``validation-coco-to-cityscapes``.
        """
        words = [part, Path(self.taxonomy or "").stem, self.rider or ""]
        return "-".join(re.sub(r"[^A-Za-z0-9]+", "-", word).strip("-") for word in words if word)


@dataclass(frozen=True)
class ScoredEntry:
    """One entry of a cross-evaluation: its ``name``, the experiment with its data, and the taxonomies applied.

    ``of`` is the part of the recipe that is scored in other classes; None for another data set.
    """

    name: str
    experiment: Experiment
    taxonomies: tuple[AppliedTaxonomy, ...]
    of: str | None = None

    @property
    def data(self) -> DataSplit:
        """The images of this entry and their truth."""
        return self.experiment.prepared.parts[self.name]

    def draw_truth(self) -> None:
        """Write the true label maps: drawn for another data set, remapped for a part of the recipe."""
        if self.of is None:
            masks_stage(self.experiment)
            return
        table, classes = self.experiment.prepared.table, self.experiment.classes
        before, after = self.experiment.masks_folder(self.of), self.experiment.masks_folder(self.name)
        for file in mask_files([objects.image.file_name for objects in self.data.selection.images]).values():
            truth = classes.true_label_map(read_label_map(before / file).astype(classes.own.label_dtype))
            write_label_map(after / file, truth, table.png_palette())


def cross_evaluation_entries(experiment: Experiment, asked: CrossEvaluation) -> Iterator[ScoredEntry]:
    """Yield the entries that ``asked`` adds to the scores of ``experiment``.

    There is one for another data set, or one for each scored part of the recipe in other classes. The model's classes
    may be the source or the target of a taxonomy. Another data set is taken for the other side, unless its classes say
    otherwise. The classes scored are the shared ones that the model has a class for.

    Raises ``UsageError`` when the fields of ``asked`` contradict each other or the taxonomy does not account for the
    classes, ``DataError`` for data without any image or class to score.
    """
    asked.require_consistent()
    own = experiment.run.files.recorded_classes
    if asked.taxonomy is None:
        yield _entry_on_other_data(experiment, asked, OutputClasses(own))
        return
    taxonomy = read_taxonomy(str(asked.taxonomy), asked.rider)
    side = side_of(taxonomy, own)
    scored = restrict_taxonomy(taxonomy, own, side)
    classes = output_classes(own, scored, experiment.recipe.task)
    use = AppliedTaxonomy(taxonomy, truth=side, model=side, scored=tuple(scored.shared))
    if asked.annotations is not None:
        yield _entry_on_other_data(experiment, asked, classes, scored, use)
        return
    for name in experiment.recipe.evaluate.on:
        part = experiment.prepared.parts[name]
        label = asked.entry_name(name)
        selection = replace(part.selection, images=[classes.true_objects(each) for each in part.selection.images])
        given = Prepared(classes.table, {label: replace(part, name=label, selection=selection)})
        uses = (*([part.translation] if part.translation else []), use)
        yield ScoredEntry(label, Experiment(experiment.run, given, classes, max_dets=experiment.max_dets), uses, name)


def entry_record(scored: ScoredEntry, asked: CrossEvaluation) -> dict[str, Any]:
    """Return what ``scores.json`` records of the data: files, counts, classes, and ``asked``, to prepare it again."""
    audit, part = scored.data.selection.audit, scored.data
    data: dict[str, Any] = {"annotations": str(part.annotations), "images": len(part.selection.images)}
    if scored.of is None:
        data["counts"] = {"in": audit.found, "used": audit.used, "skipped": dict(sorted(audit.skipped.items()))}
    return {
        "data": data,
        "class_table": scored.experiment.prepared.table.to_json(),
        "cross_evaluation": asdict(asked),
    }


def _entry_on_other_data(
    experiment: Experiment,
    asked: CrossEvaluation,
    classes: OutputClasses,
    scored: Taxonomy | None = None,
    use: AppliedTaxonomy | None = None,
) -> ScoredEntry:
    recipe, label = experiment.recipe, asked.entry_name(asked.name)
    folder = require_folder(Path(asked.images or ""), "images")
    coco = read_coco(Path(asked.annotations or ""))
    labels, weights = None, ()
    if scored is not None and use is not None:
        assert use.model is not None
        side = side_of(scored, class_table(coco), preferred=_OTHER[use.model])
        coco, use = remap_coco_file(coco, scored, side), replace(use, truth=side)
    elif recipe.groups is not None:
        grouping = read_grouping(recipe.groups)
        labels, weights = grouping.table_and_labels(coco)[1], tuple(grouping.weights)
    selection = select(coco, classes.table, folder, labels=labels)
    experiment.run.reporter.warn(selection.audit.lines())
    _require_some(selection.images, selection.absent_classes, classes.table, coco)
    part = DataSplit(label, folder, coco.path, selection, use)
    run = experiment.run
    if recipe.data.overlap == "priority" and not weights:
        # The weights are those of the model's own groups.
        data = recipe.data.model_copy(update={"overlap": "last"})
        run = replace(run, recipe=recipe.model_copy(update={"data": data}))
    given = Prepared(classes.table, {label: part}, weights)
    return ScoredEntry(label, Experiment(run, given, classes, max_dets=experiment.max_dets), (use,) if use else ())


def _require_some(images: list[Any], absent: list[str], table: ClassTable, coco: CocoFile) -> None:
    if not images:
        raise DataError(f"{coco.path}: has no image to score; expected images in the --images folder. Check both.")
    if len(absent) == len(table):
        raise DataError(
            f"{coco.path}: has none of the classes {', '.join(table.names[:5])}; expected the model's, by name. "
            "Add a --taxonomy that maps the names."
        )
