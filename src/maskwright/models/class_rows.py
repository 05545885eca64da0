"""What a trained head knows of each class, carried over by the name of the class to a model of other classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class ClassRows:
    """The tensors of a model that have rows for each class, and the classes of a weights file and of the model.

    ``rows`` gives the number of rows (along the first axis) of a class, by key. Tensors that have rows for the
    background too have them before the first class, or after the last.
    """

    before: tuple[str, ...]
    now: tuple[str, ...]
    rows: Mapping[str, int]
    background_first: bool = True

    @property
    def shared(self) -> list[str]:
        """The classes that the file knows and the model wants."""
        return [name for name in self.now if name in self.before]

    def carried(self, key: str, old: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor | None:
        """``fresh`` with the rows that ``old``, of the file, has for shared classes; None where shapes do not allow it.

        Rows of other classes stay as they are in ``fresh``.
        """
        size = self.rows[key]
        background = fresh.shape[0] == size * (len(self.now) + 1)
        if old.shape != (size * (len(self.before) + background), *fresh.shape[1:]):
            return None
        first = int(background and self.background_first)
        pairs = [(self.now.index(name) + first, self.before.index(name) + first) for name in self.shared]
        if background:
            pairs.append((0, 0) if self.background_first else (len(self.now), len(self.before)))
        result = fresh.clone()
        for new, known in pairs:
            result[new * size : (new + 1) * size] = old[known * size : (known + 1) * size]
        return result


def class_rows(
    module: nn.Module,
    build: Callable[[int], nn.Module],
    before: Sequence[str],
    now: Sequence[str],
    background_first: bool = True,
) -> ClassRows:
    """The rows of ``module``, which was built for the classes ``now``, found by building it for one class more."""
    with torch.random.fork_rng():
        larger = {key: value.shape for key, value in build(len(now) + 1).state_dict().items()}
    rows = {
        key: larger[key][0] - value.shape[0]
        for key, value in module.state_dict().items()
        if key in larger and larger[key] != value.shape and larger[key][1:] == value.shape[1:]
    }
    return ClassRows(tuple(before), tuple(now), rows, background_first)
