"""Scores for predictions of any tool: one function a kind, and one that takes the kind by name."""

from pathlib import Path
from typing import Any

from maskwright.errors import unknown_name
from maskwright.workflows.score_cityscapes import CityscapesScores, score_cityscapes
from maskwright.workflows.score_instance import InstanceScores, score_instance
from maskwright.workflows.score_semantic import SemanticScores, score_semantic

Summary = InstanceScores | SemanticScores | CityscapesScores
KINDS = {"instance": score_instance, "semantic": score_semantic, "cityscapes": score_cityscapes}


def score(kind: str, truth: Path, predictions: Path, **options: Any) -> Summary:
    """Score ``predictions`` by ``truth``; ``kind`` is ``instance``, ``semantic`` or ``cityscapes``.

    Options are those of :func:`score_instance`, :func:`score_semantic` and :func:`score_cityscapes`. Raises
    ``UsageError`` for an unknown kind.
    """
    if kind not in KINDS:
        raise unknown_name("kind of score", kind, KINDS)
    return KINDS[kind](truth, predictions, **options)
