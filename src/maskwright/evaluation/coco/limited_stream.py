"""COCO scores with another limit of detections, accumulated image by image beside those with COCO's own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hotcoco import Params, StreamingEval

from maskwright.evaluation.coco.detection_limit import limit_protocol, limited_statistics
from maskwright.evaluation.coco.evaluator import IOU_TYPES, categories_of, without_text
from maskwright.structures import ClassTable, ResultRecord, with_masks, without_boxes


class LimitedStream:
    """An accumulator of the scores with a limit of detections of a class on an image: add each, then ask for scores.

    The numbers are those of :func:`maskwright.evaluation.coco.detection_limit.limited_scores` for all images at once.
    """

    def __init__(self, table: ClassTable, limit: int) -> None:
        """Start without images; category ids are the indices of ``table``."""
        self._limit = limit
        self._matched = {
            kind: StreamingEval(categories_of(table), kind, params=_params(kind, limit)) for kind in IOU_TYPES
        }

    @classmethod
    def merged(cls, table: ClassTable, streams: Iterable["LimitedStream"]) -> "LimitedStream":
        """Return an accumulator of the images of all ``streams``, which have the same settings and stay unchanged."""
        streams = list(streams)
        whole = cls(table, streams[0]._limit)
        whole._matched = {kind: StreamingEval.merge(each._matched[kind] for each in streams) for kind in IOU_TYPES}
        return whole

    def add_truth(self, truth: Mapping[str, Any], results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with its ``truth``, a COCO data set; masks have their own area."""
        objects = truth["annotations"]
        scored = {"bbox": (objects, results), "segm": (with_masks(objects), without_boxes(results))}
        for kind, (true, found) in scored.items():
            self._matched[kind].update(truth["images"], true, without_text(found))

    def scores(self) -> dict[str, Any]:
        """Return the limit, the statistics by IoU type, and the protocol."""
        found = {kind: limited_statistics(each.finalize()) for kind, each in self._matched.items()}
        return {"limit": self._limit, **found, "protocol": limit_protocol(self._limit)}


def _params(kind: str, limit: int) -> Params:
    params = Params(kind)
    params.max_dets = [limit]
    return params
