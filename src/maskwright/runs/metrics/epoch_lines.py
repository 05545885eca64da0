"""One line an epoch on what the training has reached, and the time that the run has left."""

import time

from maskwright.reports.run.provenance import duration
from maskwright.runs.context import monitored_score
from maskwright.runs.experiment import Experiment
from maskwright.runs.metrics.time_left import TimeLeft
from maskwright.training.trackers import Metrics, Pictures


class EpochLines:
    """A tracker that reports one line an epoch."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._left: TimeLeft | None = None
        self._ended = time.monotonic()

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Report ``epoch 3/10: loss 0.4100, mIoU 0.7100 (training 0.7800, baseline 0.1400) (12 s), 1 min 30 s left``.

        The time is what is left of the run, its evaluation included.
        """
        recipe = self.experiment.recipe
        shown = [f"loss {metrics['train/loss']:.4f}"]
        if (value := metrics.get("validation/loss")) is not None:
            shown.append(f"validation loss {value:.4f}")
        for name in (monitored_score(recipe), *(("segm_AP50", "bbox_AP") if recipe.task == "instance" else ())):
            if (value := metrics.get(f"validation/{name}")) is not None:
                others = {
                    "training": metrics.get(f"train/{name}"),
                    "baseline": metrics.get(f"validation/baseline_{name}"),
                }
                beside = ", ".join(f"{word} {other:.4f}" for word, other in others.items() if other is not None)
                shown.append(f"{name} {value:.4f}" + (f" ({beside})" if beside else ""))
        self.experiment.run.reporter.say(
            f"epoch {epoch}/{recipe.train.epochs}: {', '.join(shown)} ({metrics['seconds']:.0f} s)"
            + self._time_left(epoch, metrics["seconds"] or 0.0)
        )

    def close(self) -> None:
        """Do nothing: no line is pending."""

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Do nothing: a line has no pictures."""

    def _time_left(self, epoch: int, training: float) -> str:
        """Return how long the run goes on after ``epoch``, its evaluation included; nothing after the last one."""
        recipe, now = self.experiment.recipe, time.monotonic()
        if self._left is None:
            self._left = TimeLeft(recipe.train.epochs, recipe.train.validate_every, len(recipe.evaluate.on))
        self._left.add(epoch, training, now - self._ended)
        self._ended = now
        return f", {duration(round(self._left.after(epoch)))} left" if epoch < recipe.train.epochs else ""
