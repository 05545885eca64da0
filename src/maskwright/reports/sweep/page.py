"""The page of a sweep: its variants compared in one HTML file that loads nothing."""

from markupsafe import Markup

from maskwright.reports import tables
from maskwright.reports.plots.figures import metric_curves
from maskwright.reports.rendering import render
from maskwright.reports.score_names import SWEEP_SCORES
from maskwright.reports.sweep.outcome import Outcome, Sweep
from maskwright.reports.sweep.tables import (
    VARIANTS_CAPTION,
    conclusion,
    per_class_table,
    unfinished_variants,
    variant_table,
)

# One colour each.
MOST_CURVES = 8


def render_sweep_page(sweep: Sweep) -> str:
    """Return the HTML of ``sweep``. The same outcomes always give the same text."""
    best = sweep.best
    return render(
        "sweep.html.jinja",
        sweep=sweep,
        best=best.variant.name if best else None,
        value=tables.score_cell(sweep.deciding(best)) if best else None,
        label=SWEEP_SCORES[sweep.task][sweep.score],
        overall=VARIANTS_CAPTION.rstrip("."),
        sentences=conclusion(sweep),
        facts=_facts(sweep),
        parts=[(part, variant_table(sweep, part), per_class_table(sweep, part)) for part in sweep.parts],
        troubles=unfinished_variants(sweep),
        curves=_curves(sweep),
        most_curves=MOST_CURVES,
        more_curves=len(_drawn(sweep)) > MOST_CURVES,
        protocol=sweep.to_json()["protocol"],
        present=set(),
        absent=tables.ABSENT,
    )


def _facts(sweep: Sweep) -> list[tuple[str, str]]:
    finished = sum(outcome.status == "finished" for outcome in sweep.outcomes)
    values = sweep.to_json()["sweep"]
    return [
        ("recipe", sweep.recipe),
        ("finished", f"{finished} of {len(sweep.outcomes)}"),
        *((key, ", ".join(given)) for key, given in values.items()),
    ]


def _drawn(sweep: Sweep) -> list[Outcome]:
    """Return the variants that have a curve, the best first."""
    found = [outcome for outcome in sweep.outcomes if any(value is not None for value in outcome.curve.values())]
    return sorted(found, key=lambda outcome: -(sweep.deciding(outcome) or 0.0))


def _curves(sweep: Sweep) -> Markup | None:
    """Draw the deciding score of the best variants over the epochs of the longest training."""
    drawn = _drawn(sweep)[:MOST_CURVES]
    if not drawn:
        return None
    epochs = sorted({epoch for outcome in drawn for epoch in outcome.curve})
    curves = {outcome.variant.label: [outcome.curve.get(epoch) for epoch in epochs] for outcome in drawn}
    return Markup(metric_curves(epochs, curves, drawn[0].variant.label))
