"""torchvision's published files: known by their hash, and changed as torchvision changes them when it loads them."""

import hashlib
from pathlib import Path

from torchvision.models import WeightsEnum
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

from maskwright.models.mask_rcnn import norms_without_epsilon
from maskwright.models.weights import StateDict


def hash_start(weights: WeightsEnum) -> str:
    """How the SHA-256 of the file of ``weights`` begins, which torchvision puts into its name."""
    return weights.url.rpartition("-")[2].partition(".")[0]


def file_hash(path: Path) -> str:
    """The SHA-256 of the file at ``path``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_built(state: StateDict, sha256: str) -> StateDict:
    """The tensors of the file with that hash, with what torchvision itself changes when it loads its own weights.

    The first Mask R-CNN divides by the bare deviation. Nothing in a file tells; only the published one is known by its
    hash to need it, under whatever name it lies, and for whichever network it is taken.
    """
    if not sha256.startswith(hash_start(MaskRCNN_ResNet50_FPN_Weights.COCO_V1)):
        return state
    return norms_without_epsilon(lambda: state)
