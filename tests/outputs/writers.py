"""Commands that write files, and what is then in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskwright.outputs.output import Output
from maskwright.outputs.writing import new_output_folder, output_files, output_folder

NEW = {"a.txt": "new", "deep/b.txt": "new"}


def said(_: str) -> None:
    """Take a line that these tests do not look at."""


def nothing() -> None:
    """What happens while most commands write."""


def write(
    out: Path,
    content: str = "new",
    command: str = "split",
    *,
    meanwhile: Callable[[], Any] = nothing,
    about: dict[str, object] | None = None,
    kept: tuple[str, ...] = (),
    in_place: bool = False,
    **rules: Any,
) -> None:
    """Write two files to the folder ``out``."""
    output = Output(command, out, said, **{"overwrite": False, **rules})
    with output_folder(output, about=about, kept=kept, in_place=in_place) as staging:
        _fill(staging, content)
        meanwhile()


def write_new(out: Path, meanwhile: Callable[[], Any] = nothing) -> None:
    """Write the new folder ``out``."""
    with new_output_folder(Output("convert", out, said)) as staging:
        _fill(staging, "new")
        meanwhile()


def write_file(out: Path, content: str = "new", **rules: Any) -> None:
    """Write the one file ``out``."""
    with output_files(Output("subset", out, said, **{"overwrite": False, **rules})) as staging:
        (staging / out.name).write_text(content)


def contents(folder: Path) -> dict[str, str]:
    """Return the text of each file below ``folder`` but records."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".maskwright"))
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def _fill(staging: Path, content: str) -> None:
    for name in NEW:
        (staging / name).parent.mkdir(exist_ok=True)
        (staging / name).write_text(content)
