"""The function of the Python face: paths as text, and what it returns."""

import csv
from pathlib import Path

import cv2
import numpy as np

import maskwright as mw
from tests.reviewing.scenes import SIDE, written
from tests.reviewing.test_search import CASES


def test_suspects_and_the_page_come_back(tmp_path: Path) -> None:
    labels, predictions = written(tmp_path, CASES["missing"][0])
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((SIDE, SIDE, 3), np.uint8))
    out = tmp_path / "out"
    found = mw.review(str(labels), str(predictions), str(tmp_path), str(out), reporter=mw.Reporter(quiet=True))
    assert [each["kind"] for each in found.suspects] == ["missing"]
    assert found.page == out / "review.html"
    assert found.numbers["compared"] == "masks"
    assert [row["kind"] for row in csv.DictReader((out / "suspects.csv").read_text().splitlines())] == ["missing"]
