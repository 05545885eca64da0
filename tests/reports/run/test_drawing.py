import xml.etree.ElementTree as ElementTree

import pytest

from maskwright.reports.run.drawing import CURVES, FIGURES, draw_curves, draw_figure

BINS = [{"from": 0.0, "to": 1.0, "count": 3, "accuracy": 0.5, "confidence": 0.7}]
NUMBERS = {
    "classes": ({"train": {"dog": 3}}, ["dog"], 3),
    "losses": ([1, 2], {"loss": [1.0, 0.5]}),
    "scores": ([1, 2], {"mean IoU": [0.1, 0.5]}, "mean IoU"),
    "parts": ([1, 2], {"loss": [1.0, 0.5]}, {"loss": [1.0, 0.5]}, "loss"),
    "reliability": (BINS, 0.2),
    "confusion": (["background", "dog"], [[3, 1], [0, 2]]),
    "precision-recall": ({"dog": {"score": [0.9, 0.2], "precision": [1.0, 0.5], "recall": [0.5, 1.0]}}, 0.5),
}


@pytest.mark.parametrize("kind", [*CURVES, *FIGURES])
def test_each_kind_is_drawn_of_what_json_can_hold(kind, tmp_path):
    if kind in CURVES:
        svg = draw_curves(kind, *NUMBERS[kind])
    else:
        svg = draw_figure(tmp_path / kind, "a caption", kind, *NUMBERS[kind])
        assert sorted(file.suffix for file in tmp_path.iterdir()) == [".png", ".svg"]
        assert 'aria-label="a caption"' in svg
        assert draw_figure(None, "a caption", kind, *NUMBERS[kind]) == svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")
