"""Record what the package rfdetr computes of drawn weights and a drawn image.

Run it from the root of the repository where rfdetr 1.11.2 is installed::

    python -m tests.oracles.rf_detr.record
"""

import json
from pathlib import Path

import torch
from rfdetr.config import RFDETRSegNanoConfig
from rfdetr.models.lwdetr import build_model_from_config

from tests.oracles.rf_detr.drawn_weights import EVERY, STEP, drawn_image, drawn_state

MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def main() -> None:
    """Write ``rfdetr.json`` beside this file."""
    network = build_model_from_config(RFDETRSegNanoConfig(pretrain_weights=None)).eval()
    shapes = {name: list(value.shape) for name, value in network.state_dict().items() if value.is_floating_point()}
    network.load_state_dict(drawn_state(shapes), strict=False)
    pixels = (drawn_image() - MEAN[:, None, None]) / STD[:, None, None]
    with torch.inference_mode():
        found = network(pixels[None])
    outputs = {
        "logits": found["pred_logits"][0, ::EVERY, ::STEP],
        "boxes": found["pred_boxes"][0, ::EVERY],
        "masks": found["pred_masks"][0, ::EVERY, ::STEP, ::STEP],
    }
    text = {
        "shapes": shapes,
        "outputs": {name: [float(f"{x:.7g}") for x in value.flatten().tolist()] for name, value in outputs.items()},
    }
    Path(__file__).with_name("rfdetr.json").write_text(json.dumps(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
