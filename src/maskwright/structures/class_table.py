"""Class tables: the names, indices and colours of the classes of a data set or a model."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from maskwright.class_colors import class_color
from maskwright.errors import DataError, unknown_name

BACKGROUND = "background"
IGNORED_COLOR = (176, 176, 176)


def normalise_name(name: str) -> str:
    """Return the name by which a class is identified: Unicode form NFC, without surrounding white space."""
    return unicodedata.normalize("NFC", name).strip()


@dataclass(frozen=True)
class ClassInfo:
    """One class of a :class:`ClassTable`.

    Attributes:
        index: Label in label maps and models, from 1.
        name: Name in Unicode form NFC without surrounding white space.
        color: RGB colour, each channel from 0 to 255.
        source_ids: Category ids of the class in its annotation file; several where categories share a name, none where
            the file is not known.
        category_id: Id of the class in the COCO results that this table belongs to; None where it is ``index``.
        stuff: Whether the class is no countable thing, such as sky: all its pixels on an image are one segment.

    Example:
        >>> from maskwright import ClassTable
        >>> dog = ClassTable.from_names(["person", "dog"]).classes[1]
        >>> dog.index, dog.name
        (2, 'dog')
    """

    index: int
    name: str
    color: tuple[int, int, int]
    source_ids: tuple[int, ...] = ()
    category_id: int | None = None
    stuff: bool = False


@dataclass(frozen=True)
class ClassTable:
    """The classes of a data set or a model, with indices 1..K.

    A class is its name. Category ids are private to one annotation file, and indices to one table: tables are matched
    by name. Iterating yields :class:`ClassInfo` in index order, and ``len`` is K.

    Attributes:
        classes: The classes in index order.

    Example:
        >>> from maskwright import ClassTable
        >>> table = ClassTable.from_names(["person", "dog"])
        >>> len(table), table.names
        (2, ['person', 'dog'])
        >>> table.index_of("dog")
        2
        >>> table.names_with_background
        ['background', 'person', 'dog']
    """

    classes: tuple[ClassInfo, ...]

    @classmethod
    def from_names(cls, names: Iterable[str], source_ids: Sequence[tuple[int, ...]] | None = None) -> Self:
        """Return a table with indices 1..K in the order of ``names``, and distinct colours.

        Args:
            names: Class names; Unicode form and surrounding white space do not matter.
            source_ids: For each name the category ids of the class in an annotation file; none by default.

        Returns:
            The table. A colour depends on the index only; after 254 classes the colours repeat.

        Raises:
            DataError: Two names are the same class, or one is ``background``.
            ValueError: ``source_ids`` has another length than ``names``.

        Example:
            >>> from maskwright import ClassTable
            >>> [c.index for c in ClassTable.from_names(["zebra", "ant"])]
            [1, 2]
        """
        normalised = [normalise_name(name) for name in names]
        _require_distinct(normalised)
        ids = source_ids or [()] * len(normalised)
        return cls(
            tuple(
                ClassInfo(index, name, class_color(index), tuple(source))
                for index, (name, source) in enumerate(zip(normalised, ids, strict=True), start=1)
            )
        )

    @classmethod
    def from_json(cls, records: Iterable[dict[str, Any]]) -> Self:
        """Return the table that :meth:`to_json` gave, the content of ``classes.json``.

        Args:
            records: ``[{"index", "name", "color", "source_ids", "category_id", "stuff"}]`` in index order; the last
                three may be absent.

        Returns:
            The table.

        Raises:
            DataError: A record lacks a field or has one of another kind, the indices are not 1, 2, 3, …, two names are
                the same class, or one is ``background``.

        Example:
            >>> from maskwright import ClassTable
            >>> table = ClassTable.from_names(["person", "dog"])
            >>> ClassTable.from_json(table.to_json()) == table
            True
        """
        if not isinstance(records, Iterable):
            raise DataError(f"A class table is {records!r:.40}; expected a list of classes.")
        classes = tuple(_class_of(record, index) for index, record in enumerate(records, start=1))
        _require_distinct([each.name for each in classes])
        return cls(classes)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the table as JSON values, the content of ``classes.json``.

        Returns:
            ``[{"index", "name", "color", "source_ids"}]``, with ``category_id`` where the class has one, and ``stuff``
            where it is stuff.

        Example:
            >>> from maskwright import ClassTable
            >>> ClassTable.from_names(["dog"], [(18,)]).to_json()[0]["source_ids"]
            [18]
        """
        return [
            {
                "index": c.index,
                "name": c.name,
                "color": list(c.color),
                "source_ids": list(c.source_ids),
                **({} if c.category_id is None else {"category_id": c.category_id}),
                **({"stuff": True} if c.stuff else {}),
            }
            for c in self.classes
        ]

    @property
    def category_ids(self) -> list[int]:
        """The ids of the K classes in COCO results, in index order: their ``category_id``, else their index."""
        return [c.index if c.category_id is None else c.category_id for c in self.classes]

    def with_category_ids(self, ids: Sequence[int]) -> Self:
        """Return the table of the same classes with the category ids that COCO results have for them.

        Args:
            ids: A category id for each class, in index order; no two are the same.

        Returns:
            The table; names, indices and colours are the same.

        Raises:
            ValueError: ``ids`` has another length than the table, or repeats an id.

        Example:
            >>> from maskwright import ClassTable
            >>> ClassTable.from_names(["person", "dog"]).with_category_ids([1, 18]).category_ids
            [1, 18]
        """
        if len(set(ids)) != len(self):
            raise ValueError(f"{len(set(ids))} different category ids for {len(self)} classes; expected one for each.")
        return type(self)(tuple(replace(c, category_id=number) for c, number in zip(self.classes, ids, strict=True)))

    @property
    def stuff_names(self) -> list[str]:
        """The names of the classes that are stuff, in index order."""
        return [c.name for c in self.classes if c.stuff]

    def with_stuff(self, names: Iterable[str]) -> Self:
        """Return the table of the same classes in which those of ``names`` are stuff, and all others things.

        Args:
            names: Class names; Unicode form and surrounding white space do not matter.

        Returns:
            The table; names, indices, colours and ids are the same.

        Raises:
            UsageError: No class has one of the names; the message has the nearest names.

        Example:
            >>> from maskwright import ClassTable
            >>> ClassTable.from_names(["car", "sky"]).with_stuff(["sky"]).stuff_names
            ['sky']
        """
        indices = {self.index_of(name) for name in names}
        return type(self)(tuple(replace(c, stuff=c.index in indices) for c in self.classes))

    def __len__(self) -> int:
        """Return K, the number of classes without background."""
        return len(self.classes)

    def __iter__(self) -> Iterator[ClassInfo]:
        """Iterate over the classes in index order."""
        return iter(self.classes)

    @property
    def names(self) -> list[str]:
        """The K class names in index order, without background."""
        return [c.name for c in self.classes]

    @property
    def names_with_background(self) -> list[str]:
        """``background`` and the K class names: the position in the list is the label."""
        return [BACKGROUND, *self.names]

    def index_of(self, name: str) -> int:
        """Return the index of the class called ``name``.

        Args:
            name: Class name; Unicode form and surrounding white space do not matter.

        Returns:
            The index, from 1 to K.

        Raises:
            UsageError: No class has this name; the message has the nearest names.

        Example:
            >>> from maskwright import ClassTable
            >>> ClassTable.from_names(["person", "dog"]).index_of(" dog ")
            2
        """
        index = self._index_by_name.get(normalise_name(name))
        if index is None:
            raise unknown_name("class", name, self.names)
        return index

    @cached_property
    def _index_by_name(self) -> dict[str, int]:
        return {c.name: c.index for c in reversed(self.classes)}  # of equal names, the first

    @property
    def label_dtype(self) -> type[np.uint8] | type[np.uint16]:
        """The dtype of label maps: uint8 when 0..K and the ignored label fit (K up to 254), else uint16."""
        return np.uint8 if len(self) <= 254 else np.uint16

    @property
    def ignore_index(self) -> int:
        """The label of pixels that are excluded from training and scores: 255, or 65535 in uint16."""
        return int(np.iinfo(self.label_dtype).max)

    def palette(self) -> npt.NDArray[np.uint8]:
        """Return the RGB colours ``(K + 1, 3)`` uint8 by label; background is black.

        Returns:
            The colours; row ``i`` is the colour of label ``i``.

        Example:
            >>> from maskwright import ClassTable
            >>> ClassTable.from_names(["person", "dog"]).palette().shape
            (3, 3)
        """
        return np.array([(0, 0, 0), *(c.color for c in self.classes)], dtype=np.uint8)

    def png_palette(self) -> npt.NDArray[np.uint8] | None:
        """Return the RGB colours ``(256, 3)`` uint8 of a palette PNG, with the ignored label in grey.

        Returns:
            The colours by label, or None when labels need 16 bits, for which PNG has no palette.

        Example:
            >>> from maskwright import ClassTable
            >>> ClassTable.from_names(["person", "dog"]).png_palette()[255].tolist()
            [176, 176, 176]
        """
        if self.label_dtype != np.uint8:
            return None
        colors = np.zeros((256, 3), np.uint8)
        colors[: len(self) + 1] = self.palette()
        colors[self.ignore_index] = IGNORED_COLOR
        return colors


