"""Record the losses that the package rfdetr computes in training of drawn weights, images and objects.

Run it from the root of the repository where rfdetr 1.11.2 is installed::

    python -m tests.oracles.rf_detr.record_losses
"""

import json
from pathlib import Path

import torch
from rfdetr.config import RFDETRSegNanoConfig, SegmentationTrainConfig
from rfdetr.models.lwdetr import build_criterion_from_config, build_model_from_config

from tests.equal_draws import equal_draws
from tests.oracles.rf_detr.drawn_objects import CORNERS, IDS, drawn_images, drawn_masks
from tests.oracles.rf_detr.drawn_weights import SIDE, drawn_state
from tests.oracles.rf_detr.record import MEAN, STD

NAMES = {
    "loss_ce": "class",
    "loss_bbox": "box",
    "loss_giou": "box_iou",
    "loss_mask_ce": "mask",
    "loss_mask_dice": "dice",
}


def main() -> None:
    """Write ``losses.json`` beside this file."""
    config = RFDETRSegNanoConfig(pretrain_weights=None)
    network = build_model_from_config(config).train()
    shapes = {name: list(value.shape) for name, value in network.state_dict().items() if value.is_floating_point()}
    network.load_state_dict(drawn_state(shapes), strict=False)
    criterion, _ = build_criterion_from_config(config, SegmentationTrainConfig(dataset_dir="."))
    criterion.train()
    targets = []
    for ids, corners in zip(IDS, CORNERS, strict=True):
        first, last = (torch.tensor(corners).float() / SIDE).split(2, dim=1)
        boxes = torch.cat([(first + last) / 2, last - first], dim=1)
        targets.append({"labels": torch.tensor(ids), "boxes": boxes, "masks": drawn_masks(corners)})
    pixels = (torch.stack(drawn_images()) - MEAN[:, None, None]) / STD[:, None, None]
    with torch.no_grad(), equal_draws():
        found = criterion(network(pixels), targets)
    sums = {
        name: sum(criterion.weight_dict[key] * float(found[key]) for key in found if _kind(key) == kind)
        for kind, name in NAMES.items()
    }
    text = {name: float(f"{value:.8g}") for name, value in sums.items()}
    Path(__file__).with_name("losses.json").write_text(json.dumps(text) + "\n", encoding="utf-8")


def _kind(key: str) -> str:
    """Return the name of a loss without the layer at its end."""
    return key.removesuffix("_enc").rstrip("0123456789").rstrip("_")


if __name__ == "__main__":
    main()
