"""Everything that is measured of instances, gathered image by image as they are predicted; no mask stays."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.coco.evaluator import PROTOCOL, ground_truth
from maskwright.evaluation.coco.stream import CocoStream
from maskwright.evaluation.instances.details import Details, InstanceDetails, Thresholds
from maskwright.evaluation.instances.per_image import ImageRecords
from maskwright.structures import ClassTable, ImageRecord, ResultRecord


class InstanceStream:
    """Gathers images: ``add`` each with what was found on it, then ask for the ``result``, once.

    The numbers are those that ``maskwright score instance`` has for the same truth and results.
    """

    def __init__(self, table: ClassTable, thresholds: Thresholds | None = None) -> None:
        """No image yet; category ids are the indices of ``table``. With ``thresholds`` the details are measured too."""
        self._table = table
        self._official = CocoStream(table)
        labels = {each.index: each.name for each in table}
        self._details = None if thresholds is None else InstanceDetails(labels, "segm", thresholds)

    @classmethod
    def merged(cls, shares: Iterable["InstanceStream"]) -> "InstanceStream":
        """The images of all ``shares``, which measure the same; they stay as they are."""
        shares = list(shares)
        whole = cls(shares[0]._table)
        whole._official = CocoStream.merged(share._official for share in shares)
        details = [share._details for share in shares if share._details is not None]
        whole._details = InstanceDetails.merged(details) if details else None
        return whole

    def add(self, objects: ImageObjects, results: Sequence[ResultRecord]) -> None:
        """Measure the COCO ``results`` of one image against its ``objects``; equal scores are ranked as they come."""
        truth = ground_truth([objects], self._table)
        self._official.add_truth(truth, results)
        if self._details is not None:
            image = cast(ImageRecord, {**truth["images"][0], "file_name": objects.image.file_name})
            self._details.add(ImageRecords(image, truth["annotations"], list(results)))

    def result(self) -> tuple[dict[str, Any], Details | None]:
        """The official scores, joined by the details where they were measured, which come along with the curves."""
        scores = {**self._official.scores(), "protocol": PROTOCOL}
        if self._details is None:
            return scores, None
        details = self._details.result()
        return details.merged_into(scores), details
