"""Prepare the data of a recipe: read, check, select and split its images, with an audit of the annotations."""

from dataclasses import dataclass, replace
from pathlib import Path

from maskwright.annotations.checks.ids import require_ids_from_zero
from maskwright.annotations.coco.categories import class_table, label_by_category
from maskwright.annotations.coco.file_kind import is_absent
from maskwright.annotations.groups import read_grouping
from maskwright.annotations.objects import ImageObjects
from maskwright.annotations.selection.empty_classes import count_objects, require_masks, require_training_objects
from maskwright.annotations.selection.same_picture import same_name
from maskwright.annotations.selection.select import Selection, SelectionRules, class_statistics, select
from maskwright.annotations.selection.splitting import parse_ratios, stratified_split
from maskwright.annotations.taxonomy.applied import AppliedTaxonomy
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.errors import DataError, require_file, require_folder, unknown_name
from maskwright.images.decode import image_path
from maskwright.recipes.schema import Data, Recipe, Source
from maskwright.runs.source_file import SourceFile, SourceFiles
from maskwright.structures import ClassTable, normalise_name
from maskwright.synthetic.shape_parts import write_shape_parts
from maskwright.synthetic.shapes import CLASS_NAMES
from maskwright.synthetic.street_parts import STREET_CLASSES, STREET_STUFF, write_street_parts

# The built-in data come with Maskwright.
_LICENCES_OF_BUILT_IN = ("Apache-2.0",)


@dataclass(frozen=True)
class DataSplit:
    """One part of the data (train, validation, test): its images folder and its selected images.

    ``translation`` is the taxonomy that its annotations are remapped by, or None. ``licences`` are those that the
    annotation file names.
    """

    name: str
    folder: Path
    annotations: Path
    selection: Selection
    translation: AppliedTaxonomy | None = None
    licences: tuple[str, ...] = ()

    @property
    def material(self) -> dict[str, str | None]:
        """The part as a material of a model that is trained on it, see :mod:`maskwright.models.weights.materials`."""
        licence = ", ".join(self.licences) or None
        return {"part": "data", "name": f"{self.name}: {self.annotations.name}", "licence": licence, "terms": None}

    def path_of(self, objects: ImageObjects) -> Path:
        """Return the image file of ``objects``; raise ``DataError`` when its name leads out of the folder."""
        return image_path(self.folder, objects.image.file_name)

    def describe_skipped(self) -> str:
        """Return the number of skipped images for each reason, such as ``2 missing_image``; empty when none is."""
        return ", ".join(f"{len(ids)} {reason}" for reason, ids in self.selection.skipped_images.items())


@dataclass(frozen=True)
class Prepared:
    """The class table and the parts of an experiment; ``weights`` of the classes 1..K where they are groups."""

    table: ClassTable
    parts: dict[str, DataSplit]
    weights: tuple[float, ...] = ()


def require_data(recipe: Recipe) -> None:
    """Raise ``UsageError`` when a file, folder or taxonomy that the recipe names does not exist.

    So does a class that the built-in data lack.
    """
    if recipe.data.built_in:
        _require_drawn(recipe)
    else:
        require_folder(Path(recipe.data.root), "data (data.root)")
    for source in _sources(recipe.data).values():
        if source.taxonomy is not None:
            read_taxonomy(source.taxonomy, source.rider)
        require_file(Path(recipe.data.root) / source.annotations, "annotations")
        require_folder(Path(recipe.data.root) / source.images, "images")


def require_classes(recipe: Recipe) -> SourceFiles:
    """Raise ``UsageError`` with the nearest names for a class of ``recipe`` that its training file does not have.

    Return the files that were parsed for it, for :func:`prepare`: none where the recipe names no class.
    """
    files = SourceFiles()
    if recipe.classes != "all":
        declared_classes(recipe, files)
    return files


def data_folder(run: Path) -> Path:
    """Return the folder of the built-in data of the run folder ``run``."""
    return run / "data"


def declared_classes(recipe: Recipe, files: SourceFiles | None = None) -> ClassTable:
    """Return the class table of ``recipe`` from the categories of its training file, without reading images.

    ``files`` keeps the parsed file, so that :func:`prepare` does not parse it again.

    Raises ``UsageError`` with the nearest names for a class that the data does not have.
    """
    if recipe.data.built_in:
        _require_drawn(recipe)
        return _with_stuff(
            recipe,
            ClassTable.from_names(drawn_classes(recipe.data) if recipe.classes == "all" else recipe.classes),
        )
    source = next(iter(_sources(recipe.data).values()))
    return _classes(recipe, _read(recipe.data, source, files or SourceFiles()))


