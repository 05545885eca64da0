"""The detections of an image by queries: the likeliest pairs of a query and a class."""

from collections.abc import Mapping

import torch


class QueryDetections:
    """A part of a query model for instances: it makes detections of the arrays that its network gives for an image.

    :attr:`arrays` names them: ``scores`` ``(Q, K)``, the probabilities of the classes; ``mask_logits`` ``(Q, h', w')``
    on the padded image; and of some models ``boxes`` ``(Q, 4)``, xyxy from 0 to 1 across the padded image. A file of
    another runtime gives the same arrays, and this part the same detections.
    """

    arrays: tuple[str, ...]
    detections: int

    def detections_of(
        self, arrays: Mapping[str, torch.Tensor], seen: tuple[int, int], padded: tuple[int, int]
    ) -> dict[str, torch.Tensor]:
        """Return the ``detections`` likeliest pairs of query and class in the ``arrays``, best first.

        ``seen`` is the size ``(h, w)`` of the image, ``padded`` that of the padded one. See
        :class:`~maskwright.models.transformers.instance_model.QueryInstanceModel` for what is returned; ``boxes`` has a
        row for each detection.
        """
        probabilities = arrays["scores"]
        scores, pairs = probabilities.flatten().topk(min(self.detections, probabilities.numel()))
        classes = probabilities.shape[1]
        queries, rows = (pairs // classes).unique(return_inverse=True)
        return {
            "labels": pairs % classes + 1,
            "scores": scores,
            "queries": rows,
            **({"boxes": arrays["boxes"][queries][rows]} if "boxes" in arrays else {}),
            "mask_logits": arrays["mask_logits"][queries],
            "seen": torch.tensor(seen),
            "padded": torch.tensor(padded),
        }


def require_detections(number: int) -> int:
    """Return the ``number`` of detections of an image; raise ``ValueError`` unless it is at least 1."""
    if number < 1:
        raise ValueError(f"detections {number}: expected at least 1")
    return number
