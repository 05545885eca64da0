""":class:`CocoDataset`: the images and objects of a COCO file, checked when opened and immutable."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import overload

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.document import Document, write_coco
from maskwright.annotations.coco.file import CocoAnnotation, CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.leak_groups import find_leak_groups, require_filled
from maskwright.annotations.selection.splitting import objects_of_images, parse_ratios, split_ids
from maskwright.annotations.selection.subset import SubsetRules, choose_subset, require_images
from maskwright.coco_dataset.exclusions import Exclusions, NamesByReason
from maskwright.coco_dataset.merging import merged
from maskwright.coco_dataset.opening import part_of, read_checked
from maskwright.coco_dataset.sample import Sample
from maskwright.errors import UsageError, unknown_name
from maskwright.progress import Reporter
from maskwright.structures import ClassTable, normalise_name


class CocoDataset:
    """The images of a COCO file with their objects, opened by :meth:`open`.

    ``len`` is the number of images. ``data[0]`` and ``data["street.jpg"]`` are a :class:`Sample`, ``data[:10]`` is a
    data set, and iterating yields samples in file order. A data set never changes: :meth:`select`, :meth:`split` and
    :meth:`merge` return new ones. Pixels are read and masks are drawn on access.

    Example:
        >>> from maskwright import CocoDataset
        >>> data = CocoDataset.open("labels.json", images="photos")
        >>> data
        CocoDataset('labels.json': 12 images, 4 classes)
        >>> data.classes.names
        ['disc', 'square', 'triangle', 'ring']
        >>> [sample.name for sample in data[:2]]
        ['000000.jpg', '000001.jpg']
        >>> train, validation = data.split("3:1", seed=0)
        >>> len(train), len(validation)
        (9, 3)
    """

    def __init__(self, document: Document, folders: Mapping[int, Path], exclusions: Exclusions) -> None:
        """Store the records of ``document``; users call :meth:`open` instead.

        ``folders`` are the folders of the image files by image id. ``exclusions`` account for the records that are not
        in ``document``.
        """
        self._document, self._folders, self._exclusions = document, folders, exclusions

    @classmethod
    def open(cls, path: str | Path, images: str | Path | None = None) -> "CocoDataset":
        """Open a COCO annotation file with the checks of the commands.

        Records that cannot be used are excluded, as are images whose file is missing, truncated, unreadable or of
        another size than the JSON says. :attr:`audit` and :attr:`excluded` account for them.

        Args:
            path: The JSON file, which may be compressed by gzip.
            images: The folder of the image files. Without it no image file is checked, and no pixels can be read.

        Returns:
            The data set.

        Raises:
            UsageError: The file or the folder does not exist.
            DataError: The file is not a COCO file, or none of its images can be used from ``images``.

        Example:
            >>> from maskwright import CocoDataset
            >>> data = CocoDataset.open("labels.json", images="photos")
            >>> data.excluded
            {}
            >>> audit = data.audit
            >>> audit.found == audit.used + sum(audit.skipped.values())
            True
        """
        folder = Path(images) if images is not None else None
        document, exclusions = read_checked(Path(path), folder)
        folders = {image.id: folder for image in document.coco.images} if folder is not None else {}
        return cls(document, folders, exclusions)

    def __repr__(self) -> str:
        images, classes = len(self), len({normalise_name(category.name) for category in self.coco.categories})
        counts = f"{images} image{'s' * (images != 1)}, {classes} class{'es' * (classes != 1)}"
        return f"CocoDataset({self.coco.path.name!r}: {counts})"

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.coco.images)

    def __iter__(self) -> Iterator[Sample]:
        """Iterate over the images as :class:`Sample`, in file order."""
        return (self._sample(position) for position in range(len(self)))

    def __contains__(self, name: object) -> bool:
        """Return whether an image has the file name ``name``."""
        return name in self._positions

    @overload
    def __getitem__(self, which: int | str) -> Sample: ...
    @overload
    def __getitem__(self, which: slice) -> "CocoDataset": ...
    def __getitem__(self, which: int | str | slice) -> "Sample | CocoDataset":
        """Return one image by position or file name, or the data set of a slice of the images.

        Args:
            which: A position (negative counts from the end), a file name, or a slice.

        Returns:
            A :class:`Sample`; for a slice a :class:`CocoDataset`.

        Raises:
            IndexError: The position is out of range.
            UsageError: No image has this file name; the message lists the nearest names.

        Example:
            >>> from maskwright import CocoDataset
            >>> data = CocoDataset.open("labels.json")
            >>> data[-1].name, data["000001.jpg"].id, len(data[1:])
            ('000011.jpg', 2, 11)
        """
        if isinstance(which, slice):
            return self._of_images([image.id for image in self.coco.images[which]])
        if isinstance(which, str):
            if which not in self._positions:
                raise unknown_name(f"image of {self.coco.path}", which, self._positions)
            return self._sample(self._positions[which])
        if not -len(self) <= which < len(self):
            raise IndexError(f"{self!r} has no image {which}.")
        return self._sample(which % len(self))

    @property
    def coco(self) -> CocoFile:
        """The records of the data set, read and checked."""
        return self._document.coco

    @cached_property
    def classes(self) -> ClassTable:
        """The classes by ascending category id; categories that share a name are one class.

        Raises:
            DataError: A category is called ``background``.
        """
        return class_table(self.coco)

    @property
    def names(self) -> list[str]:
        """The file names of the images, in file order."""
        return [image.file_name for image in self.coco.images]

    @property
    def excluded(self) -> NamesByReason:
        """The file names of excluded images of the file, by reason.

        The reasons are those of :meth:`open` and :meth:`select`. A record without a usable name is listed by its id.
        Parts, made by :meth:`split` or a slice, account for their own images only.
        """
        return {reason: list(names) for reason, names in self._exclusions.excluded.items()}

    @cached_property
    def audit(self) -> Audit:
        """The account of every annotation of the file: ``found`` is ``used`` plus the sum of ``skipped``, by reason.

        ``faults`` list what is wrong, and ``lines()`` returns the account in sentences. The first access draws all
        segmentations once, to find those that cannot be drawn. Parts, made by :meth:`split` or a slice, account for
        their own images only.
        """
        return self._exclusions.audit_with(self.coco)

    def select(
        self,
        classes: Sequence[str] | None = None,
        *,
        keep_empty: bool = False,
        drop_crowd: bool = False,
        drop_crowd_images: bool = False,
        max_instances: int | None = None,
        max_images: int | None = None,
        at_least: Mapping[str, int] | None = None,
        seed: int = 0,
    ) -> "CocoDataset":
        """Return the selected part of the data set, as ``maskwright subset`` selects it.

        Args:
            classes: Names of the classes to keep, with the images that have an object of one; all by default.
            keep_empty: Keep images without objects of the classes too.
            drop_crowd: Exclude crowd regions.
            drop_crowd_images: Exclude images with a crowd region of the classes.
            max_instances: Exclude images with more annotations of the classes than this.
            max_images: Draw this many of the remaining images at random.
            at_least: For each class name the least number of drawn images that have an object of it.
            seed: Seed of the random draw.

        Returns:
            A data set in which all remaining records keep their ids and fields.

        Raises:
            UsageError: A class is unknown, or a number is below 1.
            DataError: No image remains, or too few images have objects of a class.

        Example:
            >>> from maskwright import CocoDataset
            >>> data = CocoDataset.open("labels.json")
            >>> rings = data.select(classes=["ring"], max_images=2)
            >>> len(rings), rings.classes.names
            (2, ['ring'])
        """
        choice = SubsetRules(
            classes, keep_empty, drop_crowd, drop_crowd_images, max_instances, max_images, at_least or {}, seed
        )
        kept = choose_subset(self.coco, choice)
        require_images(self.coco, kept)
        document = part_of(self._document, kept.images, kept.annotations, kept.categories)
        exclusions = self._exclusions.with_choice(self.coco, kept.audit.skipped, kept.skipped_images)
        return CocoDataset(document, self._folders_of(document), exclusions)

    def split(
        self,
        ratios: str | Sequence[float],
        *,
        seed: int = 0,
        groups: str | None = None,
        compare_pictures: bool = True,
        reporter: Reporter | None = None,
    ) -> "tuple[CocoDataset, ...]":
        """Return parts of the data set with equal shares of every class, as ``maskwright split`` makes them.

        Images of one leak group stay in one part: those with the same name or address, the same group, or the same or
        nearly the same pixels.

        Args:
            ratios: The relative sizes of the parts, ``"8:1:1"`` or ``(8, 1, 1)``.
            seed: Seed of the split; images and seed determine it.
            groups: Which images belong together: a field of the image records, or a CSV or JSON file.
            compare_pictures: Compare the pixels of the images; every image file is decoded for that. Without a folder
                of images none are compared.
            reporter: Shows progress and warnings; on standard error by default.

        Returns:
            One data set for each ratio.

        Raises:
            UsageError: The ratios are not two or more positive numbers, or the field or file of groups does not exist.
            DataError: A part would have no image.

        Example:
            >>> from maskwright import CocoDataset
            >>> data = CocoDataset.open("labels.json")
            >>> [len(part) for part in data.split("4:1:1")]
            [8, 2, 2]
        """
        numbers = parse_ratios(ratios) if isinstance(ratios, str) else tuple(ratios)
        folders = self._folders if compare_pictures and self._folders else None
        together = find_leak_groups(self._document, groups, folders, reporter or Reporter())
        _, counts = objects_of_images(self.coco)
        parts = split_ids(counts, numbers, seed, together.sets)
        named = {f"part {number} of {len(parts)}": ids for number, ids in enumerate(parts, start=1)}
        require_filled(self.coco.path, named, together)
        return tuple(self._of_images(ids) for ids in parts)

    def merge(self, other: "CocoDataset") -> "CocoDataset":
        """Return the images of both data sets as one; classes are matched by name.

        Args:
            other: A data set whose images have other file names.

        Returns:
            A data set with the records of both. Those of ``other`` get new ids, after the largest ids of this one.

        Raises:
            DataError: Both data sets have an image of the same file name.

        Example:
            >>> from maskwright import CocoDataset
            >>> data = CocoDataset.open("labels.json")
            >>> train, validation, test = data.split("4:1:1")
            >>> len(train.merge(validation))
            10
        """
        document, ids = merged(self._document, other._document)
        folders = {**self._folders, **{ids[image_id]: folder for image_id, folder in other._folders.items()}}
        return CocoDataset(document, folders, self._exclusions.joined(other._exclusions))

    def to_json(self, path: str | Path) -> Path:
        """Write the data set as a COCO JSON file, which appears whole or not at all.

        All fields of the records are kept, also unknown ones, and so are ``info``, ``licenses`` and other top-level
        keys.

        Args:
            path: The file to write; its folder is created when it does not exist.

        Returns:
            The path.

        Raises:
            UsageError: The path is a folder.

        Example:
            >>> from maskwright import CocoDataset
            >>> data = CocoDataset.open("labels.json")
            >>> CocoDataset.open(data[:2].to_json("two.json"))
            CocoDataset('two.json': 2 images, 4 classes)
        """
        out = Path(path)
        if out.is_dir():
            raise UsageError(f"{out}: it is a folder; expected the name of a JSON file to write.")
        document = self._document
        write_coco(out, document.images, document.annotations, document.categories, document.head)
        return out

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def _by_image(self) -> dict[int, list[CocoAnnotation]]:
        return self.coco.by_image()

    def _sample(self, position: int) -> Sample:
        image = self.coco.images[position]
        return Sample(image, self._by_image[image.id], self.coco, self._folders.get(image.id), self._class_table)

    def _class_table(self) -> ClassTable:
        return self.classes

    def _of_images(self, ids: Collection[int]) -> "CocoDataset":
        """Return the data set of these images, which accounts for their annotations only."""
        kept = set(ids)
        annotations = [each.id for each in self.coco.annotations if each.image_id in kept]
        document = part_of(self._document, kept, annotations)
        return CocoDataset(document, self._folders_of(document), Exclusions(Audit(self._exclusions.audit.source)))

    def _folders_of(self, document: Document) -> dict[int, Path]:
        return {image.id: self._folders[image.id] for image in document.coco.images if image.id in self._folders}
