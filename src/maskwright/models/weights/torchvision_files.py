"""torchvision's published files: identification by hash, and the corrections that torchvision applies on loading."""

from collections.abc import Callable

from torchvision.models import WeightsEnum
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights
from torchvision.ops import FrozenBatchNorm2d

from maskwright.models.weights.loading import StateDict


def hash_start(weights: WeightsEnum) -> str:
    """Return the start of the SHA-256 of the file of ``weights``, which torchvision puts into its name."""
    return weights.url.rpartition("-")[2].partition(".")[0]


def apply_torchvision_fixes(state: StateDict, sha256: str) -> StateDict:
    """Return ``state`` with the correction that torchvision applies when it loads its own weights.

    ``sha256`` is the hash of the file. The frozen norms of torchvision's first Mask R-CNN divide by the standard
    deviation without an epsilon. Nothing inside a file says so, and only the published file is known to need the
    correction; it is identified by its hash, whatever its name and whichever model it is loaded into.
    """
    if not sha256.startswith(hash_start(MaskRCNN_ResNet50_FPN_Weights.COCO_V1)):
        return state
    return norms_without_epsilon(lambda: state)


def norms_without_epsilon(download: Callable[[], StateDict]) -> StateDict:
    """Return the downloaded weights of a model without epsilon in its frozen norms, corrected for norms with epsilon.

    torchvision's first Mask R-CNN was trained so; torchvision sets the epsilon of that model to 0. Here norms add 1e-5
    to the variance, so 1e-5 is subtracted from ``running_var``.
    """
    epsilon = FrozenBatchNorm2d(1).eps
    return {key: value - epsilon if key.endswith("running_var") else value for key, value in download().items()}
