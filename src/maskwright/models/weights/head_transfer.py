"""Transfer of heads: the rows of shared classes are copied by class name to a model of other classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class ClassRows:
    """The tensors of a model with rows or columns for each class, and the classes of file and model.

    ``before`` are the classes of the weights file, None where it does not name them; ``now`` are those of the model.
    ``sizes`` gives by key how many rows (first axis) and columns (second axis) a class has. Rows of the background come
    before those of the first class, or after those of the last when not ``background_first``. Columns of other inputs
    come before those of the classes, as in PointRend's point head, which reads the features and then the coarse logits
    of each class.
    """

    before: tuple[str, ...] | None
    now: tuple[str, ...]
    sizes: Mapping[str, tuple[int, int]]
    background_first: bool = True

    @property
    def shared(self) -> list[str]:
        """The classes of both the file and the model, in the model's order."""
        return [name for name in self.now if name in (self.before or ())]

    def carried(self, key: str, old: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor | None:
        """Return a copy of ``fresh`` with the rows and columns of shared classes and of background from ``old``.

        ``old`` is the tensor of the file and ``fresh`` the model's, both called ``key``. Rows of other classes stay as
        in ``fresh``. The result is None when the shapes do not fit the classes.
        """
        if old.ndim != fresh.ndim or old.shape[2:] != fresh.shape[2:]:
            return None
        places = [
            self._places(old.shape[axis], fresh.shape[axis], size, axis > 0 or self.background_first)
            for axis, size in enumerate(self.sizes[key][: fresh.ndim])
        ]
        if any(place is None for place in places):
            return None
        theirs, ours = zip(*(place for place in places if place is not None), strict=True)
        result = fresh.clone()
        result[torch.meshgrid(*ours, indexing="ij")] = old[torch.meshgrid(*theirs, indexing="ij")].to(fresh)
        return result

    def _places(self, old: int, new: int, size: int, rest_first: bool) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return the indices ``(n,)`` along one axis of the file's tensor and of the model's that mean the same.

        The result is None when the length ``old`` is not the one that the file's classes imply.
        """
        before = self.before or ()
        rest = new - size * len(self.now)
        if old != rest + size * len(before):
            return None
        first = rest if rest_first else 0
        theirs, ours = (
            [first + size * names.index(name) + step for name in self.shared for step in range(size)]
            for names in (before, self.now)
        )
        theirs += [place if rest_first else place + size * len(before) for place in range(rest)]
        ours += [place if rest_first else place + size * len(self.now) for place in range(rest)]
        return torch.tensor(theirs, dtype=torch.int64), torch.tensor(ours, dtype=torch.int64)


def class_rows(
    module: nn.Module,
    build: Callable[[int], nn.Module],
    before: Sequence[str] | None,
    now: Sequence[str],
    background_first: bool = True,
) -> ClassRows:
    """Return the class rows of ``module``, a model for the classes ``now``.

    ``build(count)`` builds the same model for another number of classes. It is called for one class more; the axes that
    grow are those of the classes. The state of the random generator is kept. ``before`` are the classes of the weights
    file, None where it does not name them.
    """
    with torch.random.fork_rng(devices=[]):
        larger = {key: value.shape for key, value in build(len(now) + 1).state_dict().items()}
    sizes = {}
    for key, value in module.state_dict().items():
        grown = [more - side for more, side in zip(larger.get(key, value.shape), value.shape, strict=True)]
        if any(grown[:2]) and not any(grown[2:]):
            sizes[key] = (grown[0], grown[1] if len(grown) > 1 else 0)
    return ClassRows(tuple(before) if before is not None else None, tuple(now), sizes, background_first)
