"""Published checkpoints of Mask2Former, EoMT and SegFormer on Hugging Face's hub, with their publishers' scores.

The hub shows its commits and hashes to those who are connected to it alone. Those that are here stand in public
repositories which pin them: of SegFormer-B0 on ADE20K and of MiT-B0 in several that do not depend on each other, of
MiT-B1 and MiT-B2 in one each, of Mask2Former on Swin-tiny the commit alone. What is None is recorded at the first
download (:mod:`maskwright.models.weights.hub`).

Scores: mask AP on COCO val2017 and mIoU on ADE20K val, one scale, in percent, of Mask2Former arXiv:2112.01527, of
EoMT its model zoo, of SegFormer arXiv:2105.15203. Licences: CC BY-NC 4.0 by Mask2Former's model zoo, MIT by EoMT's
model cards, NVIDIA's by the licence file of SegFormer.
"""

from dataclasses import dataclass

from maskwright.models.entry import PublishedWeights, hub_weights
from maskwright.models.weights.ade20k_classes import ADE20K_CLASSES
from maskwright.models.weights.hub import HubFile
from maskwright.models.weights.licences import LICENCES
from maskwright.models.weights.published_classes import coco_classes


@dataclass(frozen=True)
class HubCheckpoint:
    """The published weights ``tag`` of the catalogue's ``model``, the file ``model.safetensors`` of ``repo``.

    ``revision`` and ``sha256`` are None where they are not known. ``score`` is mask AP (``coco``) or mIoU (``ade20k``)
    in percent, None for a backbone (``imagenet``).
    """

    model: str
    tag: str
    publisher: str
    licence: str
    repo: str
    score: float | None
    revision: str | None = None
    sha256: str | None = None

    @property
    def file(self) -> HubFile:
        """The file on the hub."""
        return HubFile(self.repo, self.revision, "model.safetensors", self.sha256)

    @property
    def weights(self) -> PublishedWeights:
        """The record of the catalogue, with the classes of the heads."""
        classes = {"coco": tuple(coco_classes()), "ade20k": ADE20K_CLASSES}.get(self.tag)
        return hub_weights(self.file, LICENCES[self.licence], classes)


def _mask2former(model: str, tag: str, repo: str, score: float, revision: str | None = None) -> HubCheckpoint:
    return HubCheckpoint(model, tag, "Meta", "cc-by-nc-4.0", f"facebook/{repo}", score, revision)


def _eomt(model: str, tag: str, repo: str, score: float) -> HubCheckpoint:
    return HubCheckpoint(model, tag, "TU Eindhoven", "mit", f"tue-mps/{repo}", score)


def _segformer(model: str, tag: str, repo: str, score: float | None, revision: str, sha256: str) -> HubCheckpoint:
    return HubCheckpoint(model, tag, "NVIDIA", "nvidia-source-code", f"nvidia/{repo}", score, revision, sha256)


HUB_CHECKPOINTS: tuple[HubCheckpoint, ...] = (
    _mask2former(
        "mask2former_swin_tiny", "coco", "mask2former-swin-tiny-coco-instance", 45.0,
        "22c4a2f15dc88149b8b8d9f4d42c54431fbd66f6",
    ),
    _mask2former("mask2former_swin_small", "coco", "mask2former-swin-small-coco-instance", 46.3),
    _mask2former("mask2former_swin_base", "coco", "mask2former-swin-base-coco-instance", 48.1),
    _mask2former("mask2former_swin_tiny_semantic", "ade20k", "mask2former-swin-tiny-ade-semantic", 47.7),
    _mask2former("mask2former_swin_small_semantic", "ade20k", "mask2former-swin-small-ade-semantic", 51.3),
    _mask2former("mask2former_swin_base_semantic", "ade20k", "mask2former-swin-base-ade-semantic", 53.9),
    _eomt("eomt_large", "coco", "coco_instance_eomt_large_640", 45.2),
    _eomt("eomt_large_semantic", "ade20k", "ade20k_semantic_eomt_large_512", 58.4),
    _segformer(
        "segformer_b0", "ade20k", "segformer-b0-finetuned-ade-512-512", 37.4,
        "489d5cd81a0b59fab9b7ea758d3548ebe99677da",
        "6ae39addd01de6b1b8bde2cf677d43a5cd733424b8d186de3f95d1c51fee23f9",
    ),
    _segformer(
        "segformer_b0", "imagenet", "mit-b0", None,
        "25ce79d97e6d9d509ed12e17cb2eb89b0a83a2dc",
        "3e5ad9cd1dd8ecf8305c23fcdf01ef241f08c7b2dddacb6ec7de5a887188798a",
    ),
    _segformer(
        "segformer_b1", "imagenet", "mit-b1", None,
        "44575a0572f5374ed1e5b4e46ec8276222f6ffe8",
        "4c19537dff32bbaa876174c371759ac1046c980bbf8096273bb03261429bdce1",
    ),
    _segformer(
        "segformer_b2", "imagenet", "mit-b2", None,
        "d15ed1f9ae92346f6a6067dbb490a62494ae0d28",
        "b3ad4dd552f9e1b871f46666f39187414133b861e3d07eda016600230f8a1ad6",
    ),
)  # fmt: skip


def published_on_hub(model: str) -> dict[str, PublishedWeights]:
    """Return the published weights of the catalogue's ``model`` on the hub by name; empty where there are none."""
    return {each.tag: each.weights for each in HUB_CHECKPOINTS if each.model == model}


def hub_checkpoint(model: str, tag: str) -> HubCheckpoint | None:
    """Return the checkpoint that the catalogue's ``model`` has under the name ``tag``, or None."""
    return next((each for each in HUB_CHECKPOINTS if (each.model, each.tag) == (model, tag)), None)
