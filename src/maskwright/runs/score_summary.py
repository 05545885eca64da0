"""Format the scores of a run in a few lines for a terminal."""

from collections.abc import Mapping

from maskwright.reports.score_text import baseline_line, detail_lines, further_lines
from maskwright.run_folder import PartScores, RunFolder


def score_summary(run: RunFolder, details: bool = False) -> list[str]:
    """Return the scores of ``run`` as lines: one for each part of the data, and the path of its page.

    A part whose scores are no better than its baseline has a line that says so. ``details`` adds the lines on overlaps,
    errors and calibration of instances.

    Raises what :attr:`~maskwright.run_folder.RunFolder.scores` raises.
    """
    return [*part_lines(run.scores, details), f"page: {run.page}"]


def part_lines(by_part: Mapping[str, PartScores], details: bool = False) -> list[str]:
    """Return the lines of :func:`score_summary` without the page, for the scores ``by_part`` of the data."""
    lines = []
    for part, scores in by_part.items():
        shown = (_instance if "segm" in scores else _panoptic if "PQ" in scores else _semantic)(scores)
        text = ", ".join(f"{name} {'absent' if value is None else f'{value:.4f}'}" for name, value in shown.items())
        by = [f"taxonomy {each['name']}, rider: {each['rider'] or 'no rule'}" for each in scores.get("taxonomies", ())]
        lines.append(f"{part}: {text}" + "".join(f" ({each})" for each in by))
        below = baseline_line(scores)
        lines += [f"  {below}"] if below is not None else []
        lines += [f"  {line}" for line in detail_lines(scores)] if details else []
        lines += [f"  {line}" for line in further_lines(scores)] if details and "segm" in scores else []
    return lines


def _semantic(scores: PartScores) -> dict[str, float | None]:
    return {
        "mIoU": scores.get("mIoU"),
        "mean Dice": scores.get("mean_dice"),
        "pixel accuracy": scores.get("pixel_accuracy"),
    }


def _instance(scores: PartScores) -> dict[str, float | None]:
    segm, bbox = scores["segm"], scores["bbox"]  # type: ignore[typeddict-item]  # scores of instances have both
    return {"mask AP": segm["AP"], "mask AP50": segm["AP50"], "box AP": bbox["AP"]}


def _panoptic(scores: PartScores) -> dict[str, float | None]:
    parts = {f"PQ of {part}": (scores.get(part) or {}).get("PQ") for part in ("things", "stuff")}
    return {"PQ": scores.get("PQ"), "SQ": scores.get("SQ"), "RQ": scores.get("RQ"), **parts}
