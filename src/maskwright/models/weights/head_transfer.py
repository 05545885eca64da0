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
    before those of the first class, or after those of the last when not ``background_first``. A head with
    ``no_object_last`` has one class more after all others, beside the background: that of a query without an object.
    Columns of other inputs come before those of the classes, as in PointRend's point head, which reads the features and
    then the coarse logits of each class.

    A file may have heads without a background where the model has one first, as those trained on ADE20K: the model
    keeps its own background then.
    """

    before: tuple[str, ...] | None
    now: tuple[str, ...]
    sizes: Mapping[str, tuple[int, int]]
    background_first: bool = True
    no_object_last: bool = False

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
            self._places(old.shape[axis], fresh.shape[axis], size, rows=axis == 0)
            for axis, size in enumerate(self.sizes[key][: fresh.ndim])
        ]
        if any(place is None for place in places):
            return None
        theirs, ours = zip(*(place for place in places if place is not None), strict=True)
        result = fresh.clone()
        result[torch.meshgrid(*ours, indexing="ij")] = old[torch.meshgrid(*theirs, indexing="ij")].to(fresh)
        return result

    def _places(self, old: int, new: int, size: int, rows: bool) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return the indices ``(n,)`` along one axis of the file's tensor and of the model's that mean the same.

        The result is None when the length ``old`` is not one that the file's classes imply.
        """
        before = self.before or ()
        rest, old_rest = new - size * len(self.now), old - size * len(before)
        last = size * int(rows and self.no_object_last)
        no_background = rows and self.background_first and old_rest == last
        if old_rest != rest and not no_background:
            return None
        if rows and not self.background_first:
            last = rest
        first, old_first = rest - last, old_rest - last
        theirs, ours = (
            [start + size * names.index(name) + step for name in self.shared for step in range(size)]
            for names, start in ((before, old_first), (self.now, first))
        )
        theirs += [*range(old_first), *range(old - last, old)]
        ours += [*range(old_first), *range(new - last, new)]
        return torch.tensor(theirs, dtype=torch.int64), torch.tensor(ours, dtype=torch.int64)


def class_rows(
    module: nn.Module,
    build: Callable[[int], nn.Module],
    before: Sequence[str] | None,
    now: Sequence[str],
    background_first: bool = True,
    no_object_last: bool = False,
) -> ClassRows:
    """Return the class rows of ``module``, a model for the classes ``now``.

    ``build(count)`` builds the same model for another number of classes. It is called for one class more; the axes that
    grow are those of the classes. The state of the random generator is kept. ``before`` are the classes of the weights
    file, None where it does not name them. For the others see :class:`ClassRows`.
    """
    with torch.random.fork_rng(devices=[]):
        larger = {key: value.shape for key, value in build(len(now) + 1).state_dict().items()}
    sizes = {}
    for key, value in module.state_dict().items():
        grown = [more - side for more, side in zip(larger.get(key, value.shape), value.shape, strict=True)]
        if any(grown[:2]) and not any(grown[2:]):
            sizes[key] = (grown[0], grown[1] if len(grown) > 1 else 0)
    return ClassRows(tuple(before) if before is not None else None, tuple(now), sizes, background_first, no_object_last)
