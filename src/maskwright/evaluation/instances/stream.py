"""Instance scores and details accumulated image by image during prediction; no mask is kept."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.evaluator import ground_truth, protocol
from maskwright.evaluation.coco.limited_stream import LimitedStream
from maskwright.evaluation.coco.stream import CocoStream
from maskwright.evaluation.instances.details import Details, InstanceDetails, Thresholds
from maskwright.evaluation.instances.per_image import ImageRecords
from maskwright.structures import AreaRule, ClassTable, ImageRecord, ResultRecord, with_masks

# The rule of the official scores, which are those of Detectron2.
_AREA: AreaRule = "mask"


class InstanceStream:
    """An accumulator of instance scores: :meth:`add` each image with its results, then call :meth:`result` once.

    The numbers equal those of ``maskwright score instance --area mask`` for the same truth and results.
    """

    def __init__(self, table: ClassTable, thresholds: Thresholds | None = None, max_dets: int | None = None) -> None:
        """Start without images; category ids are the indices of ``table``. Details need ``thresholds``.

        ``max_dets`` adds the scores with that limit of detections of a class on an image.
        """
        self._table = table
        resampling = None if thresholds is None else Resampling()
        self._official = CocoStream(table, resampling)
        self._limited = None if max_dets is None else LimitedStream(table, max_dets)
        labels = {each.index: each.name for each in table}
        self._details = None if thresholds is None else InstanceDetails(labels, "segm", thresholds, False, resampling)

    @classmethod
    def merged(cls, shares: Iterable["InstanceStream"]) -> "InstanceStream":
        """Return an accumulator of the images of all ``shares``, which have the same settings and stay unchanged."""
        shares = list(shares)
        whole = cls(shares[0]._table)
        whole._official = CocoStream.merged(share._official for share in shares)
        limited = [share._limited for share in shares if share._limited is not None]
        whole._limited = LimitedStream.merged(whole._table, limited) if limited else None
        details = [share._details for share in shares if share._details is not None]
        whole._details = InstanceDetails.merged(details) if details else None
        return whole

    def add(self, objects: ImageObjects, results: Sequence[ResultRecord]) -> None:
        """Match the COCO ``results`` of one image with its ``objects``; equal scores are ranked in the order given."""
        truth = ground_truth([objects], self._table)
        self._official.add_truth(truth, results)
        if self._limited is not None:
            self._limited.add_truth(truth, results)
        if self._details is not None:
            image = cast(ImageRecord, {**truth["images"][0], "file_name": objects.image.file_name})
            self._details.add(ImageRecords(image, with_masks(truth["annotations"]), list(results)))

    def result(self) -> tuple[dict[str, Any], Details | None]:
        """Return the COCO scores with the details merged in, and the details; None when they are not computed.

        With details there are bootstrap intervals too, of the COCO scores and of panoptic quality.
        """
        scores = {**self._official.scores(), "area": _AREA, "protocol": protocol(_AREA)}
        if self._limited is not None:
            scores["max_dets"] = self._limited.scores()
        if self._details is None:
            return scores, None
        details = self._details.result()
        return details.merged_into(scores), details
