"""Files that appear whole or not at all: everything is written under a temporary name and then renamed."""

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; rename it to ``path`` on success, remove it on failure."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    # Without the name of path in it, which may be as long as a name can be.
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            error.filename = str(path)  # a full disk names no file, and nobody knows the temporary one
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, creating its folder."""
    with writing(path) as temporary:
        temporary.write_bytes(content)


def remove_unfinished(folder: Path) -> None:
    """Remove the files in ``folder`` that a killed process was writing; none that another is writing may be there."""
    for path in folder.glob(".*.part"):
        if re.fullmatch(r"\.[0-9a-f]{32}\.part", path.name):
            path.unlink(missing_ok=True)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` as UTF-8, creating its folder."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` to ``path`` as indented JSON; NaN is refused, because JSON has none."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The value that :func:`write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def writing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new empty folder that takes the place of ``folder`` on success.

    A killed process leaves either the old or the new folder under ``folder`` or beside it; see
    :func:`recover_folder`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover_folder(folder)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    temporary.mkdir()
    try:
        yield temporary
        old = _old(folder)
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Bring back the old folder when a process was killed between the two renames of :func:`writing_folder`."""
    old = _old(folder)
    if old.is_dir() and not folder.exists():
        os.replace(old, folder)
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    """Where a folder waits while its successor takes its name; hidden, so that no folder of the user's is meant."""
    return folder.with_name(f".{folder.name}.old.part")
