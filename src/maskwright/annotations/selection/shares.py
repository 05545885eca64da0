"""The share of each class that each part of a split holds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Deviation(NamedTuple):
    """The deviation of a class's ``share`` in a part from the share that was ``asked``; both are fractions of 1."""

    name: str
    part: str
    share: float
    asked: float

    @property
    def points(self) -> float:
        """The absolute deviation in percentage points."""
        return round(100 * abs(self.share - self.asked), 9)

    def to_json(self) -> dict[str, Any]:
        """Return ``{"class", "part", "share", "asked", "points"}``."""
        return {
            "class": self.name,
            "part": self.part,
            "share": self.share,
            "asked": self.asked,
            "points": self.points,
        }


@dataclass(frozen=True)
class ClassShares:
    """The images and instances of each class in each part of a split.

    ``images`` and ``instances`` are int64 ``(K + 1, P)`` for K classes and P parts; the last row is images without
    objects. ``names`` are the classes and ``parts`` the parts. ``asked`` is the share of each part (sums to 1) and
    ``sizes`` its number of images. Crowd regions are not instances.
    """

    names: list[str]
    parts: list[str]
    asked: list[float]
    sizes: list[int]
    images: npt.NDArray[np.int64]
    instances: npt.NDArray[np.int64]

    @property
    def least_images(self) -> int:
        """The fewest images of a class of which every part is due one; a class with fewer cannot keep its shares."""
        return math.ceil(1 / min(self.asked) - 1e-9)

    def deviations(self, of: str) -> list[Deviation]:
        """Return the deviations for every part and every class with at least ``least_images`` images.

        ``of`` is ``images`` or ``instances``.
        """
        counts = self.images if of == "images" else self.instances
        return [
            Deviation(name, part, float(counts[k, p] / counts[k].sum()), self.asked[p])
            for k, name in enumerate(self.names)
            if self.images[k].sum() >= self.least_images
            for p, part in enumerate(self.parts)
        ]

    def absent(self) -> dict[str, list[str]]:
        """Return, by part, the classes that have images but none in that part."""
        present = self.images.sum(axis=1) > 0
        return {
            part: [name for k, name in enumerate(self.names) if present[k] and not self.images[k, p]]
            for p, part in enumerate(self.parts)
        }

    def to_json(self) -> dict[str, Any]:
        """Return ``{"classes": {name: counts}, "without_objects": counts, "deviation", "absent": {part: [name]}}``."""
        rows = [self._row(k) for k in range(len(self.images))]
        return {
            "classes": dict(zip(self.names, rows, strict=False)),
            "without_objects": rows[-1],
            "deviation": {
                "least_images": self.least_images,
                **{of: _summary(self.deviations(of)) for of in ("images", "instances")},
            },
            "absent": self.absent(),
        }

    def _row(self, k: int) -> dict[str, Any]:
        images, instances = int(self.images[k].sum()), int(self.instances[k].sum())
        return {
            "images": images,
            "instances": instances,
            "parts": {
                part: {
                    "images": int(self.images[k, p]),
                    "instances": int(self.instances[k, p]),
                    "images_share": float(self.images[k, p] / images) if images else None,
                    "instances_share": float(self.instances[k, p] / instances) if instances else None,
                }
                for p, part in enumerate(self.parts)
            },
        }


def class_shares(
    names: Sequence[str],
    counts: Mapping[int, Mapping[int, int]],
    parts: Mapping[str, Sequence[int]],
    ratios: Sequence[float],
) -> ClassShares:
    """Return the class shares of ``parts``, the image ids by part name.

    ``counts`` gives, for every image id, the number of instances by class position in ``names``. ``ratios`` are the
    sizes of the parts that were asked for, in any unit.
    """
    images = np.zeros((len(names) + 1, len(parts)), np.int64)
    instances = np.zeros_like(images)
    for p, ids in enumerate(parts.values()):
        for image_id in ids:
            for k, count in (counts[image_id] or {len(names): 0}).items():
                images[k, p] += 1
                instances[k, p] += count
    asked = [float(ratio) / sum(ratios) for ratio in ratios]
    return ClassShares(list(names), list(parts), asked, [len(ids) for ids in parts.values()], images, instances)


def _summary(deviations: Sequence[Deviation]) -> dict[str, Any] | None:
    if not deviations:
        return None
    worst = max(deviations, key=lambda deviation: deviation.points)
    return {
        "mean_points": sum(deviation.points for deviation in deviations) / len(deviations),
        "worst": worst.to_json(),
        "classes": len({deviation.name for deviation in deviations}),
    }
