"""Read COCO files for an experiment: in their own classes, or remapped to those of a taxonomy's target."""

from dataclasses import dataclass
from pathlib import Path

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import CocoFile, read_coco
from maskwright.annotations.taxonomy.applied import AppliedTaxonomy
from maskwright.annotations.taxonomy.loading import read_taxonomy
from maskwright.annotations.taxonomy.remapped_file import remap_coco_file
from maskwright.annotations.taxonomy.sides import side_of
from maskwright.structures import ClassTable, RiderRule


@dataclass(frozen=True)
class SourceFile:
    """A parsed COCO file; ``use`` is the taxonomy that it is remapped by, or None."""

    coco: CocoFile
    use: AppliedTaxonomy | None = None

    def table(self) -> ClassTable:
        """Return the table of all classes: in the order of the taxonomy's target, or by ascending category id."""
        every = class_table(self.coco)
        if self.use is None:
            return every
        return class_table(self.coco, [name for name in self.use.taxonomy.shared if name in every.names])


class SourceFiles:
    """A cache of parsed COCO files, so that the parts of the data and the stages of a run parse each file once."""

    def __init__(self) -> None:
        self._files: dict[tuple[Path, str | None, RiderRule | None], SourceFile] = {}

    def read(self, path: Path, taxonomy: str | None = None, rider: RiderRule | None = None) -> SourceFile:
        """Return the COCO file ``path``, remapped by ``taxonomy`` (a shipped name or a file) if given.

        ``rider`` replaces the taxonomy's rule for riders.

        Raises ``UsageError`` for an unknown taxonomy, and when it does not account for a class of the file;
        ``DataError`` when a file cannot be read.
        """
        key = (path, taxonomy, rider)
        if key not in self._files:
            self._files[key] = _read(path, taxonomy, rider)
        return self._files[key]


def _read(path: Path, taxonomy: str | None, rider: RiderRule | None) -> SourceFile:
    coco = read_coco(path)
    if taxonomy is None:
        return SourceFile(coco)
    by = read_taxonomy(taxonomy, rider)
    side = side_of(by, class_table(coco))
    return SourceFile(remap_coco_file(coco, by, side), AppliedTaxonomy(by, truth=side))
