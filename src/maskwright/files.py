"""Files that appear whole or not at all: everything is written under a temporary name and then renamed."""

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError


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


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at ``path`` in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_other_file(out: Path, annotations: Path) -> None:
    """Raise ``UsageError`` when ``out`` is a folder, or the very file that is read."""
    if out.is_dir():
        raise UsageError(f"{out}: it is a folder; expected the name of a JSON file to write.")
    if out.exists() and annotations.exists() and out.samefile(annotations):
        raise UsageError(f"{out}: it is the file that is read; expected another one. Choose another --out.")


@contextmanager
def writing_json_list(path: Path) -> Iterator[Callable[[Iterable[Any]], None]]:
    """Yield a function that appends values to the JSON list that is written to ``path``: in memory is what it is given.

    The file is the one that :func:`write_json` would write of all values together.
    """
    with writing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        between = "[\n"

        def append(values: Iterable[Any]) -> None:
            nonlocal between
            for value in values:
                text = json.dumps([value], indent=1, ensure_ascii=False, allow_nan=False)
                file.write(between + text.removeprefix("[\n").removesuffix("\n]"))
                between = ",\n"

        yield append
        file.write("[]\n" if between == "[\n" else "\n]\n")


def read_json_list(path: Path, characters: int = 1 << 20) -> Iterator[dict[str, Any]]:
    """The objects of the JSON list at ``path`` one by one; in memory are so many ``characters`` of it at a time.

    Raises ``ValueError`` when it is no list of objects.
    """
    decoder, gap = json.JSONDecoder(), re.compile(r"[\s,]*")
    with path.open(encoding="utf-8") as file:
        text = ""
        while not text and (more := file.read(characters)):
            text = more.lstrip()
        if not text.startswith("["):
            raise ValueError(f"{path}: is no JSON list; expected one of objects.")
        at = 1
        while True:
            at = gap.match(text, at).end()  # type: ignore[union-attr]  # which may be empty, so it matches
            if text[at : at + 1] == "]":
                return
            try:
                value, at = decoder.raw_decode(text, at)
            except json.JSONDecodeError:
                more = file.read(characters)
                if not more:
                    raise
                text, at = text[at:] + more, 0
            else:
                yield value


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
