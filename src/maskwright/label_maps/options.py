"""The options of a mask job, validated before any file is read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from maskwright.annotations.groups import Grouping, read_grouping
from maskwright.errors import UsageError, unknown_name
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.structures import normalise_name

MODES = ("multiclass", "binary", "grouped", "instance")
CROWD_RULES = ("ignore", "include", "skip")


@dataclass(frozen=True)
class MaskOptions:
    """The options of a mask job: how label maps are drawn, whatever the file.

    Args:
        mode: ``multiclass`` (one label per class), ``binary`` (1 where any object is), ``grouped`` (one label per
            group) or ``instance`` (16-bit numbers of the objects, from 1).
        classes: Class names in the order of their labels; all classes of the file by default. Not with ``grouped``.
        ignore_classes: Classes whose pixels are ignored where no other object lies.
        groups: A YAML file of groups, or the name of a shipped grouping; ``coco9`` by default for ``grouped``.
        overlap: Which object gets a pixel that several cover: ``last`` (in file order), ``first``, ``smallest``,
            ``highest-index`` (of its class) or ``priority``. The default is ``priority`` with ``grouped`` or
            ``priorities``, else ``last``.
        priorities: Weights by class name, or by group name with ``grouped``, for the rule ``priority``; the largest
            weight wins.
        crowd: What happens to crowd regions: ``ignore`` (ignored pixels where no object lies), ``include`` (drawn like
            objects) or ``skip`` (not drawn).
        only_with_objects: Skip images without an object of the classes.
        palette: Write 8-bit files with a colour palette for viewers.
        audit: Count the pixels that each overlap rule changes.

    Raises:
        UsageError: A name is unknown, a weight is not finite, or options contradict each other.

    Example:
        >>> import maskwright as mw
        >>> drawn = mw.draw_masks("labels.json", "masks", options=mw.MaskOptions(classes=("disc", "ring")))
        >>> drawn.table.names
        ['disc', 'ring']
    """

    mode: str = "multiclass"
    classes: Sequence[str] | None = None
    ignore_classes: Sequence[str] = ()
    groups: str | Path | None = None
    overlap: str | None = None
    priorities: Mapping[str, float] = field(default_factory=dict)
    crowd: str = "ignore"
    palette: bool = True
    only_with_objects: bool = False
    audit: bool = False

    def __post_init__(self) -> None:
        for kind, value, known in (
            ("mode", self.mode, MODES),
            ("overlap rule", self.rule, OVERLAP_RULES),
            ("crowd rule", self.crowd, CROWD_RULES),
        ):
            if value not in known:
                raise unknown_name(kind, value, known)
        self._require_possible_classes()
        self._require_possible_weights()

    @property
    def rule(self) -> str:
        """The overlap rule: the given one, or the default of the mode and the weights."""
        return self.overlap or ("priority" if self.mode == "grouped" or self.priorities else "last")

    @cached_property
    def grouping(self) -> Grouping | None:
        """The grouping of ``groups``, or ``coco9`` for the mode ``grouped``; None without groups.

        Raises:
            UsageError: There is no such grouping or file.
            DataError: The file is not a grouping.
        """
        return read_grouping(str(self.groups or "coco9")) if self.groups or self.mode == "grouped" else None

    def _require_possible_classes(self) -> None:
        if self.mode == "grouped" and self.classes is not None:
            raise UsageError("--classes does not go with --mode grouped; expected the classes in the groups file.")
        ignored = {normalise_name(name) for name in self.ignore_classes}
        both = [name for name in self.classes or () if normalise_name(name) in ignored]
        if both:
            raise UsageError(f"'{both[0]}' is in --classes and in --ignore-classes; expected it in one of them.")

    def _require_possible_weights(self) -> None:
        if self.rule == "priority" and not self.groups and not self.priorities and self.mode != "grouped":
            raise UsageError("--overlap priority needs weights: --groups FILE, or --priority CLASS=WEIGHT for classes.")
        if self.groups and self.mode != "grouped" and self.rule != "priority":
            raise UsageError("--groups needs --mode grouped, or --overlap priority to go by the groups' weights.")
        if self.priorities and self.rule != "priority":
            raise UsageError(f"--priority does not go with --overlap {self.rule}; expected --overlap priority.")
        for name, weight in self.priorities.items():
            if not math.isfinite(weight):
                raise UsageError(f"--priority {name}={weight}: expected a finite number.")
