"""Options of Mask R-CNN and its variants in groups; a recipe names the options without the groups.

A group raises ``ValueError`` for values out of range. ``trainable_layers`` is checked where the backbone is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, cast


@dataclass(frozen=True, kw_only=True)
class Resizing:
    """The input size: the short side has ``short_side`` pixels, and the long side at most ``longest``."""

    short_side: int = 800
    longest: int = 1333

    def __post_init__(self) -> None:
        _require_positive(self, "short_side", "longest")


@dataclass(frozen=True, kw_only=True)
class BackboneTraining:
    """Training of the backbone: the last ``trainable_layers`` of its five parts are trained (0: none).

    ``frozen_norm`` replaces its BatchNorm by layers with fixed statistics and scales. ``norm_momentum`` is the momentum
    of the running statistics; None keeps the backbone's own.
    """

    frozen_norm: bool = False
    norm_momentum: float | None = None
    trainable_layers: int = 5


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The version and the widths of pyramid and heads.

    ``version`` 2 is torchvision's second: normalised pyramid and heads, a deeper box head and proposal network (Li et
    al. 2021, arXiv:2111.11429). ``path_aggregation`` builds PANet's pyramid, pooling and heads. ``mask_scoring`` adds a
    head that predicts the IoU of each mask, by which scores are multiplied. ``pyramid_channels``, ``box_features`` and
    ``mask_channels`` are the widths of the pyramid, of the box head and of the mask head's convolutions.

    With ``aligned``, RoI pooling, mask targets and pasting take the value of a pixel to be at its centre, as Detectron2
    does. Without it they are torchvision's, which are half a pixel off: its published weights are trained so, and
    earlier model files. ``class_agnostic_boxes`` and ``class_agnostic_masks`` build one box regressor and one mask for
    all classes together.
    """

    version: int = 1
    path_aggregation: bool = False
    mask_scoring: bool = False
    aligned: bool = False
    class_agnostic_boxes: bool = False
    class_agnostic_masks: bool = False
    pyramid_channels: int = 256
    box_features: int = 1024
    mask_channels: Sequence[int] = (256, 256, 256, 256)

    def __post_init__(self) -> None:
        if self.version not in (1, 2) or (self.version == 2 and self.path_aggregation):
            raise ValueError(f"version {self.version}: expected 1 or 2, and 1 with path_aggregation")
        _require_positive(self, "pyramid_channels", "box_features", "mask_channels")


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """Box stages: one for each of ``cascade_ious``, such as 0.5, 0.6 and 0.7; without them there is one box branch.

    A stage takes a proposal for an object from its IoU on. ``stage_weights`` multiply the losses of the stages. With
    ``scaled_gradients``, the gradients that reach the pyramid from the box stages are divided by their number, as in
    Detectron2.
    """

    cascade_ious: Sequence[float] = ()
    stage_weights: Sequence[float] = (1.0, 0.5, 0.25)
    scaled_gradients: bool = True

    def __post_init__(self) -> None:
        ious, weights = list(self.cascade_ious), list(self.stage_weights)
        if ious and (len(weights) != len(ious) or ious != sorted(ious)):
            raise ValueError(
                f"cascade_ious {ious} with stage_weights {weights}: expected rising overlaps, as many weights"
            )


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The anchors: one of ``anchor_sizes``, in pixels of the resized image, for each of the five pyramid levels.

    ``aspect_ratios`` are height over width. In training an anchor is an object from the second of ``anchor_ious`` on,
    as is the best anchor of each object, and background below the first. The losses are computed on
    ``anchors_per_image`` sampled anchors.
    """

    anchor_sizes: Sequence[int] = (32, 64, 128, 256, 512)
    aspect_ratios: Sequence[float] = (0.5, 1.0, 2.0)
    anchors_per_image: int = 256
    anchor_ious: tuple[float, float] = (0.3, 0.7)

    def __post_init__(self) -> None:
        _require_positive(self, "anchor_sizes", "aspect_ratios", "anchors_per_image")
        if len(self.anchor_sizes) != 5:
            raise ValueError(
                f"anchor_sizes {list(self.anchor_sizes)}: expected five, one for each level of the pyramid"
            )
        if list(self.anchor_ious) != sorted(self.anchor_ious) or len(self.anchor_ious) != 2:
            raise ValueError(f"anchor_ious {list(self.anchor_ious)}: expected two, the lower first")


@dataclass(frozen=True, kw_only=True)
class ProposalLimits:
    """The number of proposals that are kept: of each level before suppression, and of the image after it.

    ``proposals_train`` holds in training, ``proposals_test`` in prediction. ``proposal_nms`` is the IoU above which the
    proposal with the lower score is dropped.
    """

    proposals_train: int = 2000
    proposals_test: int = 1000
    proposal_nms: float = 0.7

    def __post_init__(self) -> None:
        _require_positive(self, "proposals_train", "proposals_test")
        _require_shares(self, "proposal_nms")


@dataclass(frozen=True, kw_only=True)
class RoiSampling:
    """The proposals on which the heads are trained: ``rois_per_image``, of which at most a share are objects.

    The share is ``positive_rois``. A proposal is an object from IoU ``roi_iou`` on; a cascade has IoU thresholds of its
    own instead. With ``masks_on_predicted_boxes`` the mask head is trained on the boxes that the box head makes of the
    proposals, as in prediction, and not on the proposals (Detectron2's ``TRAIN_ON_PRED_BOXES``).
    """

    rois_per_image: int = 512
    positive_rois: float = 0.25
    roi_iou: float = 0.5
    masks_on_predicted_boxes: bool = False

    def __post_init__(self) -> None:
        _require_positive(self, "rois_per_image")
        _require_shares(self, "positive_rois", "roi_iou")


@dataclass(frozen=True, kw_only=True)
class DetectionLimits:
    """The detections that are kept: at most ``detections`` of an image, with scores above ``score_threshold``.

    ``nms_threshold`` is the IoU above which the detection of a class with the lower score is dropped.
    """

    detections: int = 100
    score_threshold: float = 0.05
    nms_threshold: float = 0.5

    def __post_init__(self) -> None:
        _require_positive(self, "detections")
        _require_shares(self, "score_threshold", "nms_threshold")


@dataclass(frozen=True)
class MaskRCNNOptions:
    """All groups of options together."""

    resizing: Resizing
    backbone: BackboneTraining
    architecture: Architecture
    cascade: Cascade
    anchors: Anchors
    proposals: ProposalLimits
    sampling: RoiSampling
    kept: DetectionLimits

    @classmethod
    def from_flat(cls, **options: Any) -> Self:
        """Return the groups filled from the ``options`` of a recipe; options that are not given have their defaults.

        Raises ``TypeError`` for a name that is in no group, ``ValueError`` for values that are out of range or exclude
        each other.
        """
        groups: dict[str, Any] = {}
        for each in fields(cls):
            group = cast("type[Any]", each.type)
            names = [option.name for option in fields(group) if option.name in options]
            groups[each.name] = group(**{name: options.pop(name) for name in names})
        if options:
            raise TypeError(f"unknown options: {', '.join(options)}")
        return cls(**groups)


OPTION_GROUPS: tuple[type[Any], ...] = tuple(cast("type[Any]", each.type) for each in fields(MaskRCNNOptions))


def _require_positive(group: object, *names: str) -> None:
    """Raise ``ValueError`` when one of the fields ``names`` of ``group``, or an item of it, is not above 0."""
    for name in names:
        value = getattr(group, name)
        several = value if isinstance(value, Sequence) else [value]
        if not several or min(several) <= 0:
            raise ValueError(f"{name} {value}: expected above 0")


def _require_shares(group: object, *names: str) -> None:
    """Raise ``ValueError`` when one of the fields ``names`` of ``group`` is outside 0 to 1."""
    for name in names:
        value = getattr(group, name)
        if not 0 <= value <= 1:
            raise ValueError(f"{name} {value}: expected from 0 to 1")
