"""What a trained head knows of each class, carried over by the name of the class to a model of other classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class ClassRows:
    """The tensors of a model that have a part for each class, and the classes of a weights file and of the model.

    ``before`` is None for a file that does not name its classes. ``sizes`` gives, by key, how many rows (along the
    first axis) and columns (along the second) a class has. Rows of the background are before those of the first class,
    or after those of the last; columns of anything else are before those of the classes, as in PointRend's point head,
    which sees the features and then the coarse logits of each class.
    """

    before: tuple[str, ...] | None
    now: tuple[str, ...]
    sizes: Mapping[str, tuple[int, int]]
    background_first: bool = True

    @property
    def shared(self) -> list[str]:
        """The classes that the file knows and the model wants."""
        return [name for name in self.now if name in (self.before or ())]

    def carried(self, key: str, old: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor | None:
        """``fresh`` with what ``old``, of the file, has for shared classes; None where shapes do not allow it.

        What other classes have stays as it is in ``fresh``.
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
        """The indices along one axis, of the file's tensor and of ours, that mean the same."""
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
    """The class rows of ``module``, which was built for the classes ``now``, found by building it for one more."""
    with torch.random.fork_rng():
        larger = {key: value.shape for key, value in build(len(now) + 1).state_dict().items()}
    sizes = {}
    for key, value in module.state_dict().items():
        grown = [more - side for more, side in zip(larger.get(key, value.shape), value.shape, strict=True)]
        if any(grown[:2]) and not any(grown[2:]):
            sizes[key] = (grown[0], grown[1] if len(grown) > 1 else 0)
    return ClassRows(tuple(before) if before is not None else None, tuple(now), sizes, background_first)
