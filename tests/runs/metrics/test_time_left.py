import pytest

from maskwright.runs.metrics.time_left import TimeLeft


def test_epochs_validations_and_the_evaluation_are_counted():
    left = TimeLeft(epochs=10, validate_every=2, parts=1)
    left.add(1, training=10.0, elapsed=10.5)
    assert left.after(1) == pytest.approx(90.0), "no validation was measured yet"
    left.add(2, training=10.0, elapsed=14.0)
    # 8 epochs of 10 s, 4 validations of 4 s and the evaluation of one part.
    assert left.after(2) == pytest.approx(8 * 10 + 4 * 4 + 4)


def test_the_last_epoch_is_validated_whatever_its_number():
    left = TimeLeft(epochs=5, validate_every=3, parts=2)
    left.add(3, training=1.0, elapsed=3.0)
    assert left.after(3) == pytest.approx(2 * 1 + 1 * 2 + 2 * 2)


def test_an_epoch_that_began_before_an_interruption_gives_no_negative_time():
    left = TimeLeft(epochs=2, validate_every=1, parts=1)
    left.add(1, training=100.0, elapsed=5.0)
    assert left.after(1) == pytest.approx(100.0)
