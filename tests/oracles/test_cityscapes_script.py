"""Cityscapes scores beside the official scripts themselves, on invented frames.

They need ``pip install cityscapesscripts``; what they gave for 34 recorded data sets is in ``test_cityscapes``.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskwright.evaluation.cityscapes.matching import CLASS_OF_LABEL
from maskwright.progress import Reporter
from maskwright.workflows.scoring.score_cityscapes import score_cityscapes

official = pytest.importorskip("cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling")

VALUES = [0, 3, 7, 11, 23, 24, 26, 33, 24000, 24001, 25000, 26000, 26001, 26002, 28000, 31000, 32000, 33000]


def invented_city(folder: Path, rng: np.random.Generator, frames: int = 4) -> None:
    """Frames of blocks and predictions that are the objects, moved, halved, of another class, or out of nowhere."""
    truth, results = folder / "gtFine" / "val" / "invented", folder / "results"
    for path in (truth, results):
        path.mkdir(parents=True)
    for number in range(frames):
        frame = f"invented_{number:06d}_000019"
        ids = np.kron(rng.choice(VALUES, (6, 8)), np.ones((16, 16), np.int64)).astype(np.uint16)
        Image.fromarray(ids).save(truth / f"{frame}_gtFine_instanceIds.png")
        lines = []
        for position, value in enumerate([each for each in np.unique(ids) if each >= 1000] * 2):
            mask = np.roll(ids == value, tuple(rng.integers(-3, 4, 2)), (0, 1))
            mask &= rng.random(ids.shape) < rng.choice([0.5, 0.95, 1.0])
            Image.fromarray(mask.astype(np.uint8)).save(results / f"{frame}_{position}.png")
            label = value // 1000 if rng.random() < 0.8 else rng.choice(list(CLASS_OF_LABEL))
            lines.append(f"{frame}_{position}.png {label} {rng.choice([0.1, 0.5, 0.9])}\n")
        (results / f"{frame}.txt").write_text("".join(lines), encoding="utf-8")


def official_scores(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> dict[str, Any]:
    """The averages of the script; ``more`` are settings of it."""
    # NumPy 2.4 has no in1d any more, and the script's JSON dump knows no NumPy numbers.
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    monkeypatch.setattr(official, "writeDict2JSON", lambda *_: None)
    settings = {"predictionPath": str(folder / "results"), "predictionWalk": None, "gtInstancesFile": ""}
    for name, value in (settings | {"JSONOutput": False, "quiet": True} | more).items():
        monkeypatch.setattr(official.args, name, value)
    truth = [str(path) for path in sorted(folder.glob("gtFine/val/*/*_instanceIds.png"))]
    predictions = [official.getPrediction(path, official.args) for path in truth]
    return official.evaluateImgLists(predictions, truth, official.args)["averages"]


@pytest.mark.parametrize("seed", range(5))
def test_instances_equal_the_script(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    invented_city(tmp_path, np.random.default_rng(seed))
    theirs = official_scores(tmp_path, monkeypatch)
    ours = score_cityscapes(tmp_path, tmp_path / "results", workers=1, reporter=Reporter(quiet=True)).scores
    assert ours["AP"] == pytest.approx(theirs["allAp"], abs=1e-12)
    assert ours["AP50"] == pytest.approx(theirs["allAp50%"], abs=1e-12)
    for name, row in ours["classes"].items():
        assert same(row["AP"], theirs["classes"][name]["ap"]), name
        assert same(row["AP50"], theirs["classes"][name]["ap50%"]), name


def same(ours: float | None, theirs: float) -> bool:
    return math.isnan(theirs) if ours is None else math.isclose(ours, theirs, rel_tol=0, abs_tol=1e-12)


def write_distances(folder: Path, rng: np.random.Generator) -> tuple[Path, Path]:
    """Distances of the objects and groups of :func:`invented_city`, for the script and by frame and instance id."""
    theirs = official.instances2dict([str(path) for path in sorted(folder.glob("gtFine/val/*/*_instanceIds.png"))])
    ours: dict[str, dict[str, Any]] = {}
    for path, labels in theirs.items():
        known = ours.setdefault(Path(path).name.removesuffix("_gtFine_instanceIds.png"), {})
        for each in (each for instances in labels.values() for each in instances):
            # On the limits and beside them; some have none, which is what the script's own file says of all.
            if rng.random() < 0.9:
                each["medDist"] = float(rng.choice([3.5, 49.9, 50.0, 50.1, 100.0, 100.1]))
                each["distConf"] = float(rng.choice([0.3, 0.5, 0.8, 1.0]))
                known[str(each["instID"])] = {"distance": each["medDist"], "confidence": each["distConf"]}
    paths = folder / "gtInstances.json", folder / "distances.json"
    for path, content in zip(paths, (theirs, ours), strict=True):
        path.write_text(json.dumps(content), encoding="utf-8")
    return paths


@pytest.mark.parametrize("seed", range(5))
def test_near_objects_equal_the_script(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    invented_city(tmp_path, rng, frames=8)
    paths = write_distances(tmp_path, rng)
    theirs = official_scores(tmp_path, monkeypatch, gtInstancesFile=str(paths[0]), distanceAvailable=True)
    keys = {"AP_100m": "100m", "AP_50m": "50m", "AP50_50m": "50%50m", "AP": "", "AP50": "50%"}
    for path in paths:
        ours = score_cityscapes(
            tmp_path, tmp_path / "results", distances=path, workers=1, reporter=Reporter(quiet=True)
        ).scores
        for key, name in keys.items():
            assert same(ours[key], theirs[f"allAp{name}"]), key
            for label, row in ours["classes"].items():
                assert same(row[key], theirs["classes"][label][f"ap{name}"]), (key, label)
        # Not three times one number.
        assert len({ours["AP"], ours["AP_100m"], ours["AP_50m"]}) == 3
