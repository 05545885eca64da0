import json

import pytest

from maskwright.reports.run import training_curves
from maskwright.reports.run.contents import Metrics, read_run
from tests.reports.measured import measured_metrics


def metrics(**columns: list[float | None]) -> Metrics:
    named = {name.replace("__", "/"): values for name, values in columns.items()}
    return Metrics(list(range(1, 1 + max(map(len, columns.values())))), named)


def label(svg: str) -> str:
    return svg.partition('aria-label="')[2].partition('"')[0]


def test_a_training_without_validation_loss_shows_its_parts_and_no_scores():
    found = training_curves.losses(metrics(train__loss=[1.0], train__box_reg=[0.5], train__mIoU=[0.3]))
    assert found is not None
    assert label(found.svg) == "Loss per epoch: loss, box"
    assert training_curves.loss_parts(metrics(train__loss=[1.0], train__box_reg=[0.5])) is None


def test_with_a_validation_loss_the_sums_stand_beside_each_other_and_their_parts_apart():
    columns = {"train__loss": [1.0, 0.5], "train__mask": [0.6, 0.3], "train__box_reg": [0.4, 0.2]}
    columns |= {name.replace("train", "validation"): [None, 1.0] for name in columns}
    both, parts = (draw(metrics(**columns)) for draw in (training_curves.losses, training_curves.loss_parts))
    assert both is not None
    assert parts is not None
    assert label(both.svg) == "Loss per epoch: training, validation"
    assert "augmented" in both.caption
    assert label(parts.svg) == "part of the loss per epoch: mask, box"


def test_a_part_that_the_validation_lacks_is_named():
    columns = {"train__loss": [1.0], "train__cross_entropy": [0.6], "train__points": [0.4]}
    found = training_curves.losses(metrics(**columns, validation__loss=[0.7], validation__cross_entropy=[0.7]))
    assert found is not None
    assert found.caption.endswith("Only the training has the part points.")


def test_a_loss_of_one_part_has_no_second_figure():
    columns = {f"{part}__{name}": [1.0] for part in ("train", "validation") for name in ("loss", "cross_entropy")}
    assert training_curves.loss_parts(metrics(**columns)) is None


def test_the_headline_of_the_training_part_is_drawn_where_it_was_measured():
    plain = training_curves.scores(metrics(validation__mIoU=[0.5]), "semantic")
    both = training_curves.scores(metrics(validation__mIoU=[0.5], train__mIoU=[0.7]), "semantic")
    assert plain is not None
    assert both is not None
    assert label(plain.svg) == "Validation scores per epoch: mean IoU"
    assert label(both.svg) == "Validation scores per epoch: mean IoU, training mean IoU"


def test_nothing_is_drawn_of_nothing():
    for empty in (None, metrics(train__loss=[None])):
        assert training_curves.losses(empty) is None
        assert training_curves.loss_parts(empty) is None
        assert training_curves.scores(empty, "instance") is None


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_of_many_classes_the_most_frequent_are_drawn(make_run, task):
    names = ("background", *(f"class {number}" for number in range(12)))
    run = make_run(task, names[1:])
    (run / "metrics.csv").write_text(measured_metrics(task, names))
    statistics = json.loads((run / "statistics.json").read_text())
    statistics["train"]["classes"]["class 0"]["instances"] = 5000
    (run / "statistics.json").write_text(json.dumps(statistics))
    for found in training_curves.classes(read_run(run)):
        drawn = label(found.svg).partition(": ")[2].split(", ")
        assert drawn == ["class 0", *(f"class {number}" for number in range(5, 12))]
        assert "The 8 most frequent of 13 classes." in found.caption
