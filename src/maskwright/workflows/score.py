"""Score the prediction files of any tool: one function for each kind, and one that takes the kind by name."""

from pathlib import Path
from typing import Any

from maskwright.errors import unknown_name
from maskwright.workflows.scoring.score_cityscapes import CityscapesScores, score_cityscapes
from maskwright.workflows.scoring.score_instance import InstanceScores, score_instance
from maskwright.workflows.scoring.score_panoptic import PanopticScores, score_panoptic
from maskwright.workflows.scoring.score_semantic import SemanticScores, score_semantic

Summary = InstanceScores | SemanticScores | PanopticScores | CityscapesScores
KINDS = {
    "instance": score_instance,
    "semantic": score_semantic,
    "panoptic": score_panoptic,
    "cityscapes": score_cityscapes,
}


def score(kind: str, truth: str | Path, predictions: str | Path, **options: Any) -> Summary:
    """Score prediction files of any tool against the truth.

    Args:
        kind: ``instance`` (COCO AP and AR), ``semantic`` (IoU, Dice), ``panoptic`` (PQ, SQ, RQ) or ``cityscapes`` (AP
            by its official rules).
        truth: The COCO JSON file, the folder of label maps, the panoptic JSON file, or the folder that holds
            ``gtFine``.
        predictions: The COCO results file, the folder of label maps, the panoptic JSON file, or the folder of
            Cityscapes results.
        **options: Keyword arguments of :func:`~maskwright.workflows.scoring.score_instance.score_instance`,
            :func:`~maskwright.workflows.scoring.score_semantic.score_semantic`,
            :func:`~maskwright.workflows.scoring.score_panoptic.score_panoptic` or
            :func:`~maskwright.workflows.scoring.score_cityscapes.score_cityscapes`.

    Returns:
        The ``scores``, as ``--json`` prints them, and ``remarks`` on what was rejected.

    Raises:
        UsageError: The kind or an option is unknown, or a file or folder is missing.
        DataError: No record can be scored, or predictions are missing, of another size or of unknown classes.

    Example:
        >>> import maskwright as mw
        >>> for name in ("truth", "predictions"):
        ...     drawn = mw.draw_masks("labels.json", name)
        >>> mw.score("semantic", "truth", "predictions").scores["mIoU"]
        1.0
    """
    if kind not in KINDS:
        raise unknown_name("kind of score", kind, KINDS)
    return KINDS[kind](truth, predictions, **options)
