"""Class imbalance: the ratio of the largest to the smallest class, and evenness by entropy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Imbalance:
    """The imbalance of one quantity over K classes.

    ``largest`` and ``smallest`` are a class and its amount. ``smallest`` is the smallest class that has any; classes
    without are in ``absent``. ``ratio`` is largest to smallest. ``effective_classes`` is the number of equally large
    classes that would be as diverse: the exponential of the Shannon entropy H (Hill, Ecology 54, 1973). ``evenness`` is
    H / ln K, 1 when all classes are equally large (Pielou, J. Theor. Biol. 13, 1966). Absent classes count among the K;
    with a single class, ``evenness`` is None.
    """

    largest: tuple[str, int]
    smallest: tuple[str, int]
    ratio: float
    effective_classes: float
    evenness: float | None
    absent: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the fields, with the two extremes as ``{"class", "value"}``."""
        return {
            "largest": {"class": self.largest[0], "value": self.largest[1]},
            "smallest": {"class": self.smallest[0], "value": self.smallest[1]},
            "ratio": self.ratio,
            "effective_classes": self.effective_classes,
            "evenness": self.evenness,
            "absent": self.absent,
        }


def imbalance(amounts: Mapping[str, int]) -> Imbalance | None:
    """Compute the imbalance of ``amounts`` by class name; None when every class has none.

    Of equally large classes, the first is the extreme.
    """
    present = {name: amount for name, amount in amounts.items() if amount}
    if not present:
        return None
    largest, smallest = max(present, key=present.__getitem__), min(present, key=present.__getitem__)
    total = sum(present.values())
    entropy = sum(amount / total * math.log(total / amount) for amount in present.values())
    return Imbalance(
        largest=(largest, present[largest]),
        smallest=(smallest, present[smallest]),
        ratio=present[largest] / present[smallest],
        effective_classes=math.exp(entropy),
        evenness=entropy / math.log(len(amounts)) if len(amounts) > 1 else None,
        absent=[name for name, amount in amounts.items() if not amount],
    )
