from dataclasses import replace

from maskwright.reports.sweep.outcome import VariantScores
from maskwright.reports.sweep.text import MOST_ROWS, sweep_lines
from tests.reports.swept import a_sweep, semantic_outcome


def test_the_lines_say_the_scores_the_failure_and_the_best():
    text = "\n".join(sweep_lines(a_sweep()))
    assert "loss=dice_ce (best)     0.500" in text
    assert "loss=tversky: failed: The loss became nan." in text
    assert "loss=dice_ce has the highest mean IoU on validation" in text
    assert "on validation\n" not in text, "one part needs no heading"


def test_each_part_has_its_tables():
    lines = list(sweep_lines(a_sweep(semantic_outcome("ce", 0.5, ("test", "validation")))))
    assert [line for line in lines if line.startswith("on ")] == ["on validation", "on test"]


def test_of_many_classes_the_first_are_shown_and_the_rest_counted():
    outcome = semantic_outcome("ce", 0.5)
    classes: dict[str, float | None] = {f"class{i}": 0.5 for i in range(80)}
    many = replace(outcome, parts={"validation": VariantScores(outcome.parts["validation"].overall, classes)})
    lines = list(sweep_lines(a_sweep(many)))
    assert sum(line.startswith("class") for line in lines) == MOST_ROWS
    assert f"… and {80 - MOST_ROWS} more rows; sweep.csv has all of them" in lines


def test_a_name_cannot_command_the_terminal():
    outcome = semantic_outcome("ce", 0.5)
    evil = replace(outcome, parts={"validation": VariantScores({"mIoU": 0.5}, {"\x1b[2Jcat": 0.5})})
    assert "\x1b" not in "\n".join(sweep_lines(a_sweep(evil)))
