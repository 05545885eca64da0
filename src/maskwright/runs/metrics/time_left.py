"""The time that a run has left, estimated from the epochs so far."""

from statistics import fmean


class TimeLeft:
    """An estimate of the time that a training and its final evaluation have left.

    Epochs cost the time of their batches, and those with a validation the rest of the time between two ends of epochs,
    which validation, panels and checkpoints take. The final evaluation costs a validation for each of its ``parts``.
    """

    def __init__(self, epochs: int, validate_every: int, parts: int) -> None:
        """Start without epochs; ``epochs`` is the last one of the training, validated every ``validate_every``."""
        self._epochs, self._every, self._parts = epochs, validate_every, parts
        self._training: list[float] = []
        self._validation: list[float] = []

    def add(self, epoch: int, training: float, elapsed: float) -> None:
        """Add ``epoch``, whose batches took ``training`` seconds and which took ``elapsed`` seconds in all."""
        self._training.append(training)
        if self._is_validated(epoch):
            self._validation.append(max(elapsed - training, 0.0))

    def after(self, epoch: int) -> float:
        """Return the seconds left after ``epoch``; those of validations count once one was done."""
        validations = sum(self._is_validated(each) for each in range(epoch + 1, self._epochs + 1))
        each = fmean(self._validation) if self._validation else 0.0
        return (self._epochs - epoch) * fmean(self._training) + (validations + self._parts) * each

    def _is_validated(self, epoch: int) -> bool:
        return epoch % self._every == 0 or epoch == self._epochs
