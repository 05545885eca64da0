""":class:`Sample`: one image of a data set, with pixels, instances and label map on access."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwright.annotations.coco.categories import label_by_category
from maskwright.annotations.coco.file import CocoAnnotation, CocoFile, CocoImage
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.errors import DataError, UsageError
from maskwright.images.decode import image_path, read_image
from maskwright.label_maps.drawing import render_label_map
from maskwright.label_maps.options import MaskOptions
from maskwright.label_maps.plan import mask_plan
from maskwright.structures import ClassTable, CrowdRule, Instances, LabelMap, OverlapRule


@dataclass(frozen=True, eq=False, repr=False)
class Sample:
    """One image of a :class:`maskwright.CocoDataset`, which creates it.

    Attributes:
        record: The image's record in the COCO file: ``id``, ``file_name``, ``height`` and ``width``.
        annotations: The image's annotation records.
        coco: The records of the data set.
        folder: The folder of the image file; None when the data set was opened without images.
        class_table: A function that returns the classes of the data set.

    Example:
        >>> from maskwright import CocoDataset
        >>> sample = CocoDataset.open("labels.json", images="photos")[0]
        >>> sample
        Sample('000000.jpg', 129×158)
        >>> sample.image.shape, sample.image.dtype
        ((129, 158, 3), dtype('uint8'))
        >>> sample.instances.dense().shape == (len(sample.instances), 129, 158)
        True
    """

    record: CocoImage
    annotations: Sequence[CocoAnnotation]
    coco: CocoFile
    folder: Path | None
    # Called when labels are needed, because a file with a category called background has no table.
    class_table: Callable[[], ClassTable]

    def __repr__(self) -> str:
        return f"Sample({self.name!r}, {self.record.height}×{self.record.width})"

    @property
    def name(self) -> str:
        """The file name of the image, as in the COCO file."""
        return self.record.file_name

    @property
    def id(self) -> int:
        """The id of the image in the COCO file."""
        return self.record.id

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image in pixels."""
        return self.record.height, self.record.width

    @property
    def path(self) -> Path:
        """The path of the image file.

        Raises:
            UsageError: The data set was opened without a folder of images.
            DataError: The file name leads out of the folder.
        """
        if self.folder is None:
            raise UsageError(
                f"{self.coco.path}: the data set was opened without images, so '{self.name}' cannot be read; expected "
                "their folder. Open it with images=FOLDER."
            )
        return image_path(self.folder, self.name)

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """The pixels ``(H, W, 3)`` uint8 RGB, decoded at each access.

        The pixels are as stored. EXIF rotation is not applied, because annotations refer to the stored pixels.

        Raises:
            UsageError: The data set was opened without a folder of images.
            DataError: The file cannot be decoded, or has another size than the COCO file says.
        """
        image = read_image(self.path)
        if image.shape[:2] != self.size:
            raise DataError(
                f"{self.path}: has {image.shape[1]}×{image.shape[0]} pixels, but {self.size[1]}×{self.size[0]} in "
                f"{self.coco.path} (width×height); expected the same size. Put back the file that was annotated."
            )
        return image

    @cached_property
    def instances(self) -> Instances:
        """The objects that can be drawn, in file order, with crowd regions.

        Boxes are the file's, those of the masks where it has none. Labels are indices of the data set's classes, which
        the instances carry as ``classes``.

        Raises:
            DataError: A category is called ``background``.
        """
        table = self.class_table()
        return _relabelled(self._drawn, label_by_category(self.coco, table)).instances(table)

    def label_map(
        self,
        overlap: OverlapRule | None = None,
        crowd: CrowdRule = "ignore",
        *,
        mode: str = "multiclass",
        classes: Sequence[str] | None = None,
        ignore_classes: Sequence[str] = (),
        groups: str | None = None,
        priorities: Mapping[str, float] | None = None,
    ) -> LabelMap:
        """Return the label map ``(H, W)`` of the image, as ``maskwright masks`` draws it.

        Args:
            overlap: Which object gets a pixel that several cover: ``last`` (the default), ``first``, ``smallest``,
                ``highest-index`` or ``priority`` (the default with ``mode="grouped"`` or ``priorities``).
            crowd: Crowd regions: ``ignore`` (ignored pixels where no object lies), ``include`` (drawn like objects) or
                ``skip`` (not drawn).
            mode: ``multiclass`` (one label per class), ``binary``, ``grouped`` (one label per group) or ``instance``
                (16-bit numbers of the objects).
            classes: Names of the classes to draw, in the order of their labels; all by default.
            ignore_classes: Names of classes whose pixels are ignored where no other object lies.
            groups: A YAML file of groups, or the name of a shipped one such as ``coco9``.
            priorities: Weight of each class by name, for the overlap rule ``priority``; the largest wins.

        Returns:
            uint8, or uint16 when the labels need it. 0 is background, 255 (65535 in uint16) is ignored.

        Raises:
            UsageError: A name is unknown, or the options contradict each other.
            DataError: The data set has none of the groups' classes, or more objects than 16 bits can number.

        Example:
            >>> from maskwright import CocoDataset
            >>> sample = CocoDataset.open("labels.json")[0]
            >>> labels = sample.label_map(overlap="smallest")
            >>> labels.shape == sample.size, labels.dtype
            (True, dtype('uint8'))
        """
        options = MaskOptions(mode, classes, ignore_classes, groups, overlap, priorities or {}, crowd)
        plan = mask_plan(self.coco, options)
        return render_label_map(_relabelled(self._drawn, plan.labels), plan.drawing)

    @cached_property
    def _drawn(self) -> ImageObjects:
        """All objects with category ids as labels, so that each is drawn once whatever is requested."""
        return draw_objects(self.record, self.annotations, {c.id: c.id for c in self.coco.categories}, Audit(""))


def _relabelled(objects: ImageObjects, labels: Mapping[int, int]) -> ImageObjects:
    """Return the objects whose category has a label in ``labels``, with that label."""
    known = zip(objects.ids, objects.labels, strict=True)
    return objects.relabelled({number: labels[category] for number, category in known if category in labels})
