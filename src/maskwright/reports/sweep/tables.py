"""The comparison of a sweep as tables of variants and classes, and as CSV."""

from typing import Any

from maskwright.control_characters import lines_of_cells
from maskwright.reports.run.provenance import duration
from maskwright.reports.score_names import SWEEP_SCORES
from maskwright.reports.sweep.outcome import CLASS_SCORE, Outcome, Sweep
from maskwright.reports.tables import CaptionedTable, Table, count_cell, score_cell

# What the table of the variants holds.
VARIANTS_CAPTION = (
    "Over all classes. Best epoch: epoch of the scored checkpoint. Training: time spent on training batches."
)


def variant_table(sweep: Sweep, part: str) -> Table:
    """Return a table of the overall scores of each variant on ``part``, its best epoch and its training time."""
    rows = []
    for outcome in sweep.outcomes:
        overall = outcome.parts[part].overall if part in outcome.parts else {}
        cells = [score_cell(overall.get(key)) for key in SWEEP_SCORES[sweep.task]]
        rows.append([_marked(sweep, outcome), *cells, count_cell(outcome.epoch), duration(outcome.seconds)])
    return Table(["variant", *SWEEP_SCORES[sweep.task].values(), "best epoch", "training"], rows, bar=1)


def per_class_table(sweep: Sweep, part: str) -> Table:
    """Return a table of the score of every class on ``part``.

    Classes are rows, unless there are more variants than classes; then variants are rows.
    """
    scored = [outcome for outcome in sweep.outcomes if part in outcome.parts]
    labels, names = [outcome.variant.label for outcome in scored], sweep.classes(part)
    rows = [[score_cell(outcome.parts[part].classes.get(name)) for outcome in scored] for name in names]
    head = CLASS_SCORE[sweep.task]
    if len(labels) <= len(names):
        return Table([head, *labels], [[name, *row] for name, row in zip(names, rows, strict=True)])
    columns = zip(*rows, strict=True)
    return Table([head, *names], [[label, *column] for label, column in zip(labels, columns, strict=True)])


def sweep_tables(sweep: Sweep) -> list[CaptionedTable]:
    """Return the tables of the page, two for each part of the data, with their titles and meanings."""
    return [
        CaptionedTable(f"{title} on {part}", f"{sweep.name}: {meaning}", table(sweep, part))
        for part in sweep.parts
        for title, meaning, table in (
            ("Variants", VARIANTS_CAPTION, variant_table),
            ("Classes", f"{CLASS_SCORE[sweep.task]} of each class.", per_class_table),
        )
    ]


def csv_text(sweep: Sweep) -> str:
    """Return a CSV with a line for each variant and part, with exact scores.

    A variant without scores has one line too.
    """
    best, classes = sweep.best, list(dict.fromkeys(name for part in sweep.parts for name in sweep.classes(part)))
    kind, keys = CLASS_SCORE[sweep.task], list(sweep.outcomes[0].variant.settings)
    scores = [*SWEEP_SCORES[sweep.task], *(f"{kind}/{name}" for name in classes)]
    rows: list[list[Any]] = [
        ["variant", *keys, "part", "status", "best", *scores, "best_epoch", "train_seconds", "error"]
    ]
    for outcome in sweep.outcomes:
        for part in outcome.parts or [""]:
            found = outcome.parts.get(part)
            cells = [found.overall.get(key) if found else None for key in SWEEP_SCORES[sweep.task]]
            cells += [found.classes.get(name) if found else None for name in classes]
            seconds = None if outcome.seconds is None else round(outcome.seconds, 2)
            first = [outcome.variant.name, *outcome.variant.settings.values(), part, outcome.status]
            rows.append([*first, str(outcome is best).lower(), *cells, outcome.epoch, seconds, outcome.error])
    return lines_of_cells(rows)


def conclusion(sweep: Sweep) -> list[str]:
    """Return sentences on which variant is best and by how much, and on what the difference means."""
    best = sweep.best
    if best is None:
        return ["No variant has a score yet."]
    part, label, others = sweep.parts[0], SWEEP_SCORES[sweep.task][sweep.score], _others(sweep, best)
    value = sweep.deciding(best)
    sentences = [f"{best.variant.name} has the highest {label} on {part}, {score_cell(value)}"]
    if others:
        second, lowest = others[0], others[-1]
        sentences[0] += f"; {second[1]} comes next with {score_cell(second[0])}"
        sentences[0] += f", {lowest[1]} last with {score_cell(lowest[0])}" if len(others) > 1 else ""
    sentences[0] += "."
    if "seed" not in best.variant.settings:
        sentences.append(
            f"Every variant was trained once, from seed {sweep.seed}. A difference no larger than that between two "
            "seeds means nothing; sweep seed too to measure it."
        )
    return sentences


def unfinished_variants(sweep: Sweep) -> list[tuple[str, str]]:
    """Return the name and the status, as a text, of each variant without scores."""
    said = {"interrupted": "interrupted; --resume continues it", "waiting": "not started"}
    return [
        (outcome.variant.name, f"failed: {outcome.error}" if outcome.status == "failed" else said[outcome.status])
        for outcome in sweep.outcomes
        if outcome.status != "finished"
    ]


def _marked(sweep: Sweep, outcome: Outcome) -> str:
    return outcome.variant.name + (" (best)" if outcome is sweep.best else "")


def _others(sweep: Sweep, best: Outcome) -> list[tuple[float, str]]:
    """Return the deciding scores and names of the other variants, the highest first."""
    scored = [(sweep.deciding(outcome), outcome.variant.name) for outcome in sweep.outcomes if outcome is not best]
    return sorted(((value, name) for value, name in scored if value is not None), key=lambda pair: -pair[0])
