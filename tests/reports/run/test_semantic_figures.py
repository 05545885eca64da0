import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from maskwright.evaluation.semantic.counts import SemanticCounts
from maskwright.reports.run.semantic_figures import confusions, semantic_figures


def scores(classes):
    counts = SemanticCounts.none(classes)
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, classes, (2, 40, 40), np.uint8)
    counts.add(truth, prediction, 255)
    counts.add_details(truth, prediction, rng.random((40, 40), np.float32), 255)
    return counts.detailed_scores([f"<class {i}>" for i in range(classes)])


@pytest.mark.parametrize("classes", [1, 2, 20])
def test_up_to_twenty_classes_have_a_matrix(classes):
    found = list(semantic_figures("test", scores(classes)))
    assert [figure.name for figure in found] == ["reliability-test", "confusion-test"]
    for figure in found:
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
        assert "test split" in figure.caption
    assert confusions(scores(classes)) is None


def test_more_have_a_table():
    found = scores(21)
    assert [figure.name for figure in semantic_figures("test", found)] == ["reliability-test"]
    table = confusions(found)
    assert table is not None
    assert len(table.rows) == 20


def test_nothing_measured_draws_nothing():
    empty = SemanticCounts.none(3).detailed_scores(["background", "a", "b"])
    for nothing in ({}, empty, {"calibration": None, "confusion": None}):
        assert list(semantic_figures("test", nothing)) == []
        assert confusions(nothing) is None
