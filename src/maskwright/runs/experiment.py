"""An experiment: a run folder and its data, prepared once. It imports no torch."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from maskwright.annotations.taxonomy.output_classes import OutputClasses
from maskwright.recipes.schema import Recipe
from maskwright.runs.folder import OpenRun
from maskwright.runs.prepare import Prepared, prepare
from maskwright.runs.source_file import SourceFiles


@dataclass
class Experiment:
    """An open run with its data and the classes of its results.

    For a cross-evaluation, ``other_data`` takes the place of the recipe's data, and ``output`` remaps the model's
    classes. ``source_files`` holds COCO files that were parsed before. ``max_dets`` is a limit of detections of a class
    on an image, besides COCO's 100, that instances are scored with too.
    """

    run: OpenRun
    other_data: Prepared | None = None
    output: OutputClasses | None = None
    source_files: SourceFiles = field(default_factory=SourceFiles)
    max_dets: int | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run."""
        return self.run.recipe

    @cached_property
    def prepared(self) -> Prepared:
        """The data, read and selected at first use, once for all stages of the run."""
        if self.other_data is not None:
            return self.other_data
        prepared = prepare(self.recipe, self.run.path, self.source_files)
        self.source_files = SourceFiles()  # frees the parsed files, which no stage needs any more
        return prepared

    @cached_property
    def classes(self) -> OutputClasses:
        """The classes of the results: the model's own, or those they are remapped to."""
        return self.output or OutputClasses(self.prepared.table)

    def masks_folder(self, part: str) -> Path:
        """Return the folder of the label maps of ``part``."""
        return self.run.files.masks(part)
