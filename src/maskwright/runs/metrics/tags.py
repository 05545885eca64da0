"""The names under which TensorBoard and W&B show a metric: what it is first, so that both parts share a group.

``metrics.csv`` has ``train/loss`` and ``validation/loss``; the trackers show ``loss/train`` and ``loss/validation``.
"""

from maskwright.training.trackers import Metrics, Pictures, Tracker

_PARTS = ("train", "validation")


def tag(metric: str) -> str:
    """Return the name that trackers show for a ``metric`` of the table.

    ``validation/mIoU`` becomes ``mIoU/validation``. The score of a class, ``validation/IoU/person``, becomes
    ``IoU/person``, and that on training images ``IoU_train/person``. Others, such as ``learning_rate``, stay.

    Example:
        >>> [tag(metric) for metric in ("train/loss", "validation/IoU/person", "seconds")]
        ['loss/train', 'IoU/person', 'seconds']
    """
    part, _, name = metric.partition("/")
    if part not in _PARTS or not name:
        return metric
    score, _, of = name.partition("/")
    if not of:
        return f"{score}/{part}"
    return f"{score}/{of}" if part == "validation" else f"{score}_{part}/{of}"


class TaggedTracker:
    """A tracker that hands each metric on to ``tracker`` under its :func:`tag`."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Record ``metrics`` of ``epoch`` under the names of trackers."""
        self.tracker.record(epoch, {tag(name): value for name, value in metrics.items()})

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Show ``pictures`` of ``epoch`` under their own names."""
        self.tracker.show(epoch, pictures)

    def close(self) -> None:
        """Close the tracker."""
        self.tracker.close()
