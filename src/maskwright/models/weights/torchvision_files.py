"""torchvision's published files: known by their hash, and changed as torchvision changes them when it loads them."""

from collections.abc import Callable

from torchvision.models import WeightsEnum
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights
from torchvision.ops import FrozenBatchNorm2d

from maskwright.models.weights.loading import StateDict


def hash_start(weights: WeightsEnum) -> str:
    """How the SHA-256 of the file of ``weights`` begins, which torchvision puts into its name."""
    return weights.url.rpartition("-")[2].partition(".")[0]


def apply_torchvision_fixes(state: StateDict, sha256: str) -> StateDict:
    """The tensors of the file with that hash, with what torchvision itself changes when it loads its own weights.

    The first Mask R-CNN divides by the bare deviation. Nothing in a file tells; only the published one is known by its
    hash to need it, under whatever name it lies, and for whichever network it is taken.
    """
    if not sha256.startswith(hash_start(MaskRCNN_ResNet50_FPN_Weights.COCO_V1)):
        return state
    return norms_without_epsilon(lambda: state)


def norms_without_epsilon(download: Callable[[], StateDict]) -> StateDict:
    """The downloaded weights of a network whose frozen norms divide by the bare deviation, for ours, which add 1e-5.

    torchvision's first Mask R-CNN was trained so, and torchvision sets the epsilon of these weights' network to 0.
    """
    epsilon = FrozenBatchNorm2d(1).eps
    return {key: value - epsilon if key.endswith("running_var") else value for key, value in download().items()}
