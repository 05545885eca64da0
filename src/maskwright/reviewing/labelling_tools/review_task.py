"""A suspect as labelling tools show it, and the key that comes back with the decision."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.reviewing.outlines import Ring


@dataclass(frozen=True)
class ReviewTask:
    """A suspect as a labelling tool shows it, on the image ``file_name`` of ``size`` (height, width).

    ``key`` names the suspect and its review. ``box`` is xyxy in pixels, around all outlines. ``labels`` and ``found``
    are the outer rings ``(P, 2)`` of the labels and of the detections, xy in pixels.
    """

    key: str
    file_name: str
    size: tuple[int, int]
    title: str
    correction: str
    evidence: float
    box: tuple[float, float, float, float]
    labels: Sequence[Ring]
    found: Sequence[Ring]


def review_key(numbers: Mapping[str, Any]) -> str:
    """Return what tells a review from others: 16 digits of a hash of the file, the suspects and their changes.

    ``numbers`` are those of ``suspects.json``. A decision of another review would correct another label.
    """
    content = [numbers["annotations"]["sha256"], [[e["id"], e["kind"], e["changes"]] for e in numbers["suspects"]]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
