"""A small invented street in Cityscapes' layout, and what the official script says about predictions for it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

SIZE = (48, 64)
FRAMES = ("aachen_000000_000019", "aachen_000001_000019")


def box(rng: np.random.Generator) -> tuple[slice, slice]:
    """A rectangle of 4 to 400 pixels, about as often below 100 as above."""
    height, width = rng.integers(2, 21, 2)
    top, left = rng.integers(0, SIZE[0] - height), rng.integers(0, SIZE[1] - width)
    return slice(top, top + height), slice(left, left + width)


def street(rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    """An instance image: road, void, groups, and objects of scored and ignored classes over each other."""
    ids = np.full(SIZE, 7, np.uint16)
    for _ in range(rng.integers(0, 4)):
        ids[box(rng)] = rng.choice([0, 3, 24, 26, 29])
    for number in range(rng.integers(0, 9)):
        ids[box(rng)] = 1000 * rng.choice([24, 26, 29, 33]) + number
    return ids


def masks(rng: np.random.Generator, ids: npt.NDArray[np.uint16]) -> list[tuple[npt.NDArray[np.uint8], int, float]]:
    """Predictions: objects shifted a little or not at all, regions, boxes anywhere and empty masks; scores tie."""
    found = []
    for value in rng.choice(np.unique(ids), rng.integers(0, 7)):
        mask = np.roll(ids == value, tuple(rng.integers(-2, 3, 2)), (0, 1))
        found.append((mask, int(value) // 1000 or int(value)))
    for _ in range(rng.integers(0, 3)):
        mask = np.zeros(SIZE, np.bool_)
        mask[box(rng)] = rng.random() < 0.9
        found.append((mask, int(rng.choice([24, 26, 29, 33]))))
    return [(mask.astype(np.uint8) * 255, label, float(rng.choice([0.3, 0.5, rng.random()]))) for mask, label in found]


def write_city(folder: Path, rng: np.random.Generator) -> None:
    """``gtFine/val/aachen`` and ``results`` of two frames in ``folder``."""
    truth, results = folder / "gtFine" / "val" / "aachen", folder / "results"
    for path in (truth, results / "masks"):
        path.mkdir(parents=True)
    for frame in FRAMES:
        ids = street(rng)
        Image.fromarray(ids).save(truth / f"{frame}_gtFine_instanceIds.png")
        lines = []
        for number, (mask, label, score) in enumerate(masks(rng, ids)):
            Image.fromarray(mask).save(results / "masks" / f"{frame}_{number}.png")
            lines.append(f"masks/{frame}_{number}.png {label} {score}\n")
        (results / f"{frame}_pred.txt").write_text("".join(lines), encoding="utf-8")


def official_scores(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, Any] | None:
    """The averages of the official script for :func:`write_city`; None where it fails as it does on ignored ones."""
    script = pytest.importorskip("cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling")
    patch.setattr(np, "in1d", np.isin, raising=False)  # gone from NumPy 2.4, on which the script relies
    patch.setattr(script, "writeDict2JSON", lambda *_: None)
    patch.setattr(script, "args", script.CArgs())
    settings = {
        "overlaps": np.arange(0.5, 1.0, 0.05),
        "minRegionSizes": np.array([100, 1000, 1000]),
        "distanceThs": np.array([np.inf, 100, 50]),
        "distanceConfs": np.array([-np.inf, 0.5, 0.5]),
        "distanceAvailable": False,
        "gtInstancesFile": "",
        "JSONOutput": False,
        "quiet": True,
        "instLabels": [],
        "predictionPath": str((folder / "results").resolve()),
        "predictionWalk": None,
    }
    for name, value in settings.items():
        setattr(script.args, name, value)
    truth = sorted(str(path.resolve()) for path in folder.glob("gtFine/val/*/*_instanceIds.png"))
    predictions = [script.getPrediction(path, script.args) for path in truth]
    try:
        with np.errstate(all="ignore"):
            return script.evaluateImgLists(predictions, truth, script.args)["averages"]
    except IndexError:
        return None
