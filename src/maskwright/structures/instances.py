"""The instances of one image: boxes, labels, scores, masks and crowd flags, sliced together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np
import numpy.typing as npt
from hotcoco import mask as coco_mask

from maskwright.errors import DataError
from maskwright.structures.coco_records import ResultRecord, Rle, TruthRecord

if TYPE_CHECKING:
    from maskwright.structures.class_table import ClassTable

# The fields that do not have one value per object.
_OF_THE_IMAGE = ("size", "classes")


@dataclass(eq=False)
class Instances:
    """The objects of one image, annotated or predicted; indexing slices all fields together.

    ``len`` is N. Two :class:`Instances` are equal when their sizes and all fields of length N are; ``classes`` is not
    compared.

    Attributes:
        size: Height and width of the image in pixels.
        boxes: ``(N, 4)`` float32, xyxy pixels, half-open.
        labels: ``(N,)`` int64, indices 1..K of a :class:`ClassTable`.
        masks: N compressed COCO RLEs ``{"size": [H, W], "counts": bytes}``, the canonical form of a mask.
        scores: ``(N,)`` float32 confidences; 1 for annotated objects.
        crowd: ``(N,)`` bool, whether the mask is a crowd region instead of one object.
        classes: The table whose indices the labels are, or None where it is not known. Slices keep it. Samples of a
            :class:`maskwright.CocoDataset` and predictions of a :class:`maskwright.LoadedModel` carry it.

    Raises:
        ValueError: The fields have different lengths.

    Example:
        >>> import numpy as np
        >>> from maskwright import Instances
        >>> masks = np.zeros((2, 4, 6), bool)
        >>> masks[0, 1:3, 2:5] = True
        >>> masks[1, 0, 0] = True
        >>> found = Instances.from_dense(masks, labels=[1, 2], scores=[0.9, 0.3])
        >>> len(found), found.areas.tolist(), found.boxes[0].tolist()
        (2, [6, 1], [2.0, 1.0, 5.0, 3.0])
        >>> sure = found[found.scores > 0.5]
        >>> sure.labels.tolist()
        [1]
    """

    size: tuple[int, int]
    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    masks: list[Rle]
    scores: npt.NDArray[np.float32] = field(default=None)  # type: ignore[assignment]
    crowd: npt.NDArray[np.bool_] = field(default=None)  # type: ignore[assignment]
    classes: "ClassTable | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.labels = np.asarray(self.labels, np.int64)
        count = len(self.labels)
        self.scores = np.ones(count, np.float32) if self.scores is None else np.asarray(self.scores, np.float32)
        self.crowd = np.zeros(count, np.bool_) if self.crowd is None else np.asarray(self.crowd, np.bool_)
        self.boxes = np.asarray(self.boxes, np.float32).reshape(-1, 4)
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self) if f.name not in _OF_THE_IMAGE}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"Instances need fields of one length, found {lengths}.")

    def __len__(self) -> int:
        """Return N, the number of objects."""
        return len(self.labels)

    def __getitem__(self, which: Any) -> "Instances":
        """Return the instances that a bool mask ``(N,)``, an index array, a slice or one index selects.

        Args:
            which: Anything that indexes a NumPy array ``(N,)``.

        Returns:
            The selected instances; :class:`Instances` of length 1 for a single index.

        Raises:
            IndexError: An index is out of range.

        Example:
            >>> from maskwright import Instances
            >>> len(Instances.empty((4, 6))[:3])
            0
        """
        order = np.atleast_1d(np.arange(len(self))[which])
        return Instances(
            self.size,
            self.boxes[order],
            self.labels[order],
            [self.masks[i] for i in order],
            self.scores[order],
            self.crowd[order],
            self.classes,
        )

    def __eq__(self, other: object) -> bool:
        """Return whether ``other`` has the same size and the same objects in the same order."""
        if not isinstance(other, Instances):
            return NotImplemented
        arrays = ("boxes", "labels", "scores", "crowd")
        return (
            tuple(self.size) == tuple(other.size)
            and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)
            and [_key(rle) for rle in self.masks] == [_key(rle) for rle in other.masks]
        )

    @classmethod
    def empty(cls, size: tuple[int, int], classes: "ClassTable | None" = None) -> "Instances":
        """Return instances without objects for an image of ``size``.

        Args:
            size: Height and width of the image in pixels.
            classes: The classes that labels would mean; None by default.

        Returns:
            Instances of length 0.

        Example:
            >>> from maskwright import Instances
            >>> Instances.empty((4, 6)).boxes.shape
            (0, 4)
        """
        return cls(size, np.zeros((0, 4), np.float32), np.zeros(0, np.int64), [], classes=classes)

    @property
    def areas(self) -> npt.NDArray[np.int64]:
        """The number of pixels of each mask, ``(N,)`` int64."""
        return np.asarray(coco_mask.area(list(self.masks)) if self.masks else [], np.int64)

    def dense(self) -> npt.NDArray[np.bool_]:
        """Return the masks as an array ``(N, H, W)`` bool.

        Returns:
            One plane of height × width pixels per object.

        Raises:
            ValueError: The run lengths of a mask are not those of its size.

        Example:
            >>> import numpy as np
            >>> from maskwright import Instances
            >>> masks = np.eye(3, 4, dtype=bool)[None]
            >>> bool((Instances.from_dense(masks, labels=[1]).dense() == masks).all())
            True
        """
        dense = np.zeros((len(self), *self.size), np.bool_)
        for plane, rle in zip(dense, self.masks, strict=True):
            plane[:] = coco_mask.decode(rle)
        return dense

    @classmethod
    def from_dense(
        cls,
        masks: npt.ArrayLike,
        labels: npt.ArrayLike,
        scores: npt.ArrayLike | None = None,
        crowd: npt.ArrayLike | None = None,
        classes: "ClassTable | None" = None,
    ) -> "Instances":
        """Return instances from dense masks; boxes are the tight boxes of the masks.

        Args:
            masks: ``(N, H, W)`` of any dtype; an object's pixels are those that are not 0.
            labels: ``(N,)`` indices 1..K of a :class:`ClassTable`.
            scores: ``(N,)`` confidences; 1 by default.
            crowd: ``(N,)`` bool, which masks are crowd regions; none by default.
            classes: The table whose indices the labels are; None by default.

        Returns:
            The instances. An object without a pixel has the box 0, 0, 0, 0.

        Raises:
            ValueError: ``masks`` does not have three dimensions, or lengths differ.

        Example:
            >>> import numpy as np
            >>> from maskwright import Instances
            >>> Instances.from_dense(np.ones((1, 2, 3)), labels=[7]).boxes.tolist()
            [[0.0, 0.0, 3.0, 2.0]]
        """
        planes = np.asarray(masks)
        if planes.ndim != 3:
            raise ValueError(f"Masks have the shape {planes.shape}; expected (N, H, W), one plane per object.")
        rles = [coco_mask.encode(np.asfortranarray(plane != 0).view(np.uint8)) for plane in planes]
        size = (planes.shape[1], planes.shape[2])
        # __post_init__ makes arrays of what NumPy takes as one.
        arrays = (cast("Any", labels), rles, cast("Any", scores), cast("Any", crowd))
        return cls(size, mask_boxes(rles), *arrays, classes)

    @overload
    def to_coco(self, image_id: int, file_name: str | None = None, *, first_id: None = None) -> list[ResultRecord]: ...

    @overload
    def to_coco(self, image_id: int, file_name: str | None = None, *, first_id: int) -> list[TruthRecord]: ...

    def to_coco(
        self, image_id: int, file_name: str | None = None, *, first_id: int | None = None
    ) -> list[ResultRecord] | list[TruthRecord]:
        """Return the objects as COCO records: results, or annotations when ``first_id`` is given.

        Args:
            image_id: The image's id in the COCO file that the records belong to.
            file_name: The image's file name. Results that hold it can be scored by any file with that image.
            first_id: The id of the first annotation; the next objects get the next ids.

        Returns:
            Results have ``image_id``, ``file_name`` unless None, ``category_id``, ``bbox``, ``score`` and
            ``segmentation``. Annotations also have ``id``, ``area`` (pixels) and ``iscrowd``, and no ``score``.
            ``category_id`` is the label, ``bbox`` is xywh in pixels, ``segmentation`` a compressed RLE with
            ``counts`` as text. All values are JSON values.

        Example:
            >>> import numpy as np
            >>> from maskwright import Instances
            >>> found = Instances.from_dense(np.ones((1, 2, 3)), labels=[7], scores=[0.5])
            >>> [record] = found.to_coco(1, "street.jpg")
            >>> record["category_id"], record["bbox"], record["score"]
            (7, [0.0, 0.0, 3.0, 2.0], 0.5)
            >>> [record] = found.to_coco(1, first_id=10)
            >>> record["id"], record["area"], record["iscrowd"]
            (10, 6, 0)
        """
        name = {} if file_name is None else {"file_name": file_name}
        areas = self.areas if first_id is not None else ()
        records: list[dict[str, Any]] = []
        for i in range(len(self)):
            x1, y1, x2, y2 = (float(value) for value in self.boxes[i])
            record: dict[str, Any] = {"image_id": image_id, **name, "category_id": int(self.labels[i])}
            record["bbox"] = [x1, y1, x2 - x1, y2 - y1]
            if first_id is None:
                record["score"] = float(self.scores[i])
            else:
                record = {"id": first_id + i, **record, "area": int(areas[i]), "iscrowd": int(self.crowd[i])}
            height, width = self.masks[i]["size"]
            record["segmentation"] = {"size": [height, width], "counts": _text(self.masks[i]["counts"])}
            records.append(record)
        return cast(list[ResultRecord] | list[TruthRecord], records)

    @classmethod
    def from_coco(
        cls, records: Iterable[Mapping[str, Any]], size: tuple[int, int], classes: "ClassTable | None" = None
    ) -> "Instances":
        """Return instances from the COCO results or annotations of one image.

        Args:
            records: Each with ``category_id``, which becomes the label, and ``segmentation``, a compressed RLE with
                ``counts`` as text or bytes. A record without ``bbox`` (xywh pixels) gets the box of its mask. ``score``
                is 1 and ``iscrowd`` 0 by default.
            size: Height and width of the image in pixels.
            classes: The table of the labels; None by default. Category ids are its indices, or its ``category_ids``
                where it was read from the ``classes.json`` beside results; labels then are its indices.

        Returns:
            The instances in the order of the records.

        Raises:
            DataError: A record has no compressed RLE of this size, or a category id that ``classes`` lacks though it
                has some. :class:`maskwright.CocoDataset` reads polygons.

        Example:
            >>> import numpy as np
            >>> from maskwright import Instances
            >>> found = Instances.from_dense(np.ones((1, 2, 3)), labels=[7], scores=[0.5])
            >>> Instances.from_coco(found.to_coco(1), (2, 3)) == found
            True
        """
        rows = list(records)
        rles = [_compressed(row, size) for row in rows]
        boxes = mask_boxes(rles)
        for position, row in enumerate(rows):
            if row.get("bbox") is not None:
                x, y, width, height = row["bbox"]
                boxes[position] = x, y, x + width, y + height
        return cls(
            size,
            boxes,
            np.array([_label(row["category_id"], classes) for row in rows], np.int64),
            rles,
            np.array([row.get("score", 1.0) for row in rows], np.float32),
            np.array([bool(row.get("iscrowd")) for row in rows], np.bool_),
            classes,
        )


def mask_boxes(rles: Sequence[Rle]) -> npt.NDArray[np.float32]:
    """Return the tight boxes ``(N, 4)`` float32 of masks, xyxy pixels, half-open; 0, 0, 0, 0 for an empty mask."""
    if not rles:
        return np.zeros((0, 4), np.float32)
    boxes = np.asarray(coco_mask.to_bbox(list(rles)), np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _label(category_id: int, classes: "ClassTable | None") -> int:
    """Return the label of a category id: the id itself, or the index of its class where ``classes`` have other ids."""
    if classes is None or all(c.category_id is None for c in classes):
        return category_id
    for c in classes:
        if category_id == (c.index if c.category_id is None else c.category_id):
            return c.index
    raise DataError(
        f"A record has the category id {category_id}; expected one of {classes.category_ids}, those of the classes. "
        "Give the classes.json that was written with the records."
    )


def _compressed(record: Mapping[str, Any], size: tuple[int, int]) -> Rle:
    mask = record.get("segmentation")
    counts = mask.get("counts") if isinstance(mask, Mapping) else None
    if not isinstance(mask, Mapping) or not isinstance(counts, str | bytes) or list(mask.get("size", ())) != [*size]:
        named = f"id {record['id']}" if "id" in record else f"image_id {record.get('image_id')}"
        found = f"an RLE of size {mask.get('size')}" if isinstance(counts, str | bytes) else type(mask).__name__  # type: ignore[union-attr]
        raise DataError(
            f"The record with {named} has the segmentation {found}; expected a compressed RLE of size {[*size]}. "
            "Open files with polygons by CocoDataset.open."
        )
    return {"size": [*size], "counts": counts.encode("ascii") if isinstance(counts, str) else counts}


def _text(counts: str | bytes) -> str:
    return counts.decode("ascii") if isinstance(counts, bytes) else counts


def _key(rle: Rle) -> tuple[int, int, str]:
    height, width = rle["size"]
    return height, width, _text(rle["counts"])
