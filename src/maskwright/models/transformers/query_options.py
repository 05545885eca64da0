"""Options of query models in groups; a recipe names the options without the groups.

A group raises ``ValueError`` for values out of range. No option names a file, an address or code.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

# A card comes from strangers, and a library allocates what it is told.
_MOST = 1 << 16

Group = TypeVar("Group")


@dataclass(frozen=True, kw_only=True)
class SetPrediction:
    """The queries and the loss of their set: see the library's configurations, whose defaults these are.

    ``queries`` is the most objects that an image can have found. The matching and the mask losses look at
    ``training_points`` points of a mask, chosen from ``oversample`` times as many; the share ``importance`` of them
    lies where the mask is uncertain (PointRend, arXiv:1912.08193). ``class_weight``, ``mask_weight`` and
    ``dice_weight`` multiply the losses, ``no_object_weight`` the class loss of a query without an object.
    """

    queries: int = 100
    training_points: int = 12544
    oversample: float = 3.0
    importance: float = 0.75
    class_weight: float = 2.0
    mask_weight: float = 5.0
    dice_weight: float = 5.0
    no_object_weight: float = 0.1

    def __post_init__(self) -> None:
        require_sizes(self, "queries", "training_points")
        require_numbers(self, "class_weight", "mask_weight", "dice_weight", "no_object_weight")
        if not 1 <= self.oversample <= 16 or not 0 <= self.importance <= 1:
            raise ValueError(
                f"oversample {self.oversample} and importance {self.importance}: expected 1 to 16, and a share"
            )

    def to_config(self) -> dict[str, Any]:
        """Return the values under the names of the library's configurations."""
        return {
            "num_queries": self.queries,
            "train_num_points": self.training_points,
            "oversample_ratio": self.oversample,
            "importance_sample_ratio": self.importance,
            "class_weight": self.class_weight,
            "mask_weight": self.mask_weight,
            "dice_weight": self.dice_weight,
            "no_object_weight": self.no_object_weight,
        }


def take_group(kind: type[Group], options: dict[str, Any]) -> Group:
    """Return the group ``kind`` filled from ``options``, from which its fields are taken out."""
    names = [each.name for each in fields(kind) if each.name in options]  # type: ignore[arg-type]
    return kind(**{name: options.pop(name) for name in names})


def require_all_taken(options: dict[str, Any]) -> None:
    """Raise ``TypeError`` when ``options`` are left that no group has."""
    if options:
        raise TypeError(f"unknown options: {', '.join(options)}")


def require_sizes(group: object, *names: str) -> None:
    """Raise ``ValueError`` when one of the fields ``names`` of ``group`` is no whole number from 1 to 65536."""
    for name in names:
        value = getattr(group, name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
            raise ValueError(f"{name} {value!r}: expected a whole number from 1 to {_MOST}")


def require_numbers(group: object, *names: str) -> None:
    """Raise ``ValueError`` when one of the fields ``names`` of ``group`` is no number from 0 on."""
    for name in names:
        value = getattr(group, name)
        if not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ValueError(f"{name} {value!r}: expected a number, 0 or more")