def drawn_classes(data: Data) -> tuple[str, ...]:
    """Return the names of the classes of built-in data."""
    return CLASS_NAMES if data.shapes is not None else STREET_CLASSES


def _require_drawn(recipe: Recipe) -> None:
    what = "shapes" if recipe.data.shapes is not None else "streets"
    for name in recipe.classes if recipe.classes != "all" else ():
        if name not in drawn_classes(recipe.data):
            raise unknown_name(f"class of the built-in {what}", name, drawn_classes(recipe.data))


def require_objects(recipe: Recipe, files: SourceFiles) -> None:
    """Raise ``DataError`` when a file of ``recipe`` holds no masks at all, or the training file none of some class.

    So it does when the task is ``instance`` and an image has a negative id, which would end the first evaluation.
    Nothing is rasterised and no image is read, so that this comes before any work; :func:`require_classes_in_training`
    looks at the selected objects. ``files`` keeps the parsed files.
    """
    sources = {name: _read(recipe.data, source, files) for name, source in _sources(recipe.data).items()}
    for file in sources.values():
        require_masks(file.coco)
        if recipe.task == "instance":  # whose scores are those of COCO
            require_ids_from_zero(file.coco.path, "image", (image.id for image in file.coco.images))
    if not sources or recipe.data.allow_empty_classes:
        return
    coco = next(iter(sources.values())).coco
    table, labels = _labelled(recipe, next(iter(sources.values())))
    counts = count_objects(coco, labels)
    required = [counts[index] for index in range(1, len(table) + 1)]
    require_training_objects(table.names, required, str(coco.path), recipe.groups is not None)


def densest_image(recipe: Recipe, files: SourceFiles) -> tuple[str, int]:
    """Return the name of the image in the training file of ``recipe`` with the most objects, and their number.

    Crowd regions do not count, and all objects of a stuff class are one. Nothing is rasterised. ``files`` keeps the
    parsed files. A file without an object gives an empty name and 0.

    Raises what :func:`declared_classes` raises.
    """
    file = _read(recipe.data, next(iter(_sources(recipe.data).values())), files)
    table, labels = _labelled(recipe, file)
    stuff = {c.index for c in table if c.stuff}
    found: dict[int, set[tuple[int, int]]] = {}
    for each in file.coco.annotations:
        label = labels.get(each.category_id)
        if label is None or is_absent(each.segmentation) or (each.iscrowd and label not in stuff):
            continue
        found.setdefault(each.image_id, set()).add((label, 0 if label in stuff else each.id))
    if not found:
        return "", 0
    densest = max(found, key=lambda number: len(found[number]))
    names = {image.id: image.file_name for image in file.coco.images}
    return names.get(densest, str(densest)), len(found[densest])


def require_classes_in_training(recipe: Recipe, prepared: "Prepared") -> None:
    """Raise ``DataError`` when the selected training images show no object of a class.

    Built-in shapes show all, and few built-in streets may lack some. Crowd regions count only where the recipe draws
    them like objects.
    """
    if recipe.data.built_in or recipe.data.allow_empty_classes:
        return
    part = prepared.parts["train"]
    crowd = recipe.task == "semantic" and recipe.data.crowd == "include"
    seen = class_statistics(part.selection.images, prepared.table, crowd=crowd)
    counts = [seen[name]["pixels"] for name in prepared.table.names]
    source = f"{part.annotations}: train ({len(part.selection.images)} images)"
    require_training_objects(prepared.table.names, counts, source, recipe.groups is not None)


