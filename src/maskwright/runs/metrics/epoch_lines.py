"""One line an epoch on what the training has reached."""

from maskwright.runs.context import Experiment, monitored_score
from maskwright.training.trackers import Metrics, Pictures


class EpochLines:
    """A tracker that reports one line an epoch."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Report ``epoch 3/10: loss 0.4100, validation loss 0.5200, mIoU 0.7100 (training 0.7800) (12 s)``."""
        recipe = self.experiment.recipe
        shown = [f"loss {metrics['train/loss']:.4f}"]
        if (value := metrics.get("validation/loss")) is not None:
            shown.append(f"validation loss {value:.4f}")
        for name in (monitored_score(recipe), *(("segm_AP50", "bbox_AP") if recipe.task == "instance" else ())):
            value, measured = metrics.get(f"validation/{name}"), metrics.get(f"train/{name}")
            if value is not None:
                beside = f" (training {measured:.4f})" if measured is not None else ""
                shown.append(f"{name} {value:.4f}{beside}")
        self.experiment.run.reporter.say(
            f"epoch {epoch}/{recipe.train.epochs}: {', '.join(shown)} ({metrics['seconds']:.0f} s)"
        )

    def close(self) -> None:
        """Do nothing: no line is pending."""

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Do nothing: a line has no pictures."""
