"""What a mask job is asked to draw, checked before anything is read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from maskwright.annotations.groups import Grouping, read_grouping
from maskwright.errors import UsageError, unknown_name
from maskwright.masks.overlap import OVERLAP_RULES
from maskwright.structures import normalise_name

MODES = ("multiclass", "binary", "grouped", "instance")
CROWD_RULES = ("ignore", "include", "skip")


@dataclass(frozen=True)
class MaskOptions:
    """Everything about a mask job besides its files.

    Args:
        mode: ``multiclass`` (one label a class), ``binary`` (1 where any object is), ``grouped`` (one label a group) or
            ``instance`` (16-bit numbers of the objects).
        classes: Class names in the order of their labels; None for all.
        ignore_classes: Classes whose pixels are ignored where no other object lies.
        groups: A YAML file, or the name of a shipped grouping.
        overlap: Which object wins a shared pixel: ``last``, ``first``, ``smallest``, ``highest-index`` or ``priority``.
        priorities: Weights by class, by group when grouped, for the rule ``priority``.
        crowd: What becomes of crowd regions: ``ignore`` (where no object lies), ``include`` or ``skip``.
        only_with_objects: Leave out images that show none of the classes.
        palette: Whether 8-bit files show colours in a viewer.
        audit: Count what the overlap rules decide.

    Raises:
        UsageError: For an unknown name, or options that contradict each other.

    Example:
        >>> import maskwright as mw
        >>> drawn = mw.draw_masks("labels.json", "masks", options=mw.MaskOptions(classes=("disc", "ring")))
        >>> drawn.table.names
        ['disc', 'ring']
    """

    mode: str = "multiclass"
    classes: Sequence[str] | None = None
    ignore_classes: Sequence[str] = ()
    groups: str | None = None
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
        """The overlap rule: given, or the one that goes with the mode and the weights."""
        return self.overlap or ("priority" if self.mode == "grouped" or self.priorities else "last")

    @cached_property
    def grouping(self) -> Grouping | None:
        """The groups named, or ``coco9`` for the mode that needs some; see :func:`read_grouping` for the errors."""
        return read_grouping(self.groups or "coco9") if self.groups or self.mode == "grouped" else None

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