def _require_distinct(names: Sequence[str]) -> None:
    """Raise ``DataError`` when two of the normalised ``names`` are the same class, or one is ``background``."""
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated:
        raise DataError(f"Class names repeat: {', '.join(repeated)}. Expected each class once; rename or merge them.")
    if BACKGROUND in names:
        raise DataError(
            f"A class is called '{BACKGROUND}', the name of pixels without a class; expected object classes only. "
            "Select the other classes by name, or rename it."
        )


def _class_of(record: Any, index: int) -> ClassInfo:
    """Return the class in a JSON ``record``, which is number ``index`` of its table; ``DataError`` when it is none."""
    if not isinstance(record, Mapping):
        raise DataError(f"Class {index} is {record!r:.40}; expected an object with index, name and color.")
    fields = {"source_ids": (), "category_id": None, "stuff": False, **record}
    for key, (fits, expected) in _FIELDS.items():
        if key not in fields or not fits(fields[key]):
            found = f"has the {key} {fields[key]!r:.40}" if key in fields else f"has no {key}"
            raise DataError(f"Class {index} {found}; expected {expected}.")
    if fields["index"] != index:
        raise DataError(f"Class {index} has the index {fields['index']}; expected 1, 2, 3, … in order.")
    red, green, blue = fields["color"]
    name = normalise_name(fields["name"])
    source_ids, category_id = tuple(fields["source_ids"]), fields["category_id"]
    return ClassInfo(index, name, (red, green, blue), source_ids, category_id, fields["stuff"])


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _are_whole(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(map(_is_whole, values))


def _is_color(value: Any) -> bool:
    return _are_whole(value) and len(value) == 3 and all(0 <= channel <= 255 for channel in value)


# For each field of a class in JSON, a test of its value, and what is expected.
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "index": (_is_whole, "a whole number"),
    "name": (lambda value: isinstance(value, str), "text"),
    "color": (_is_color, "three whole numbers from 0 to 255"),
    "source_ids": (_are_whole, "a list of category ids"),
    "category_id": (lambda value: value is None or _is_whole(value), "a whole number, or none"),
    "stuff": (lambda value: isinstance(value, bool), "true or false"),
}
