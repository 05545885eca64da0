"""torchvision's published checkpoints, and the recognition of the catalogue model that a file belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torchvision.models import WeightsEnum, get_model_weights
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights, MaskRCNN_ResNet50_FPN_Weights

from maskwright.errors import UsageError
from maskwright.models import catalogue

State = Mapping[str, torch.Tensor]
# The batch counter of BatchNorm, which frozen layers do not have and predictions do not need.
_COUNTER = "num_batches_tracked"


@dataclass(frozen=True)
class TorchvisionMatch:
    """The catalogue model in which every tensor of a file has its place.

    ``classes`` counts the classes without background, ``options`` are the model's. ``weights`` are the tensors under
    the model's keys.
    """

    model: str
    classes: int
    options: dict[str, Any]
    weights: dict[str, torch.Tensor]


def published_checkpoints() -> dict[str, WeightsEnum]:
    """Return the weights of whole models that torchvision publishes, by the model's name in the catalogue."""
    found: dict[str, WeightsEnum] = {
        "mask_rcnn_resnet50_fpn": MaskRCNN_ResNet50_FPN_Weights.COCO_V1,
        "mask_rcnn_resnet50_fpn_v2": MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
    }
    for entry in catalogue.MODELS.values():
        if entry.task == "semantic" and "coco" in entry.published:
            found[entry.name] = get_model_weights(entry.name).DEFAULT  # type: ignore[attr-defined]
    return {name: weights for name, weights in found.items() if name in catalogue.MODELS}


def match_torchvision_model(state: State) -> TorchvisionMatch | None:
    """Return the model whose keys and shapes are exactly those of ``state``, or None.

    Batch counters of BatchNorm are not compared.
    """
    given = {name: value for name, value in state.items() if not name.endswith(_COUNTER)}
    for name in published_checkpoints():
        classes = _classes(given, name)
        if classes is None:
            continue
        semantic = catalogue.find_model(name).task == "semantic"
        prefix = "network." if semantic else ""
        options = {"auxiliary": True} if any(key.startswith("aux_classifier.") for key in given) else {}
        try:
            with torch.device("meta"):
                own = catalogue.create_model(name, classes, options).state_dict()
        except UsageError:
            continue
        shapes = {key: value.shape for key, value in own.items() if not key.endswith(_COUNTER)}
        if shapes == {prefix + key: value.shape for key, value in given.items()}:
            counters = {key: torch.zeros((), dtype=torch.int64) for key in own if key.endswith(_COUNTER)}
            return TorchvisionMatch(
                name, classes, options, counters | {prefix + key: value for key, value in given.items()}
            )
    return None


def _classes(state: State, name: str) -> int | None:
    """Return the number of classes of the last layer in ``state`` of a model like ``name``; None without that layer."""
    layers = ["roi_heads.box_predictor.cls_score.bias"]
    if catalogue.find_model(name).task == "semantic":
        layers = ["classifier.4.bias", "classifier.low_classifier.bias"]
    return next((len(state[layer]) - 1 for layer in layers if layer in state), None)
