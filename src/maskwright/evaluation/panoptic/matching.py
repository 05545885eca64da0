"""The matching of the segments of one image by panopticapi's rules.

hotcoco's evaluator matches the segments. It gets one image at a time, as masks, so that neither files nor pixels of
other images are in memory.
"""

from collections.abc import Sequence
from typing import Any

from hotcoco.panoptic import PanopticEval

from maskwright.evaluation.panoptic.quality import MatchCounts
from maskwright.evaluation.panoptic.segments import ScoredSegment


def count_matches(
    size: tuple[int, int], truth: Sequence[ScoredSegment], predictions: Sequence[ScoredSegment]
) -> dict[int, MatchCounts]:
    """Return the counts of one image of ``size`` ``(H, W)``, by the index of the class."""
    indices = sorted({each.label for each in (*truth, *predictions)} - {0})
    image = {"id": 1, "file_name": "", "height": size[0], "width": size[1]}
    categories = [{"id": index, "name": str(index)} for index in indices]
    evaluator = PanopticEval(
        {"images": [image], "annotations": [_annotation(truth)], "categories": categories},
        {"images": [image], "annotations": [_annotation(predictions)]},
    )
    evaluator.evaluate()
    found = evaluator.results()["per_class"]
    return {index: MatchCounts(row["tp"], row["fp"], row["fn"], row["iou"]) for index, row in found.items()}


def _annotation(segments: Sequence[ScoredSegment]) -> dict[str, Any]:
    infos = [
        {
            "id": number,
            "category_id": each.label,
            "area": each.area,
            "iscrowd": int(each.crowd),
            "segmentation": {"size": list(each.rle["size"]), "counts": each.rle["counts"].decode("ascii")},
        }
        for number, each in enumerate(segments, start=1)
    ]
    return {"image_id": 1, "segments_info": infos}
