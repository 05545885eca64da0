"""Plain NumPy value types that every room shares, and the legend of the shapes written in docstrings.

Legend: ``B`` batch, ``C`` channels, ``K`` classes without background, ``N`` instances, ``H`` ``W`` height and width.
Images are ``(H, W, 3)`` uint8 RGB. Boxes are xyxy pixels, half-open. A label map is ``(H, W)`` uint8, or uint16 when
``K > 254``: 0 is background, 1..K are the classes, and the type's largest value (255 or 65535) is ignored.
An RLE is COCO's compressed form ``{"size": [H, W], "counts": bytes}``.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from maskwright.class_colors import class_color
from maskwright.errors import DataError, unknown_name

LabelMap = npt.NDArray[np.uint8 | np.uint16]

# A binary mask as COCO's column-major run lengths, compressed: {"size": [H, W], "counts": bytes}.
Rle = dict[str, Any]

BACKGROUND = "background"
IGNORED_COLOR = (176, 176, 176)

Task = Literal["semantic", "instance"]
OverlapRule = Literal["last", "first", "smallest", "highest-index", "priority"]
CrowdRule = Literal["ignore", "include", "skip"]
RiderRule = Literal["absent", "person", "person-over-two-wheeler"]


def normalise_name(name: str) -> str:
    """The identity of a class: its name in Unicode form NFC without surrounding white space."""
    return unicodedata.normalize("NFC", name).strip()


@dataclass(frozen=True)
class ClassInfo:
    """One class: its index in label maps and models, its name, its RGB colour and the ids files gave it."""

    index: int
    name: str
    color: tuple[int, int, int]
    source_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class ClassTable:
    """The classes of a data set or model, index 1..K. A class is its name, never the id a file gave it."""

    classes: tuple[ClassInfo, ...]

    @classmethod
    def from_names(cls, names: Iterable[str], source_ids: Sequence[tuple[int, ...]] | None = None) -> Self:
        """A table with indices 1..K in the order of ``names`` and colours that tell neighbours apart.

        Raises ``DataError`` when two names are the same class, or one is ``background``.
        """
        normalised = [normalise_name(name) for name in names]
        repeated = sorted({name for name in normalised if normalised.count(name) > 1})
        if repeated:
            raise DataError(
                f"Class names repeat: {', '.join(repeated)}. Expected each class once; rename or merge them."
            )
        if BACKGROUND in normalised:
            raise DataError(
                f"A class is called '{BACKGROUND}', the name of pixels without a class; expected object classes only. "
                "Choose the others by name, or rename it."
            )
        ids = source_ids or [()] * len(normalised)
        return cls(
            tuple(
                ClassInfo(index, name, class_color(index), tuple(source))
                for index, (name, source) in enumerate(zip(normalised, ids, strict=True), start=1)
            )
        )

    @classmethod
    def from_json(cls, records: Iterable[dict[str, Any]]) -> Self:
        """The table written by :meth:`to_json` (``classes.json``)."""
        return cls(
            tuple(ClassInfo(r["index"], r["name"], tuple(r["color"]), tuple(r.get("source_ids", ()))) for r in records)
        )

    def to_json(self) -> list[dict[str, Any]]:
        """``[{"index", "name", "color", "source_ids"}]``, the content of ``classes.json``."""
        return [
            {"index": c.index, "name": c.name, "color": list(c.color), "source_ids": list(c.source_ids)}
            for c in self.classes
        ]

    def __len__(self) -> int:
        """K, the number of classes without background."""
        return len(self.classes)

    def __iter__(self) -> Iterator[ClassInfo]:
        return iter(self.classes)

    @property
    def names(self) -> list[str]:
        """The K class names in index order, background not among them."""
        return [c.name for c in self.classes]

    @property
    def names_with_background(self) -> list[str]:
        """``background`` and the K class names: position equals label."""
        return [BACKGROUND, *self.names]

    def index_of(self, name: str) -> int:
        """The index of the class called ``name``; ``UsageError`` with the nearest names when there is none."""
        wanted = normalise_name(name)
        for c in self.classes:
            if c.name == wanted:
                return c.index
        raise unknown_name("class", name, self.names)

    @property
    def label_dtype(self) -> type[np.uint8] | type[np.uint16]:
        """uint8 while 0..K and the ignore value fit, else uint16."""
        return np.uint8 if len(self) <= 254 else np.uint16

    @property
    def ignore_index(self) -> int:
        """The label of pixels that neither train nor count: 255, or 65535 in uint16."""
        return int(np.iinfo(self.label_dtype).max)

    def palette(self) -> npt.NDArray[np.uint8]:
        """RGB colours ``(K + 1, 3)`` by label; background is black."""
        return np.array([(0, 0, 0), *(c.color for c in self.classes)], dtype=np.uint8)

    def png_palette(self) -> npt.NDArray[np.uint8] | None:
        """RGB colours ``(256, 3)`` by label with the ignored label in grey; None when labels need 16 bits."""
        if self.label_dtype != np.uint8:
            return None
        colors = np.zeros((256, 3), np.uint8)
        colors[: len(self) + 1] = self.palette()
        colors[self.ignore_index] = IGNORED_COLOR
        return colors


@dataclass
class Instances:
    """The objects of one image; indexing slices every field together.

    ``boxes`` ``(N, 4)`` float32 xyxy pixels, ``labels`` ``(N,)`` int64 in 1..K, ``scores`` ``(N,)`` float32 (1 for
    truth), ``masks`` N RLEs (the canonical form), ``crowd`` ``(N,)`` bool. ``size`` is the image's ``(H, W)``.
    """

    size: tuple[int, int]
    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    masks: list[Rle]
    scores: npt.NDArray[np.float32] = field(default=None)  # type: ignore[assignment]
    crowd: npt.NDArray[np.bool_] = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.scores is None:
            self.scores = np.ones(count, np.float32)
        if self.crowd is None:
            self.crowd = np.zeros(count, np.bool_)
        self.boxes = np.asarray(self.boxes, np.float32).reshape(-1, 4)
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self) if f.name != "size"}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"Instances need fields of one length, found {lengths}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: Any) -> "Instances":
        """The instances chosen by a bool mask ``(N,)``, an index array or a slice."""
        order = np.atleast_1d(np.arange(len(self))[which])
        return Instances(
            self.size,
            self.boxes[order],
            self.labels[order],
            [self.masks[i] for i in order],
            self.scores[order],
            self.crowd[order],
        )

    @classmethod
    def empty(cls, size: tuple[int, int]) -> "Instances":
        """No objects on an image of ``size`` ``(H, W)``."""
        return cls(size, np.zeros((0, 4), np.float32), np.zeros(0, np.int64), [])
