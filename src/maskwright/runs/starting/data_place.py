"""The folder of a fitted recipe's data, which is written in one place and then moved to another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import MaskwrightError


@dataclass(frozen=True)
class DataPlace:
    """The folder of the parts, which are written to ``now`` and then moved to ``then`` with the recipe."""

    now: Path
    then: Path

    def moved(self, file: Path) -> Path:
        """Return where ``file`` will be."""
        return self.then / file.relative_to(self.now) if file.is_relative_to(self.now) else file

    @contextmanager
    def named(self) -> Iterator[None]:
        """Let errors name files of the folder by where they will be."""
        try:
            yield
        except MaskwrightError as error:
            error.args = tuple(line.replace(str(self.now), str(self.then)) for line in error.lines)
            raise
