"""The page of a run: all its results in one HTML file that loads nothing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from maskwright.reports import tables
from maskwright.reports.legend_colors import legend_colors
from maskwright.reports.panoptic_tables import panoptic_classes, panoptic_summary
from maskwright.reports.pictures.embedded import read_pictures
from maskwright.reports.rendering import render
from maskwright.reports.run import instance_figures, overfitting, provenance, semantic_figures, training_curves
from maskwright.reports.run.contents import RunContents, read_curves, read_run
from maskwright.reports.run.figure_cache import FigureCache
from maskwright.reports.run.headline import headline
from maskwright.reports.run.instance_tables import instance_tables
from maskwright.reports.run.panoptic_table import panoptic_table
from maskwright.reports.run.worst_images import WORST_KIND, worst_image, worst_parts
from maskwright.reports.shown_figure import ShownFigure
from maskwright.reports.table_files import write_tables
from maskwright.run_folder import PartScores, RunFolder

MOST_PANELS = 24
ONE_FIGURE = 24
SCORE_TABLES = {
    "semantic": (tables.semantic_summary, tables.semantic_classes),
    "instance": (tables.instance_summary, tables.instance_classes),
    "panoptic": (panoptic_summary, panoptic_classes),
}
CONFUSIONS = {"semantic": semantic_figures.confusions, "instance": instance_figures.confusions}


def write_page(run: Path) -> Path:
    """Read the run folder ``run``, write ``report.html`` into it, and return that file.

    The figures of the scores also go into ``figures/`` as SVG and PNG, their tables into ``tables.md`` and
    ``tables.tex``. The page is written under a temporary name and
    then renamed. It names what the run has not produced yet. Raises ``UsageError`` when there is no such folder, and
    ``DataError`` when it is no run or is damaged.
    """
    found = read_run(run)
    figures = FigureCache(run)
    html = render_page(found, figures)
    write_tables(run, _score_tables(found))
    target = RunFolder(run).page
    partial = run / f".report.{os.getpid()}.html"
    try:
        # A name from a broken file system may hold letters that UTF-8 lacks. They are shown escaped.
        partial.write_text(html, encoding="utf-8", errors="backslashreplace", newline="\n")
        partial.replace(target)
        figures.kept.remove_others()
    finally:
        partial.unlink(missing_ok=True)
    return target


def render_page(run: RunContents, figures: FigureCache) -> str:
    """Return the HTML of one run. The same run always gives the same text.

    What ``figures`` lacks is drawn; those of the scores are also written into ``figures/``.
    """
    data = run.card.get("data") or {}
    samples = [record for record in run.panels or [] if record.get("kind") != WORST_KIND]
    worst = worst_parts(run, figures.kept)
    unaccounted = {split: tables.unaccounted(part.get("counts") or {}) for split, part in data.items()}
    return render(
        "report.html.jinja",
        name=run.card["name"],
        task=run.card["task"],
        headline=headline(run),
        colors=legend_colors(run.classes),
        distribution=_distribution(run, figures),
        losses=training_curves.losses(run.metrics, figures),
        curves=training_curves.scores(run.metrics, run.card["task"], figures),
        loss_parts=training_curves.loss_parts(run.metrics, figures),
        class_curves=training_curves.classes(run, figures),
        beside=overfitting.beside_each_other(run),
        classes_beside=overfitting.classes_beside_each_other(run),
        overfitting=overfitting.overfitting(run),
        scores=_scores(run, _score_figures(run, figures)),
        worst=worst,
        worst_image=worst_image(worst),
        panels=None if run.panels is None else read_pictures(run.path, samples[:MOST_PANELS], figures.kept),
        panel_count=len(samples),
        audit=tables.data_audit(data) if data else None,
        audit_adds_up=all(left == 0 for left in unaccounted.values()),
        audit_sentence=_audit_sentence(unaccounted),
        files=provenance.data_files(run.card),
        settings=provenance.settings(run.card),
        versions=provenance.package_versions(run.card),
        command=run.card.get("command"),
        recipe=run.recipe,
        present={kind for kind in ("statistics", "metrics", "scores", "panels") if getattr(run, kind) is not None},
        absent=tables.ABSENT,
    )


def _distribution(run: RunContents, figures: FigureCache) -> dict[str, Any] | None:
    """Return the figure of the class distribution, or two with one scale for many classes, and its tables."""
    instances = _instances(run.statistics or {})
    totals = dict.fromkeys(run.classes.names, 0)
    for counts in instances.values():
        for name, found in counts.items():
            totals[name] = totals.get(name, 0) + found
    if not any(instances.values()):
        return None
    names = sorted(totals, key=lambda name: -totals[name])
    largest = max(found for counts in instances.values() for found in counts.values())
    half = len(names) if len(names) <= ONE_FIGURE else (len(names) + 1) // 2
    parts = [names[start : start + half] for start in range(0, len(names), half)]
    return {
        "figures": [Markup(figures.curves("classes", instances, part, largest)) for part in parts],
        "sizes": tables.split_sizes(run.statistics or {}),
        "table": tables.class_counts(run.statistics or {}, names),
    }


def _instances(statistics: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return ``{split: {class name: instances}}`` without the counts that are null."""
    return {
        split: {
            name: entry["instances"]
            for name, entry in (part.get("classes") or {}).items()
            if tables.is_measured((entry or {}).get("instances"))
        }
        for split, part in statistics.items()
    }


