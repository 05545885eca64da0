"""Remapping of labels, objects and results to the classes of another data set, with every class accounted for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast, get_args

import numpy as np
from hotcoco import mask as coco_mask

from maskwright.annotations.taxonomy.riders import CONFIDENCE, OVERLAP, TWO_WHEELERS, find_riders
from maskwright.errors import DataError, UsageError, nearest
from maskwright.structures import ClassTable, Instances, LabelMap, Record, RiderRule

RIDER_RULES: tuple[RiderRule, ...] = get_args(RiderRule)

RIDER, PERSON = "rider", "person"

T = TypeVar("T")


@dataclass(frozen=True)
class Remapped(Generic[T]):
    """Remapped objects: ``kept`` with target labels, ``ignored`` and ``absent`` with their source labels."""

    kept: T
    ignored: T
    absent: T


@dataclass(frozen=True)
class Taxonomy:
    """A mapping of the classes of a source data set to those of a target.

    ``name`` is the file or shipped name. ``target_of`` is the target class of each mapped source class. Objects of
    ``ignored`` source classes count neither for nor against a prediction; those of ``absent`` ones are background.
    ``targets`` are all classes of the target, in its order. ``rider`` is the rule for riders, for when only one side
    separates riders from persons, else None.
    """

    name: str
    targets: tuple[str, ...]
    target_of: Mapping[str, str]
    ignored: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    rider: RiderRule | None = None

    @property
    def sources(self) -> list[str]:
        """All source classes, mapped or not."""
        return [*self.target_of, *self.ignored, *self.absent]

    @property
    def shared(self) -> list[str]:
        """The target classes that a source class maps to, in the target's order: those to score and compare."""
        reached = set(self.target_of.values())
        if self._makes_riders:
            reached.add(RIDER)
        return [name for name in self.targets if name in reached]

    @property
    def unreached(self) -> list[str]:
        """The target classes that no source class maps to."""
        return [name for name in self.targets if name not in self.shared]

    def describe(self) -> list[str]:
        """Return the taxonomy as lines of a report: classes by what becomes of them, and the rule for riders."""
        renamed = [f"{a} → {b}" for a, b in self.target_of.items() if a != b]
        lines = [f"taxonomy {self.name}: {len(self.shared)} shared classes: {', '.join(self.shared)}"]
        for title, names in (
            ("renamed or merged", renamed),
            ("ignored source classes", self.ignored),
            ("source classes without counterpart", self.absent),
            ("target classes that no source class becomes", self.unreached),
        ):
            if names:
                lines.append(f"{title}: {', '.join(names)}")
        if self.rider is not None:
            lines.append(f"rider: {self.rider} ({self._rider_meaning()})")
        return lines

    def target_table(self, source: ClassTable | None = None) -> ClassTable:
        """Return the ``shared`` classes as a class table.

        With ``source``, the ``source_ids`` of a class are those of the source classes merged into it. Classes that
        ``source`` lacks stay in the table, so labels are the same for all models and files.

        Raises ``UsageError`` with the nearest names when the taxonomy does not account for a class of ``source``.
        """
        ids: dict[str, list[int]] = {name: [] for name in self.shared}
        for each in self._known(source) if source else ():
            if each.name in self.target_of:
                ids[self.target_of[each.name]].extend(each.source_ids)
        return ClassTable.from_names(self.shared, [tuple(sorted(found)) for found in ids.values()])

    def labels(self, source: ClassTable) -> dict[int, int]:
        """Return the target label by class index of ``source``.

        This is the index in ``target_table``, 0 for an absent class, and the table's ``ignore_index`` for an ignored
        one.

        Raises ``UsageError`` with the nearest names when the taxonomy does not account for a class of ``source``.
        """
        table = self.target_table()
        index = {each.name: each.index for each in table}
        label_of = {name: index[target] for name, target in self.target_of.items()}
        label_of |= dict.fromkeys(self.ignored, table.ignore_index) | dict.fromkeys(self.absent, 0)
        return {each.index: label_of[each.name] for each in self._known(source)}

    def truth_labels(self, target: ClassTable) -> dict[int, int]:
        """Return the label in ``target_table`` by class index of ``target``, the target data set's own classes.

        Classes that are not shared have 0. With the rule ``person``, the target's riders are persons here too.

        Raises ``UsageError`` with the nearest names for a class that is not the target's.
        """
        index = {each.name: each.index for each in self.target_table()}
        if self.rider == "person" and RIDER in self.targets:
            index[RIDER] = index[PERSON]
        return {each.index: index.get(each.name, 0) for each in self._known(target, self.targets)}

    def label_map(self, label_map: LabelMap, source: ClassTable) -> LabelMap:
        """Return a label map ``(H, W)`` of ``source`` in target labels; ignored pixels stay ignored.

        Raises ``DataError`` for a label that ``source`` does not have. Raises it too when the rule is
        ``person-over-two-wheeler``, which needs objects.
        """
        if self._makes_riders:
            raise DataError(
                f"{self.name}: rider: {self.rider} needs objects, and a label map has none; expected another rule. "
                "Use rider: absent or rider: person."
            )
        table = self.target_table()
        labels = self.labels(source) | {0: 0, source.ignore_index: table.ignore_index}
        lookup = np.zeros(max(labels) + 1, table.label_dtype)
        lookup[list(labels)] = list(labels.values())
        foreign = sorted(set(np.unique(label_map).tolist()) - set(labels))
        if foreign:
            raise DataError(
                f"A label map holds {foreign[0]}; expected labels of the {len(source)} source classes, 0 or "
                f"{source.ignore_index}. Give the class table that the label map was written with."
            )
        return lookup[label_map]

    def instances(self, instances: Instances, source: ClassTable) -> Remapped[Instances]:
        """Return the objects of one image, labelled by ``source``, in target labels.

        Raises ``DataError`` for a label that ``source`` does not have.
        """
        labels = self._translated(instances.labels.tolist(), source)
        if self._makes_riders:
            self._mark_riders(labels, instances.boxes, instances.scores, instances.crowd)
        table = self.target_table()
        kept = (labels > 0) & (labels != table.ignore_index)
        found = instances[kept]
        found.labels, found.classes = labels[kept], table
        return Remapped(found, instances[(labels > 0) & ~kept], instances[labels == 0])

    def records(self, records: Iterable[Record], source: ClassTable) -> Remapped[list[Record]]:
        """Return COCO result records of ``source`` in target classes; ``category_id`` is the class index.

        The records may be of many images. Order and all other fields are kept. The rule for riders uses ``bbox`` (xywh,
        pixels), or the box of the mask where there is none.

        Raises ``DataError`` for a ``category_id`` that ``source`` does not have, and for a record without the box or
        mask that the rule for riders needs.
        """
        rows = list(records)
        labels = self._translated([row["category_id"] for row in rows], source)
        if self._makes_riders:
            self._mark_riders_by_image(rows, labels)
        ignored = self.target_table().ignore_index
        result = Remapped[list[Record]]([], [], [])
        for row, label in zip(rows, labels.tolist(), strict=True):
            if label == 0:
                result.absent.append(row)
            elif label == ignored:
                result.ignored.append(row)
            else:
                result.kept.append(cast(Record, {**row, "category_id": label}))
        return result

    @property
    def _makes_riders(self) -> bool:
        return self.rider == "person-over-two-wheeler"

    def _rider_meaning(self) -> str:
        if self._makes_riders:
            return (
                f"a person is a rider when its box begins above that of a {' or '.join(TWO_WHEELERS)} of score "
                f"{CONFIDENCE} or more, ends below its middle, and {OVERLAP:.0%} of its lower half lie in it"
            )
        if self.rider == "person":
            return "riders count as persons on both sides"
        if RIDER not in self.targets:
            return "riders have no counterpart"
        return "riders are not compared; a person found where a rider is counts as wrong"

    def _known(self, table: ClassTable, names: Iterable[str] | None = None) -> ClassTable:
        known = list(self.sources if names is None else names)
        foreign = [name for name in table.names if name not in known]
        if foreign:
            side = "source" if names is None else "target"
            close = nearest(foreign[0], known)
            hint = f" Nearest to '{foreign[0]}': {', '.join(close)}." if close else ""
            raise UsageError(
                f"The taxonomy {self.name} does not account for the {side} class(es) {', '.join(foreign)}; expected "
                f"every class in one of its lists.{hint} Rename them, or add them in a file of your own."
            )
        return table

    def _translated(self, labels: list[int], source: ClassTable) -> np.ndarray:
        by_source = self.labels(source)
        for position, label in enumerate(labels):
            if label not in by_source:
                raise DataError(
                    f"Object {position} is of class {label}; expected 1 to {len(source)}, the indices of the source's "
                    "class table. Give the classes.json written beside the results."
                )
        return np.array([by_source[label] for label in labels], np.int64)

    def _mark_riders(self, labels: np.ndarray, boxes: np.ndarray, scores: np.ndarray, crowd: np.ndarray) -> None:
        """Relabel the riding persons of one image as riders, in place; crowd regions neither ride nor are ridden."""
        index = {each.name: each.index for each in self.target_table()}
        persons = np.flatnonzero((labels == index[PERSON]) & ~crowd)
        wheels = np.isin(labels, [index[name] for name in TWO_WHEELERS]) & ~crowd & (scores >= CONFIDENCE)
        labels[persons[find_riders(boxes[persons], boxes[wheels])]] = index[RIDER]

    def _mark_riders_by_image(self, rows: Sequence[Mapping[str, Any]], labels: np.ndarray) -> None:
        by_image: dict[Any, list[int]] = defaultdict(list)
        for position, row in enumerate(rows):
            by_image[row["image_id"]].append(position)
        for positions in by_image.values():
            of_image = labels[positions]
            boxes = np.array([_xyxy(rows[position]) for position in positions])
            scores = np.array([rows[position].get("score", 1.0) for position in positions])
            crowd = np.array([bool(rows[position].get("iscrowd")) for position in positions])
            self._mark_riders(of_image, boxes, scores, crowd)
            labels[positions] = of_image


def _xyxy(record: Mapping[str, Any]) -> list[float]:
    box = record.get("bbox")
    if box is None and record.get("segmentation") is None:
        raise DataError(
            f"A result of image {record['image_id']} has neither bbox nor segmentation; expected one of "
            "them for the rule for riders. Add one, or choose another rule for riders."
        )
    x, y, width, height = coco_mask.to_bbox(record["segmentation"]).tolist() if box is None else box
    return [x, y, x + width, y + height]
