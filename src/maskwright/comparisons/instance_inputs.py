"""The truth and the results of a comparison of instance models, in the classes that all of them have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects
from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.instances import InstanceModels, instance_records
from maskwright.errors import DataError, some_of
from maskwright.evaluation.bootstrap import require_sampled_classes
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.evaluation.coco.truth import CocoTruth
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.index import ClassIndex
from maskwright.evaluation.results.records import Results, read_results
from maskwright.structures import ClassTable, ImageRecord, TruthRecord


@dataclass(frozen=True)
class InstanceInputs:
    """The ``truth`` in the shared classes, the ``results`` of each training of each model, and what was left out."""

    truth: CocoTruth
    results: Sequence[Sequence[Results]]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    def models(self) -> InstanceModels:
        """Match all results with the truth, masks where the truth and all results have them."""
        self.truth.draw_masks()
        every = [each for trainings in self.results for each in trainings]
        masks = self.truth.has_masks and all(each.has_masks for each in every)
        kinds = ("segm", "bbox") if masks else ("bbox",)
        records = [[instance_records(self.truth, each, kinds) for each in trainings] for trainings in self.results]
        return InstanceModels(len(self.truth.images), self.truth.names, records)


def truth_of_images(source: Path, images: Sequence[ImageObjects], table: ClassTable) -> CocoTruth:
    """Return the objects of a run's ``images`` as ground truth; ``source`` is their annotation file."""
    document = ground_truth(images, table)
    records: list[ImageRecord] = [
        {"id": i.image.id, "file_name": i.image.file_name, "height": i.image.height, "width": i.image.width}
        for i in images
    ]
    annotations: list[TruthRecord] = document["annotations"]
    names = {each.index: each.name for each in table}
    bare: list[int] = [each["id"] for each in annotations if "segmentation" not in each]
    return CocoTruth(
        source, records, annotations, names, [each["id"] for each in annotations], Audit(str(source)), {}, bare
    )


def read_instance_inputs(
    truth: CocoTruth, entrants: Sequence[Entrant], paths: Mapping[Path, Path], images: str = "the truth"
) -> InstanceInputs:
    """Read the results of all ``entrants``; ``paths`` are their results files by the path of each training.

    Classes that some results do not know are left out of the comparison for all.

    Raises ``DataError`` when no class is shared, when more are than the limit ``resampled-classes``, or when results
    are of none of the truth's images.
    """
    indices = {path: class_index(file, truth.names, truth.other_names) for path, file in paths.items()}
    known = [set(index.categories.values()) for index in indices.values()]
    shared = set(truth.names).intersection(*known)
    if not shared:
        raise DataError(
            f"The {len(entrants)} models share no class of {images}; expected one at least. Compare models of the same "
            "classes."
        )
    require_sampled_classes(images, len(shared))
    left_out = [name for category, name in truth.names.items() if category not in shared]
    narrowed = _narrowed(truth, shared)
    remarks = []
    if left_out:
        remarks.append(f"Not compared, because a model does not know them: {some_of(left_out, 8)}.")
    results = []
    for entrant in entrants:
        trainings = []
        for path in entrant.paths:
            found = read_results(paths[path], truth.image_index(), _within(indices[path], shared, truth.names))
            remarks += [*found.rejected.lines(str(paths[path])), *_without_detection(paths[path], found, truth)]
            trainings.append(found)
        results.append(trainings)
    return InstanceInputs(narrowed, results, tuple(left_out), tuple(remarks))


def _narrowed(truth: CocoTruth, shared: set[int]) -> CocoTruth:
    if shared == set(truth.names):
        return truth
    kept = [i for i, each in enumerate(truth.annotations) if each["category_id"] in shared]
    ids = [truth.file_ids[i] for i in kept]
    return replace(
        truth,
        annotations=[truth.annotations[i] for i in kept],
        names={category: name for category, name in truth.names.items() if category in shared},
        file_ids=ids,
        without_mask=[each for each in truth.without_mask if each in set(ids)],
        without_box=[each for each in truth.without_box if each in set(ids)],
    )


def _within(index: ClassIndex, shared: set[int], names: Mapping[int, str]) -> ClassIndex:
    """Return ``index`` with the classes that are not ``shared`` among those that are not scored."""
    kept = {number: category for number, category in index.categories.items() if category in shared}
    others = {number: names[category] for number, category in index.categories.items() if category not in shared}
    return ClassIndex(kept, {**index.foreign, **others})


def _without_detection(path: Path, found: Results, truth: CocoTruth) -> list[str]:
    missing = len(truth.images) - len({each["image_id"] for each in found.records})
    if not missing:
        return []
    return [f"{path}: {missing} of {len(truth.images)} images have no detection; their objects count as missed."]