def prepare(recipe: Recipe, folder: Path, source_files: SourceFiles | None = None) -> Prepared:
    """Read and select the data of ``recipe``; write built-in data to ``folder``/data.

    Classes are matched by name across the parts. Their order is the recipe's, or that of the training file. A recipe
    with ``data.split`` is split stratified by class, with images of the same name in one part.

    Raises ``UsageError`` for an unknown class or missing file, ``DataError`` when a part has no usable image.
    """
    sources = _sources(recipe.data) or _write_built_in(recipe.data, data_folder(folder))
    source_files = source_files or SourceFiles()
    files = {name: _read(recipe.data, source, source_files) for name, source in sources.items()}
    table = _classes(recipe, next(iter(files.values())))
    choice = SelectionRules(
        recipe.data.only_with_objects, recipe.data.drop_crowd_images, recipe.data.max_instances, recipe.data.max_images
    )
    grouping = read_grouping(recipe.groups) if recipe.groups is not None else None
    parts = {}
    for name, source in sources.items():
        folder, labels, coco = Path(recipe.data.root) / source.images, None, files[name].coco
        if grouping is not None:
            _, labels = grouping.table_and_labels(coco)
        most, at_least = source.max_images or choice.max_images, _demands(source, table)
        its_choice = replace(choice, max_images=most, at_least=at_least)
        selection = select(coco, table, folder, its_choice, labels)
        licences = _LICENCES_OF_BUILT_IN if recipe.data.built_in else coco.licences
        parts[name] = DataSplit(name, folder, coco.path, selection, files[name].use, licences)
    if recipe.data.split is not None:
        parts = _split(parts["source"], recipe.data.split, recipe.seed)
    for part in parts.values():
        _require_images(part)
    return Prepared(table, parts, tuple(grouping.weights) if grouping is not None else ())


def _demands(source: Source, table: ClassTable) -> dict[str, int]:
    demands = {normalise_name(name): number for name, number in source.at_least.items()}
    for name in demands:
        if name not in table.names:
            raise unknown_name(f"class of at_least for {source.annotations}", name, table.names)
    return demands


def _require_images(part: DataSplit) -> None:
    if part.selection.images:
        return
    raise DataError(
        f"{part.annotations}: {part.name} has no usable image ({part.describe_skipped() or 'the file lists none'}); "
        f"expected at least one. Put the files into {part.folder}, or relax data.* and classes."
    )


def _sources(data: Data) -> dict[str, Source]:
    if data.source is not None:
        return {"source": data.source}
    named = {"train": data.train, "validation": data.validation, "test": data.test}
    return {name: source for name, source in named.items() if source is not None}


def _write_built_in(data: Data, folder: Path) -> dict[str, Source]:
    if data.shapes is not None:
        written = write_shape_parts(folder, **data.shapes.model_dump())
    else:
        assert data.streets is not None  # the schema asks for one way to name the data
        written = write_street_parts(folder, **data.streets.model_dump())
    return {
        name: Source(images=str((file.parent / "images").absolute()), annotations=str(file.absolute()))
        for name, file in written.items()
    }


def _labelled(recipe: Recipe, file: SourceFile) -> tuple[ClassTable, dict[int, int]]:
    """Return the class table, and the class index by category id of ``file``."""
    table = _classes(recipe, file)
    if recipe.groups is not None:
        return table, read_grouping(recipe.groups).table_and_labels(file.coco)[1]
    return table, label_by_category(file.coco, table)


def _classes(recipe: Recipe, file: SourceFile) -> ClassTable:
    if recipe.groups is not None:
        return _with_stuff(recipe, read_grouping(recipe.groups).table_and_labels(file.coco)[0])
    return _with_stuff(recipe, file.table() if recipe.classes == "all" else class_table(file.coco, recipe.classes))


def _with_stuff(recipe: Recipe, table: ClassTable) -> ClassTable:
    """Return ``table`` with the stuff of a panoptic recipe: what it names, else that of its groups or of the streets.

    Raises ``UsageError`` with the nearest names when the recipe calls stuff what is no class.
    """
    stuff = recipe.data.stuff
    if stuff is None and recipe.task == "panoptic":
        known = read_grouping(recipe.groups).stuff if recipe.groups is not None else ()
        known = STREET_STUFF if recipe.data.streets is not None else known
        stuff = [name for name in table.names if name in known]
    return table.with_stuff(stuff or ())


def _read(data: Data, source: Source, files: SourceFiles) -> SourceFile:
    return files.read(Path(data.root) / source.annotations, source.taxonomy, source.rider)


def _split(whole: DataSplit, ratios: str, seed: int) -> dict[str, DataSplit]:
    names = ("train", "validation", "test")
    images = whole.selection.images
    copies = same_name({objects.image.id: objects.image.file_name for objects in images})
    pieces = stratified_split(images, parse_ratios(ratios), seed, copies)
    return {
        name: replace(whole, name=name, selection=replace(whole.selection, images=images))
        for name, images in zip(names, pieces, strict=False)
    }