def _scored(run: RunContents) -> dict[str, PartScores]:
    """Return the scores of each split that has any."""
    return {split: scores for split, scores in (run.scores or {}).items() if scores}


def _score_figures(run: RunContents, figures: FigureCache) -> dict[str, ShownFigure]:
    """Return the figures of each split whose name can be part of a file name, as those of a run can."""
    shown: dict[str, ShownFigure] = {}
    for split, scores in _scored(run).items():
        if split.replace("-", "").isalnum():
            if run.card["task"] != "instance":
                found = semantic_figures.semantic_figures(split, scores, figures)
            else:
                curves = read_curves(run.path, split)
                found = instance_figures.instance_figures(split, scores, curves, figures)
            shown |= {drawn.name: ShownFigure.of(drawn) for drawn in found}
    return shown


def _scores(run: RunContents, figures: Mapping[str, ShownFigure]) -> list[dict[str, Any]]:
    """Return the tables and figures of each split with scores."""
    task = run.card["task"]
    summary, classes = SCORE_TABLES[task]
    return [
        {
            "split": split,
            "origin": provenance.origin(scores),
            "colors": legend_colors(provenance.other_classes(scores)),
            "caption": tables.summary_caption(scores),
            "protocol": scores.get("protocol"),
            "summary": summary(scores),
            "classes": classes(scores),
            "reliability": figures.get(f"reliability-{split}"),
            "confusion": figures.get(f"confusion-{split}"),
            "confusions": CONFUSIONS[task](scores) if task in CONFUSIONS else None,
            "precision_recall": figures.get(f"precision-recall-{split}"),
            "more": _further_tables(task, scores),
        }
        for split, scores in _scored(run).items()
    ]


def _score_tables(run: RunContents) -> list[tables.CaptionedTable]:
    """Return the tables of scores of each split as they are on the page, each with its protocol."""
    task, found = run.card["task"], []
    summary, classes = SCORE_TABLES[task]
    for split, scores in _scored(run).items():
        protocol = f"Protocol: {scores.get('protocol') or 'not recorded'}."
        found += [
            tables.CaptionedTable(
                f"Scores on {split}", f"{tables.summary_caption(scores)}. {protocol}", summary(scores)
            ),
            tables.CaptionedTable(f"Classes on {split}", protocol, classes(scores)),
        ]
        found += [each._replace(title=f"{each.title}, on {split}") for each in _further_tables(task, scores)]
    return found


def _further_tables(task: str, scores: PartScores) -> list[tables.CaptionedTable]:
    """Return the tables of one split below those of its overall scores and its classes."""
    panoptic = panoptic_table(scores)
    return [*(instance_tables(scores) if task == "instance" else []), *([panoptic] if panoptic else [])]


def _audit_sentence(unaccounted: Mapping[str, int | None]) -> str:
    """Return a sentence on whether instances read equal instances used plus skipped in every split."""
    wrong = [split for split, left in unaccounted.items() if left]
    unknown = [split for split, left in unaccounted.items() if left is None]
    if wrong:
        return f"The counts of {' and '.join(wrong)} do not add up: read should equal used plus skipped."
    if unknown:
        return f"The counts of {' and '.join(unknown)} were not recorded: what was skipped is unknown."
    return "Every instance read was either used or skipped for a stated reason."
