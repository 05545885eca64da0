"""What kind of errors a detector makes: TIDE's types, by hotcoco."""

from typing import Any

from hotcoco import COCOeval

TIDE_ERRORS = {
    "Cls": "class wrong, place right",
    "Loc": "class right, place inexact",
    "Both": "class wrong and place inexact",
    "Dupe": "object found a second time",
    "Bkg": "nothing there",
    "Miss": "object not found",
}


def tide(evaluation: COCOeval, iou: float = 0.5, background: float = 0.1) -> dict[str, Any]:
    """``{"AP", "iou", "background_iou", "errors": {type: {"count", "dAP", "meaning"}}, "FP", "FN"}``.

    dAP is how much AP at ``iou`` would gain if all errors of the type were mended; FP and FN are the gains without any
    wrong detection and without any miss. A detection whose best IoU is below ``background`` lies on nothing. The mean
    is over the classes that have truth.

    Source: D. Bolya, S. Foley, J. Hays, J. Hoffman, "TIDE: A General Toolbox for Identifying Object Detection Errors",
    ECCV 2020. ``evaluation`` must be evaluated.
    """
    found = evaluation.tide_errors(pos_thr=iou, bg_thr=background)
    gains = found["delta_ap"]
    return {
        "AP": _defined(found["ap_base"]),
        "iou": iou,
        "background_iou": background,
        "errors": {
            kind: {"count": int(found["counts"][kind]), "dAP": float(gains[kind]), "meaning": meaning}
            for kind, meaning in TIDE_ERRORS.items()
        },
        "FP": float(gains["FP"]),
        "FN": float(gains["FN"]),
    }


def _defined(value: float) -> float | None:
    return None if value < 0 else float(value)
