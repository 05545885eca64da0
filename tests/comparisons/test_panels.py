"""Pictures of a comparison: truth and predictions drawn over the image, or why they cannot be."""

import json
from pathlib import Path

import cv2
import numpy as np

from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.instance_inputs import read_instance_inputs
from maskwright.comparisons.panels import comparison_picture, instance_overlays, semantic_overlays
from maskwright.comparisons.semantic_inputs import read_semantic_inputs
from maskwright.evaluation.coco.truth import read_truth
from maskwright.progress import Reporter
from tests.comparisons.test_semantic_inputs import folder

PIXELS = np.full((48, 64, 3), 90, np.uint8)


def test_truth_and_detections_are_drawn(coco, tmp_path: Path) -> None:
    square = [[10, 10, 20, 10, 20, 20, 10, 20]]
    records = [
        {"image_id": 1, "category_id": 1, "score": score, "segmentation": [[x, 30, x + 9, 30, x + 9, 39, x, 39]]}
        for score, x in ((0.9, 5), (0.2, 45))
    ]
    (tmp_path / "found.json").write_text(json.dumps(records))
    truth = read_truth(coco({"segmentation": square}))
    entrant = Entrant("one", (tmp_path / "found.json",))
    inputs = read_instance_inputs(truth, [entrant], {tmp_path / "found.json": tmp_path / "found.json"})
    inputs.truth.draw_masks()
    true, found = instance_overlays(inputs, 0, 0.5)(PIXELS)
    assert (true[15, 15] != 90).any()
    assert (found[34, 9] != 90).any()
    assert (found[36, 52] == 90).all()  # below the score
    assert (found[5, 5] == 90).all()


def test_label_maps_are_drawn_in_the_classes_of_the_comparison(tmp_path: Path) -> None:
    truth = folder(tmp_path / "truth", ["dog"], [[0, 1, 1]])
    found = folder(tmp_path / "found", ["cat", "dog"], [[2, 0, 1]])
    inputs = read_semantic_inputs(truth, [Entrant("one", (found,))], {found: found}, Reporter(quiet=True))
    pixels = np.full((1, 3, 3), 90, np.uint8)
    true, predicted = semantic_overlays(inputs, [found], 0)(pixels)
    assert (true[0, 0] == 90).all()
    assert (true[0, 1] != 90).any()
    assert (predicted[0, 0] != 90).any()
    assert (predicted[0, 1] == 90).all()


def test_an_image_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), PIXELS)
    shown = comparison_picture(tmp_path / "a.png", "a", lambda pixels: [pixels, pixels], ["one"])
    assert shown.uri.startswith("data:image/webp;base64,")
    assert shown.fault == ""
    missing = comparison_picture(tmp_path / "b.png", "b", lambda pixels: [pixels, pixels], ["one"])
    assert missing.uri == ""
    assert "cannot be shown" in missing.fault
