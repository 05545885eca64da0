"""The classes of published weights, in the order of their heads and without the background."""

from torchvision.models import WeightsEnum
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS

_BACKGROUND = "__background__"


def class_names(weights: WeightsEnum) -> list[str] | None:
    """The classes of torchvision's ``weights``; None for a backbone's, whose last layer no model here has.

    COCO's ids that are no class get a name each, as none repeats.
    """
    names = weights.meta["categories"]
    if names[0] != _BACKGROUND:
        return None
    return [f"N/A {label}" if name == "N/A" else name for label, name in enumerate(names[1:], start=1)]


def coco_classes() -> dict[str, int]:
    """The 80 classes of COCO in order, each with its id in COCO's files."""
    names = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    return {name: number for number, name in enumerate(names) if number and name != "N/A"}


def cityscapes_classes() -> list[str]:
    """The 8 classes of Cityscapes that have instances, in order."""
    return [label.name for label in INSTANCE_LABELS]
