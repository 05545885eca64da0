"""How the classes of a file are shared out among its parts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Deviation(NamedTuple):
    """How far the ``share`` of a class in a part is from what was ``asked``; fractions of 1."""

    name: str
    part: str
    share: float
    asked: float

    @property
    def points(self) -> float:
        """The distance in percentage points."""
        return round(100 * abs(self.share - self.asked), 9)

    def to_json(self) -> dict[str, Any]:
        """``{"class", "part", "share", "asked", "points"}``."""
        return {
            "class": self.name,
            "part": self.part,
            "share": self.share,
            "asked": self.asked,
            "points": self.points,
        }


@dataclass(frozen=True)
class ClassShares:
    """Images and instances ``(K + 1, P)`` of each class in each of P parts; the last row is images without objects.

    ``names`` are the K classes, ``parts`` the P parts, ``asked`` the share of each part (adding up to 1) and ``sizes``
    its number of images. Crowd regions are no instances.
    """

    names: list[str]
    parts: list[str]
    asked: list[float]
    sizes: list[int]
    images: npt.NDArray[np.int64]
    instances: npt.NDArray[np.int64]

    @property
    def least_images(self) -> int:
        """The fewest images of a class of which every part is due one: below it no split can keep the shares."""
        return math.ceil(1 / min(self.asked) - 1e-9)

    def deviations(self, of: str) -> list[Deviation]:
        """Of ``images`` or ``instances``, for every part and every class with at least ``least_images`` images."""
        counts = self.images if of == "images" else self.instances
        return [
            Deviation(name, part, float(counts[k, p] / counts[k].sum()), self.asked[p])
            for k, name in enumerate(self.names)
            if self.images[k].sum() >= self.least_images
            for p, part in enumerate(self.parts)
        ]

    def absent(self) -> dict[str, list[str]]:
        """By part, the classes that have images, but none in that part."""
        present = self.images.sum(axis=1) > 0
        return {
            part: [name for k, name in enumerate(self.names) if present[k] and not self.images[k, p]]
            for p, part in enumerate(self.parts)
        }

    def to_json(self) -> dict[str, Any]:
        """``{"classes": {name: counts}, "without_objects": counts, "deviation": …, "absent": {part: [name]}}``."""
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
    """The shares of the image ids of ``parts``; ``counts`` gives the instances by class position for every image."""
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
