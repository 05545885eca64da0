"""Calibration: of the predictions made with a confidence of 0.8, eight in ten should be right.

Counts in bins of equal width add up over images: ``bins += reliability(confidence, correct)``. Sources: M. P. Naeini et
al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015; C. Guo et al., "On Calibration of
Modern Neural Networks", ICML 2017; for detections F. Küppers et al., "Multivariate Confidence Calibration for Object
Detection", CVPR Workshops 2020, where a detection is right when it matches an object of its class.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

BINS = 15

# (bins, 3): how many predictions, the sum of their confidence, how many are right.
ReliabilityBins = npt.NDArray[np.float64]


def empty_bins(bins: int = BINS) -> ReliabilityBins:
    """Return bins without a prediction: zeros ``(bins, 3)`` float64."""
    return np.zeros((bins, 3))


def reliability(
    confidence: npt.NDArray[np.floating[Any]], correct: npt.NDArray[np.bool_], bins: int = BINS
) -> ReliabilityBins:
    """Count predictions in ``bins`` of equal width by confidence: ``(bins, 3)`` float64, see ``ReliabilityBins``.

    ``confidence`` (0..1) and ``correct`` (bool) have the same shape, whatever it is. Bin b of B holds confidences above
    b / B and up to (b + 1) / B, that value included; the first one holds 0 too. Raises ``ValueError`` for different
    shapes and for a confidence outside 0..1.
    """
    if confidence.shape != correct.shape:
        raise ValueError(f"confidence is {confidence.shape}, correct {correct.shape}; expected one shape.")
    flat = confidence.ravel().astype(np.float64)
    if flat.size and not (flat.min() >= 0 and flat.max() <= 1):
        raise ValueError(f"confidence from {flat.min()} to {flat.max()}; expected 0 to 1.")
    which = np.clip(np.ceil(flat * bins).astype(np.int64) - 1, 0, bins - 1)
    weights = (None, flat, correct.ravel().astype(np.float64))
    return np.stack([np.bincount(which, weight, bins) for weight in weights], axis=1).astype(np.float64)


def pixel_reliability(
    confidence: npt.NDArray[np.floating[Any]],
    prediction: npt.NDArray[np.integer[Any]],
    truth: npt.NDArray[np.integer[Any]],
    ignore_index: int,
    bins: int = BINS,
) -> ReliabilityBins:
    """Count the pixels of a predicted label map in ``bins`` by confidence: ``(bins, 3)`` float64.

    ``confidence`` is the probability of each predicted label; all arrays are ``(H, W)``. A pixel is correct when its
    predicted label is the true one. Pixels whose truth is ``ignore_index`` do not count. Raises ``ValueError`` for a
    confidence outside 0..1.
    """
    counted = truth != ignore_index
    return reliability(confidence[counted], prediction[counted] == truth[counted], bins)


def calibration_scores(bins: ReliabilityBins) -> dict[str, Any]:
    """Return ``{"ECE", "MCE", "bins": [{"from", "to", "count", "confidence", "accuracy"}]}``.

    The gap of a bin is the distance between its mean confidence and its share of right predictions. ECE, the expected
    calibration error, is the mean gap over predictions. MCE, the maximum calibration error, is the largest gap of a
    bin. Both are None without a prediction, as are the confidence and accuracy of an empty bin.
    """
    counts, confidence, right = bins.T
    with np.errstate(invalid="ignore"):
        mean, accuracy = confidence / counts, right / counts
    gaps = np.abs(mean - accuracy)
    total = counts.sum()
    edges = np.linspace(0, 1, len(bins) + 1)
    return {
        "ECE": float(np.nansum(gaps * counts) / total) if total else None,
        "MCE": float(np.nanmax(gaps)) if total else None,
        "bins": [
            {
                "from": float(edges[b]),
                "to": float(edges[b + 1]),
                "count": int(counts[b]),
                "confidence": float(mean[b]) if counts[b] else None,
                "accuracy": float(accuracy[b]) if counts[b] else None,
            }
            for b in range(len(bins))
        ],
    }
