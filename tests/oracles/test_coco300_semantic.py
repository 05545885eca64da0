"""Semantic scores of 600 real label maps with ignored crowds, against NumPy over all their pixels."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.evaluation.semantic.counts import SemanticCounts
from maskwright.masks.png import read_label_map

IGNORE = 255


@pytest.fixture(scope="module", params=["train-300", "validation-300"])
def maps(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the label maps of one part, all its classes."""
    out = tmp_path_factory.mktemp("maps") / request.param
    with contextlib.chdir(shared / "data" / "coco300" / request.param):
        assert main(["masks", "labels.json", "--out", str(out), "--quiet", "--workers", "0"]) == 0
    return out


def predicted(truth: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """What an imperfect model might say: objects a few pixels off, some missed, a class or two confused."""
    found = np.roll(truth, tuple(rng.integers(-9, 10, 2)), (0, 1))
    renamed = np.arange(256, dtype=np.uint8)
    renamed[IGNORE] = 0
    labels = np.arange(1, classes)
    renamed[labels] = np.where(rng.random(len(labels)) < 0.7, labels, rng.integers(0, classes, len(labels)))
    return renamed[found]


def pairs(folder: Path, classes: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(7)
    for file in sorted(folder.glob("*.png")):
        truth = read_label_map(file)
        yield truth, predicted(truth, classes, rng)


def test_scores_equal_those_of_a_matrix_counted_by_numpy(maps: Path) -> None:
    names = ["background", *(entry["name"] for entry in json.loads((maps / "classes.json").read_text())), "nowhere"]
    counts = SemanticCounts.none(len(names))
    matrix: Any = np.zeros((len(names), len(names)), np.int64)
    ignored = 0
    for truth, prediction in pairs(maps, len(names) - 1):
        counts.add(truth, prediction, IGNORE)
        counted = truth != IGNORE
        ignored += int((~counted).sum())
        places = truth[counted].astype(np.int64) * len(names) + prediction[counted]
        matrix += np.bincount(places, minlength=len(names) ** 2).reshape(matrix.shape)
    scores = counts.scores(names)
    assert ignored > 0
    assert counts.confusion.tolist() == matrix.tolist()
    hits, true, taken = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    present = true + taken > 0
    ious = hits[present] / (true + taken - hits)[present]
    assert scores["mIoU"] == pytest.approx(ious.mean(), abs=1e-12)
    assert 0.2 < scores["mIoU"] < 0.9
    assert scores["mean_dice"] == pytest.approx((2 * hits[present] / (true + taken)[present]).mean(), abs=1e-12)
    assert scores["mean_accuracy"] == pytest.approx((hits[true > 0] / true[true > 0]).mean(), abs=1e-12)
    assert scores["pixel_accuracy"] == pytest.approx(hits.sum() / matrix.sum(), abs=1e-12)
    assert scores["classes"]["nowhere"]["IoU"] is None
