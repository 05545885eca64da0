"""RF-DETR-Seg against its publisher's package: the same weights give the same logits, boxes, masks and losses."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwright.models.catalogue import create_model
from maskwright.models.transformers.rf_detr_checkpoints import read_rf_detr
from maskwright.models.weights.transformers_names import library_names
from tests.equal_draws import equal_draws
from tests.oracles.rf_detr.drawn_objects import CORNERS, IDS, drawn_images, drawn_masks
from tests.oracles.rf_detr.drawn_weights import EVERY, STEP, drawn_image, drawn_state

FOLDER = Path(__file__).parent / "rf_detr"
RECORDED: dict[str, Any] = json.loads((FOLDER / "rfdetr.json").read_text("utf-8"))
LOSSES: dict[str, float] = json.loads((FOLDER / "losses.json").read_text("utf-8"))


def test_a_checkpoint_of_the_publisher_gives_the_publisher_s_outputs(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    torch.save({"model": drawn_state(RECORDED["shapes"]), "args": Namespace(lr=0.1)}, tmp_path / "checkpoint.pth")
    model: Any = create_model("rf_detr_seg_nano", 91, {"image_size": 312}).eval()
    model.network.load_state_dict(read_rf_detr(tmp_path / "checkpoint.pth"))  # every name and shape
    with torch.inference_mode():
        found = model.network(pixel_values=model.batch([drawn_image()]).pixels)
    outputs = {
        "logits": found.logits[0, ::EVERY, ::STEP],
        "boxes": found.pred_boxes[0, ::EVERY],
        "masks": found.pred_masks[0, ::EVERY, ::STEP, ::STEP],
    }
    for name, value in outputs.items():
        expected = torch.tensor(RECORDED["outputs"][name]).reshape(value.shape)
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()), msg=name)


def test_the_losses_of_a_training_step_are_the_publisher_s() -> None:
    """Of 13 groups of queries, the last layer, those before it and the encoder, matched at random points."""
    pytest.importorskip("transformers")
    model: Any = create_model("rf_detr_seg_nano", 91, {"image_size": 312}).train()
    model.network.load_state_dict(library_names(drawn_state(RECORDED["shapes"])))
    targets = [
        {"labels": torch.tensor(ids) + 1, "boxes": torch.tensor(corners).float(), "masks": drawn_masks(corners)}
        for ids, corners in zip(IDS, CORNERS, strict=True)
    ]
    with torch.no_grad(), equal_draws():
        losses = model(drawn_images(), targets)
    assert {name: float(value) for name, value in losses.items()} == pytest.approx(LOSSES, rel=1e-4)
