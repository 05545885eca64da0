"""Score COCO results of any tool: the 12 numbers of pycocotools, and the details behind them."""

from collections.abc import Sequence
from pathlib import Path

from maskwright.evaluation.bootstrap import Resampling
from maskwright.evaluation.coco.detection_limit import require_limit
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.explanation.search import explain_scores
from maskwright.evaluation.instances.detail_files import write_details
from maskwright.evaluation.instances.details import Thresholds
from maskwright.evaluation.instances.summary import (
    InstanceScores,
    ResultClasses,
    require_thresholds,
    summarise_instances,
)
from maskwright.evaluation.results.classes import CLASSES_FILE, class_index
from maskwright.evaluation.results.records import read_results
from maskwright.files import write_json
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.progress import Reporter
from maskwright.structures import AreaRule

SCORES = "scores.json"


def score_instance(
    truth: str | Path,
    results: str | Path,
    *,
    classes: Sequence[str] | None = None,
    score: float = 0.5,
    iou: float = 0.5,
    details: bool = True,
    boundary: bool = False,
    area: AreaRule | None = None,
    intervals: bool = False,
    max_dets: int | None = None,
    explain: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> InstanceScores:
    """Score COCO results against a COCO file.

    A result is matched with its image by file name where it has one, else by id. Masks are scored where truth and
    results have them, boxes always.

    Args:
        truth: The COCO JSON file with the true objects.
        results: The COCO results JSON file. Its category ids are the truth's. With a ``classes.json`` beside it they
            are the indices in that file, and classes are matched by name.
        classes: The class names to score; None for all.
        score: The lowest score of a detection in the details.
        iou: The lowest IoU of a match in the details.
        details: Compute overlaps, errors, confusions, calibration and the worst images too.
        boundary: Compute boundary IoU too (Cheng et al. 2021), which takes longest.
        area: How the size of a detected mask is measured for APs, APm and APl: ``mask`` (its pixels, as in Detectron2
            and in runs) or ``box``. By default as in pycocotools: by the box where the results have one, else by the
            mask.
        intervals: Compute 95 % bootstrap intervals over images of AP too, from a thousand samples.
        max_dets: Compute AP and AR with so many detections of a class on an image too, not COCO's 100: under
            ``max_dets``.
        explain: Another tool's numbers for the same predictions, a JSON file or a text such as ``AP=0.352,AP50=0.561``:
            the change of the protocol that gives them is named under ``explanation``.
        out: A folder for ``scores.json``, ``curves.json`` and ``images.json``.
        overwrite: Replace files of these names in ``out`` that no earlier scoring wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The scores, the details, and remarks on rejected records.

    Raises:
        UsageError: A threshold or limit is out of range, a class or an area rule is unknown, a file is missing, or
            ``out`` holds files of these names that no scoring wrote.
        DataError: A file cannot be read, or no record can be scored.
    """
    truth, results, out = Path(truth), Path(results), Path(out) if out is not None else None
    thresholds, reporter = Thresholds(score, iou), reporter or Reporter()
    require_thresholds(thresholds)
    require_limit(max_dets)
    true = read_truth(truth, classes)
    index = class_index(results, true.names, true.other_names)
    beside = results.parent / CLASSES_FILE
    meaning = f"those of {CLASSES_FILE}, matched by name" if beside.is_file() else "the truth's own"
    found = read_results(results, true.image_index(), index)
    summary = summarise_instances(
        true,
        found,
        ResultClasses(index, meaning, beside),
        thresholds if details else None,
        boundary,
        reporter,
        area,
        Resampling() if intervals else None,
        max_dets,
    )
    if explain is not None:
        summary.scores["explanation"] = explain_scores(true, found, explain, area, reporter)
    if out is not None:
        output = Output("score instance", out, reporter.notice, [truth, results, beside], overwrite)
        with output_folder(output, expected=[SCORES]) as staging:
            _write(staging, summary)
    return summary


def _write(folder: Path, summary: InstanceScores) -> None:
    write_json(folder / SCORES, summary.to_json())
    if summary.details is not None:
        write_details(folder, summary.details)
