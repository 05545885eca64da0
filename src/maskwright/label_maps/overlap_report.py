"""The overlap audit of a mask job: the pixels that each rule changes, their classes, and the most changed images."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.annotations.coco.file import CocoFile
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.label_maps.drawing import Drawing, DrawnChunk, render_label_map
from maskwright.label_maps.files import mask_files
from maskwright.structures import LabelMap

_WORST = 6


@dataclass(frozen=True)
class OverlapReport:
    """The overlap audit of a job. ``moves`` and ``moved`` compare each rule with ``last``.

    ``moves[rule]`` counts the pixels that change from one label to another, ``moved[rule]`` the changed pixels by file.
    ``compared`` is the rule that the pictures show.
    """

    drawing: Drawing
    shared_pixels: int
    moves: dict[str, Counter[tuple[int, int]]]
    moved: dict[str, Counter[str]]

    @classmethod
    def of(cls, done: Sequence[DrawnChunk], drawing: Drawing) -> "OverlapReport":
        """Return the sum over the parts of a job."""
        rules = [rule for rule in drawing.audit_rules if rule != "last"]
        moves: dict[str, Counter[tuple[int, int]]] = {rule: Counter() for rule in rules}
        moved: dict[str, Counter[str]] = {rule: Counter() for rule in rules}
        for part in done:
            for rule, entries in part.moves.items():
                moves[rule].update({(before, after): pixels for before, after, pixels in entries})
            for rule, files in part.moved.items():
                moved[rule].update(files)
        return cls(drawing, sum(part.shared for part in done), moves, moved)

    @property
    def compared(self) -> str:
        """The rule shown beside ``last``: the job's own, or the one that changes most pixels."""
        if self.drawing.overlap != "last":
            return self.drawing.overlap
        return max(self.moves, key=lambda rule: self.moves[rule].total())

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``overlap_audit.json``.

        It is ``{"compared_with", "shared_pixels", "rules": {rule: {"moved_pixels", "images", "moves", "worst"}}}``.
        """
        names = self.drawing.table.names_with_background
        return {
            "compared_with": "last",
            "shared_pixels": self.shared_pixels,
            "rules": {
                rule: {
                    "moved_pixels": moves.total(),
                    "images": len(self.moved[rule]),
                    "moves": [
                        {"from": names[before], "to": names[after], "pixels": pixels}
                        for (before, after), pixels in moves.most_common()
                    ],
                    "worst": [{"file": f, "pixels": n} for f, n in _worst(self.moved[rule])],
                }
                for rule, moves in self.moves.items()
            },
        }

    def lines(self) -> list[str]:
        """Return the report in lines for a terminal: one per rule, with the class pair that changes most."""
        names = self.drawing.table.names_with_background
        lines = [f"{self.shared_pixels:,} pixels are covered more than once; against the rule last"]
        for rule, moves in self.moves.items():
            images = len(self.moved[rule])
            line = f"  {rule:14} moves {moves.total():>12,} pixels in {images:,} image{'s' * (images != 1)}"
            for (before, after), pixels in moves.most_common(1):
                line += f", most from {names[before]} to {names[after]} ({pixels:,})"
            lines.append(line)
        return lines

    def worst_objects(self, coco: CocoFile, labels: Mapping[int, int]) -> list[ImageObjects]:
        """Return the objects of the images that the rule ``compared`` changes most, drawn again from ``coco``."""
        files = mask_files([image.file_name for image in coco.images])
        images, by_image = {files[image.file_name]: image for image in coco.images}, coco.by_image()
        worst = [images[file] for file, _ in _worst(self.moved[self.compared])]
        # The annotations are accounted for already.
        return [draw_objects(image, by_image[image.id], labels, Audit("")) for image in worst]

    def label_map(self, objects: ImageObjects, rule: str) -> LabelMap:
        """Return the label map by ``rule``: of classes even for a job of instances, without ignored crowd regions."""
        crowd = "include" if self.drawing.crowd == "include" else "skip"
        return render_label_map(objects, Drawing(self.drawing.table, rule, crowd, weights=self.drawing.weights))


def _worst(files: Counter[str]) -> list[tuple[str, int]]:
    return sorted(files.items(), key=lambda pair: (-pair[1], pair[0]))[:_WORST]
