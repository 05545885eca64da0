"""The training and validation images of built-in shapes, drawn when needed or ahead in a process of its own.

``python -m maskwright.synthetic.shape_parts FOLDER JSON`` is that process.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maskwright.files import writing_folder
from maskwright.parallel.orphans import end_with_parent
from maskwright.parallel.pool import cores
from maskwright.synthetic.shapes import Domain, write_shapes


def write_shape_parts(folder: Path, *, train: int, validation: int, seed: int, domain: Domain) -> dict[str, Path]:
    """Write so many images of each part below ``folder``; return the annotation file of each.

    Training images have the seed 2 × ``seed``, validation images the next one. See
    :func:`maskwright.synthetic.shapes.write_shapes` for the rest.
    """
    return {
        name: write_shapes(folder / name, images, seed=2 * seed + offset, domain=domain)
        for offset, (name, images) in enumerate((("train", train), ("validation", validation)))
    }


class DrawnAhead:
    """A process that draws the parts of built-in shapes into a temporary folder."""

    def __init__(self, folder: Path, shapes: Mapping[str, Any]) -> None:
        """Start the process; ``shapes`` are the arguments of :func:`write_shape_parts`."""
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder), json.dumps(dict(shapes))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def move_to(self, folder: Path) -> None:
        """Wait for the process and make ``folder``, which does not exist, of what it drew.

        Where the process failed nothing happens: the images are drawn when they are needed, and an error is reported
        then.
        """
        if self._process.wait() != 0 or folder.exists():
            return
        with writing_folder(folder) as partial:
            shutil.copytree(self._folder, partial, dirs_exist_ok=True)
        shutil.rmtree(self._folder)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()


@contextmanager
def drawn_ahead(shapes: Mapping[str, Any] | None) -> Iterator[DrawnAhead | None]:
    """Draw ``shapes`` in a process of its own during the context; None where that saves no time.

    It does while torch is imported, on a machine of several cores.
    """
    if shapes is None or "torch" in sys.modules or cores() == 1:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="maskwright-", ignore_cleanup_errors=True) as folder:
        drawn = DrawnAhead(Path(folder), shapes)
        try:
            yield drawn
        finally:
            drawn.end()


if __name__ == "__main__":
    end_with_parent()
    write_shape_parts(Path(sys.argv[1]), **json.loads(sys.argv[2]))
