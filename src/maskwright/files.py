"""Atomic files and folders: each is written under a temporary name and then renamed, so that it is whole or absent."""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_THREADS = 8
_WORTH_THREADS = 16


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` on success, remove it on failure.

    The parent folder is created. An ``OSError`` names ``path`` instead of the temporary file.
    """
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    # Without the name of path, which may already have the longest length of a name.
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            error.filename = str(path)  # a full disk names no file, and the temporary name means nothing to users
        raise


def home_folder() -> Path:
    """Return the user's home folder; the root folder for a user without one, as containers give such a user."""
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and no entry in the list of users
        return Path("/")


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, and create its folder."""
    with writing(path) as temporary:
        temporary.write_bytes(content)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files of :func:`writing` that a killed process left in ``folder`` and below it.

    No other process may be writing there.
    """
    for path in folder.rglob(".*.part"):
        if is_unfinished(path):
            path.unlink(missing_ok=True)


def is_unfinished(path: Path) -> bool:
    """Return whether ``path`` is a temporary file of :func:`writing`."""
    return re.fullmatch(r"\.[0-9a-f]{32}\.part", path.name) is not None and path.is_file()


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` as UTF-8, and create its folder."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` to ``path`` as indented JSON.

    Raises ``ValueError`` for NaN and infinity, which JSON does not have.
    """
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the value of the JSON file at ``path``.

    Raises ``OSError`` when it cannot be read, ``ValueError`` when it is not JSON in UTF-8, or nested too deeply.
    """
    try:
        return json.loads(read_regular_file(path).decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def require_regular_file(path: Path) -> Path:
    """Return ``path`` when it is a regular file, or a link to one.

    Raises ``OSError`` when there is no such file, or when it is a folder, a FIFO, a socket or a device: to open one of
    these may wait for ever or act on the machine.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        kind = next((kind for is_kind, kind in _NOT_REGULAR if is_kind(mode)), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}; expected a regular file", str(path))
    return path


_NOT_REGULAR: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_regular_file(path: Path) -> bytes:
    """Return the content of the file at ``path``; raise ``OSError`` as :func:`require_regular_file`."""
    return require_regular_file(path).read_bytes()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file at ``path`` in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def writing_json_list(path: Path) -> Iterator[Callable[[Iterable[Any]], None]]:
    """Yield a function that appends values to the JSON list at ``path``; only the values of one call are in memory.

    The file is equal to that of :func:`write_json` for all values together.
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
    """Yield the objects of the JSON list at ``path``, reading ``characters`` of it at a time.

    Raises ``ValueError`` when the file is not a list, or not JSON.
    """
    decoder, gap = json.JSONDecoder(), re.compile(r"[\s,]*")
    with path.open(encoding="utf-8") as file:
        text = ""
        while not text and (more := file.read(characters)):
            text = more.lstrip()
        if not text.startswith("["):
            raise ValueError(f"{path}: is not a JSON list; expected a list of objects.")
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
    """Yield a new empty folder that replaces ``folder`` on success.

    A killed process leaves the old or the new folder under ``folder`` or beside it; see :func:`recover_folder`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover_folder(folder)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    temporary.mkdir()
    try:
        yield temporary
        synchronise([*temporary.rglob("*"), temporary])
        old = _old(folder)
        if folder.exists():
            os.replace(folder, old)
        os.replace(temporary, folder)
        synchronise([folder.parent])
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Restore the old folder after a process was killed between the two renames of :func:`writing_folder`."""
    old = _old(folder)
    if old.is_dir() and not folder.exists():
        os.replace(old, folder)
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    """Return the hidden path of a folder while it is being replaced; a visible name could be a folder of the user's."""
    return folder.with_name(f".{folder.name}.old.part")


def synchronise(paths: Iterable[Path]) -> None:
    """Wait until the files and folders ``paths`` are on the disk, so that a loss of power does not empty them."""
    paths = list(paths)
    if len(paths) < _WORTH_THREADS:
        for path in paths:
            _synchronise(path)
        return
    with ThreadPoolExecutor(_THREADS) as pool:  # the disk serves many at once
        list(pool.map(_synchronise, paths))


def _synchronise(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        if path.is_dir():  # which Windows does not open
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):  # a file system that cannot
            raise
    finally:
        os.close(descriptor)
