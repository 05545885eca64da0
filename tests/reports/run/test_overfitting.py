import json
from pathlib import Path

import pytest

from maskwright.reports.run.contents import RunContents, read_run
from maskwright.reports.run.overfitting import beside_each_other, classes_beside_each_other, overfitting
from tests.reports.measured import measured_metrics


def measured(run: Path, text: str, images: int | None = 40, best: int | None = 2) -> RunContents:
    card = json.loads((run / "card.json").read_text())
    card |= {"measured": {"train": images, "validation_loss": 56}} if images is not None else {}
    card |= {"best": {"epoch": best}} if best is not None else {}
    (run / "card.json").write_text(json.dumps(card))
    (run / "metrics.csv").write_text(text)
    return read_run(run)


def curves(training: list[float], validation: list[float], scores: tuple[float, float] = (0.5, 0.5)) -> str:
    pairs = zip(training, validation, strict=True)
    rows = [f"{epoch},{t},{v},{scores[0]},{scores[1]}" for epoch, (t, v) in enumerate(pairs, start=1)]
    return "\n".join(["epoch,train/loss,validation/loss,train/mIoU,validation/mIoU", *rows]) + "\n"


def test_the_table_has_both_parts_of_the_best_epoch_and_their_difference(make_run):
    found = beside_each_other(measured(make_run(), measured_metrics("semantic")))
    assert found is not None
    assert found.table.header == ["", "training", "validation", "difference"]
    assert found.table.rows[0] == ["loss", "0.900", "1.100", "-0.200"]
    assert found.table.rows[1] == ["mean IoU", "0.700", "0.510", "+0.190"]
    assert "After epoch 2, the best" in found.meaning
    assert "40 of 1,234 images" in found.meaning


def test_without_a_best_epoch_it_is_the_last_and_a_whole_part_is_called_so(make_run):
    found = beside_each_other(measured(make_run("instance"), measured_metrics("instance"), 1234, None))
    assert found is not None
    assert "After epoch 3, the last" in found.meaning
    assert "all training images" in found.meaning
    assert found.table.rows[1] == ["mask AP", "0.800", "0.520", "+0.280"]


def test_each_class_has_its_scores_on_both_parts(make_run):
    found = classes_beside_each_other(measured(make_run(), measured_metrics("semantic")))
    assert found is not None
    assert found.table.header[:3] == ["class", "IoU, training", "IoU, validation"]
    assert [row[0] for row in found.table.rows] == ["person", "dog", "cake"]
    assert found.table.rows[0][1:3] == ["0.700", "0.510"]


def test_a_run_that_measured_neither_has_no_table(make_run):
    run = read_run(make_run())
    assert beside_each_other(run) is None
    assert classes_beside_each_other(run) is None
    assert overfitting(run) is None


@pytest.mark.parametrize(
    ("training", "validation", "said"),
    [
        ([1.0, 0.6, 0.3], [1.0, 0.8, 0.9], True),
        ([1.0, 0.6, 0.3], [1.0, 0.8, 0.82], False),  # by chance
        ([1.0, 0.6, 0.7], [1.0, 0.8, 0.9], False),  # both have risen
        ([1.0, 0.6, 0.3], [1.0, 0.8, 0.7], False),
        ([1.0], [1.0], False),
    ],
)
def test_a_validation_loss_that_rises_while_the_other_falls_is_told(make_run, training, validation, said):
    sentence = overfitting(measured(make_run(), curves(training, validation)))
    assert (sentence is not None) == said
    if sentence:
        assert "lowest after epoch 2 (0.800) and is 0.900 after epoch 3" in sentence
        assert "fell from 0.600 to 0.300" in sentence


@pytest.mark.parametrize(
    ("scores", "images", "said"),
    [((0.9, 0.6), 40, True), ((0.9, 0.6), 5, False), ((0.65, 0.6), 40, False), ((0.95, 0.8), 40, False)],
)
def test_a_score_that_is_much_higher_on_training_images_is_told(make_run, scores, images, said):
    sentence = overfitting(measured(make_run(), curves([1.0, 0.9], [1.0, 0.9], scores), images))
    assert (sentence is not None) == said
    if sentence:
        assert sentence.startswith("The mean IoU is 0.900 on training images and 0.600 on validation images")
