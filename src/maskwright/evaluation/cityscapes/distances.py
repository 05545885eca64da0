"""Cityscapes AP of near objects by the official rules, and the reader of the distances of objects.

The script published with the data set (``evalInstanceLevelSemanticLabeling``) can limit AP to objects of at most 100
and 50 metres. Only objects count whose distance is known with a confidence of at least 0.5 and that have at least 1000
pixels. All others are ignored, as objects below 100 pixels are in the AP of all distances. The data set itself has no
distances: the script calls them medians, with the density of the stereo measurements as confidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE
from maskwright.errors import DataError, require_file
from maskwright.evaluation.cityscapes.average_precision import instance_scores
from maskwright.evaluation.cityscapes.layout import frame_of
from maskwright.evaluation.cityscapes.matching import (
    CityscapesMatches,
    PredictedObjects,
    TrueObjects,
    match_predictions,
)


class Distance(NamedTuple):
    """The distance of an object in ``metres`` and its ``confidence``, 0 to 1; a distance below 0 metres is unknown."""

    metres: float
    confidence: float


class Limit(NamedTuple):
    """The objects that count: at most ``metres`` away, with at least that ``confidence``, of at least ``pixels``."""

    name: str
    metres: float
    confidence: float = 0.5
    pixels: int = 1000


LIMITS = (Limit("100m", 100.0), Limit("50m", 50.0))
PROTOCOL = (
    "AP of objects within 100 and 50 m: those of at least 1000 pixels whose distance is known with a confidence of at "
    "least 0.5; others are ignored"
)

# By frame, then by value of the instance image.
Distances = dict[str, dict[int, Distance]]

_UNKNOWN = Distance(-1.0, 0.0)


class _Distance(msgspec.Struct):
    distance: float
    confidence: float


class _OfficialInstance(msgspec.Struct):
    instID: int
    medDist: float = _UNKNOWN.metres
    distConf: float = _UNKNOWN.confidence


_decoder = msgspec.json.Decoder(dict[str, dict[str, _Distance | list[_OfficialInstance]]])


def read_distances(path: Path) -> Distances:
    """Read the distances in the JSON file at ``path``, by frame and instance id.

    The file is ``{frame: {instance id: {"distance": metres, "confidence": 0..1}}}``, or the ``gtInstances.json`` of the
    official script, with its ``medDist`` and ``distConf``. A frame may be given as any path whose file name begins with
    it.

    Raises ``UsageError`` when there is no such file. Raises ``DataError``, which names the entry, for what is no frame,
    no instance id or no distance, and for a frame that occurs twice.
    """
    try:
        content = _decoder.decode(require_file(path, "distances").read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f'{path}: holds no distances ({error}); expected {{"<city>_<sequence>_<frame>": {{"26001": {{"distance": '
            '12.5, "confidence": 0.9}}}, in metres, or the gtInstances.json of the official script. Correct it.'
        ) from error
    distances: Distances = {}
    for name, entries in content.items():
        frame = frame_of(name.replace("\\", "/").rpartition("/")[2])
        if frame is None:
            raise DataError(f"{path}: '{name}' is no frame; expected <city>_<sequence>_<frame>. Correct the name.")
        if frame in distances:
            raise DataError(f"{path}: two entries are both of {frame}; expected one. Merge them.")
        distances[frame] = dict(_entries(entries, f"{path}: {frame}"))
    return distances


def outside_limit(truth: TrueObjects, limit: Limit, distances: Mapping[int, Distance]) -> npt.NDArray[np.bool_]:
    """Return which objects and regions ``(G,)`` do not count within ``limit``; ``distances`` are by instance id."""
    known = [distances.get(int(value), _UNKNOWN) for value in truth.ids]
    metres, confidence = np.array(known, np.float64).reshape(-1, 2).T
    return (truth.pixels < limit.pixels) | (metres > limit.metres) | (confidence < limit.confidence)


def match_within_limits(
    truth: TrueObjects, predictions: PredictedObjects, distances: Mapping[int, Distance]
) -> dict[str, CityscapesMatches]:
    """Return the matches of one image's predictions by name of the limit; ``distances`` are by instance id."""
    return {
        limit.name: match_predictions(truth, predictions, outside_limit(truth, limit, distances)) for limit in LIMITS
    }


def count_without_distance(truth: TrueObjects, distances: Mapping[int, Distance]) -> int:
    """Count the objects of an image whose distance is unknown: absent or below 0 metres."""
    objects = truth.ids[truth.ids >= FIRST_INSTANCE]
    return sum(distances.get(int(value), _UNKNOWN).metres < 0 for value in objects)


def add_distance_scores(
    scores: Mapping[str, Any], matches_by_limit: Mapping[str, Sequence[CityscapesMatches]]
) -> dict[str, Any]:
    """Return ``scores`` with the AP within each limit added; ``matches_by_limit`` holds the matches of all images.

    For a limit such as ``50m`` there are ``AP_50m`` and ``AP50_50m``, and in each class ``objects_50m`` too.
    """
    added: dict[str, Any] = {}
    classes = {name: dict(row) for name, row in scores["classes"].items()}
    for limit, matches in matches_by_limit.items():
        found = instance_scores(matches)
        added |= {f"{key}_{limit}": found[key] for key in ("AP", "AP50")}
        for name, row in found["classes"].items():
            classes[name] |= {f"{key}_{limit}": row[key] for key in ("AP", "AP50", "objects")}
    return {**scores, **added, "classes": classes, "protocol": f"{scores['protocol']}; {PROTOCOL}"}


def _entries(entries: Mapping[str, _Distance | list[_OfficialInstance]], where: str) -> Iterator[tuple[int, Distance]]:
    for name, entry in entries.items():
        if isinstance(entry, list):
            yield from ((each.instID, Distance(each.medDist, each.distConf)) for each in entry)
            continue
        if not name.isdecimal():
            raise DataError(
                f"{where}: '{name}' is no instance id; expected a value of the instanceIds file, such as 26001. "
                "Correct it."
            )
        if entry.distance < 0:
            raise DataError(
                f"{where}, instance {name}: the distance {entry.distance:g} is below 0; expected metres. Leave out "
                "objects whose distance is not known."
            )
        if not 0 <= entry.confidence <= 1:
            raise DataError(
                f"{where}, instance {name}: the confidence {entry.confidence:g} is no share; expected 0 to 1. Correct "
                "it."
            )
        yield int(name), Distance(entry.distance, entry.confidence)
