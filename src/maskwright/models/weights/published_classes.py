"""The classes of published weights in the order of their heads, without background."""

from torchvision.models import WeightsEnum
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from maskwright.annotations.cityscapes_labels import INSTANCE_LABELS

_BACKGROUND = "__background__"


def class_names(weights: WeightsEnum) -> list[str] | None:
    """Return the class names of torchvision's ``weights``; None for an ImageNet classifier.

    No model here uses the last layer of a classifier. Ids of COCO that are no class get the names "N/A 12" and so on,
    as names must not repeat.
    """
    names = weights.meta["categories"]
    if names[0] != _BACKGROUND:
        return None
    return [f"N/A {label}" if name == "N/A" else name for label, name in enumerate(names[1:], start=1)]


def coco_classes() -> dict[str, int]:
    """Return the 80 classes of COCO in order, each with its category id."""
    names = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    return {name: number for number, name in enumerate(names) if number and name != "N/A"}


def coco_category_names() -> list[str]:
    """Return a name for each id of COCO from 0 to 90; "N/A 12" and so on for ids that are no category."""
    categories = {number: name for name, number in coco_classes().items()}
    return [categories.get(number, f"N/A {number}") for number in range(max(categories) + 1)]


def cityscapes_classes() -> list[str]:
    """Return the 8 classes of Cityscapes that have instances, in order."""
    return [label.name for label in INSTANCE_LABELS]
