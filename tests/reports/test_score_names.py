"""The scores that pages, tables and sweeps call by a name are scores that training and evaluation write."""

import csv
from pathlib import Path

import pytest

from maskwright.files import read_json
from maskwright.reports.score_names import CLASS_CURVES, CURVES, SWEEP_SCORES, is_score
from maskwright.runs.context import INSTANCE_SCORES, SEMANTIC_SCORES

TASKS = {"semantic": SEMANTIC_SCORES, "instance": INSTANCE_SCORES}


@pytest.mark.parametrize("task", TASKS)
def test_each_named_score_is_in_the_metrics_and_in_the_scores_of_a_run(
    task: str, request: pytest.FixtureRequest
) -> None:
    run: Path = request.getfixturevalue(f"{task}_run")
    with (run / "metrics.csv").open(newline="") as file:
        epochs = {int(row["epoch"]): row for row in csv.DictReader(file)}
    best = epochs[read_json(run / "card.json")["best"]["epoch"]]
    scores = read_json(run / "scores.json")["validation"]
    for key in CURVES[task] | SWEEP_SCORES[task]:
        kind, _, name = key.partition("_") if task == "instance" else ("", "", key)
        final = scores[kind][name] if kind else scores[name]
        # The best epoch's validation is the evaluation of the run.
        assert float(best[f"validation/{key}"]) == pytest.approx(final), key


@pytest.mark.parametrize("task", TASKS)
def test_the_columns_of_a_run_are_told_apart_as_losses_and_scores(task: str, request: pytest.FixtureRequest) -> None:
    run: Path = request.getfixturevalue(f"{task}_run")
    with (run / "metrics.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    for part in ("train", "validation"):
        names = [column.partition("/")[2] for column in columns if column.startswith(f"{part}/")]
        losses = {"loss", "cross_entropy"} if task == "semantic" else {
            "loss", "objectness", "rpn_box_reg", "classifier", "box_reg", "mask"
        }  # fmt: skip
        assert {name for name in names if not is_score(name)} == losses
        for key in CLASS_CURVES[task]:
            assert {f"{key}/disc", f"{key}/square"} <= set(names)


@pytest.mark.parametrize("task", TASKS)
def test_the_headline_is_the_score_that_chooses_the_best_checkpoint(task: str) -> None:
    assert next(iter(CURVES[task])) == next(iter(SWEEP_SCORES[task])) == TASKS[task][0]


@pytest.mark.parametrize("task", TASKS)
def test_no_two_scores_are_called_the_same(task: str) -> None:
    assert len(set(CURVES[task].values())) == len(CURVES[task])
