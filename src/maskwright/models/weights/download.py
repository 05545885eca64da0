"""Download of a file with resumption and a hash check: at the end the whole, right file exists or none."""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Literal

from maskwright.errors import WeightsError

Progress = Callable[[int, int | None], None]
_PIECE = 1 << 20
_SECONDS = 30


@dataclass(frozen=True)
class Hash:
    """The start of a file's hash, as its publisher gives it; ``start`` is in hexadecimal digits."""

    kind: Literal["md5", "sha256"]
    start: str

    def of(self, path: Path) -> str:
        """Return as many digits of the hash of the file at ``path`` as ``start`` has."""
        return self.whole(path)[: len(self.start)]

    def whole(self, path: Path) -> str:
        """Return all hexadecimal digits of the hash of the file at ``path``."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, self._new).hexdigest()

    def _new(self) -> "hashlib._Hash":
        """Return a new hash object of this kind."""
        return hashlib.new(self.kind, usedforsecurity=False)


def download(address: str, path: Path, expected: Hash, progress: Progress | None = None, attempts: int = 3) -> Path:
    """Download the file at ``address`` to ``path`` unless a file with the expected hash is there; return ``path``.

    Received bytes stay in ``NAME.part``, from which the next call continues. ``progress(received, total)`` is called
    with the number of bytes received and their total, None where the server gives none. A broken connection is tried
    again, ``attempts`` times in all.

    Raises ``WeightsError`` when the address is no http address or cannot be reached, when the file ends too early, and
    when its hash is not ``expected``. In the last case the received bytes are removed.
    """
    if not address.startswith(("https://", "http://")):
        raise WeightsError(f"{address}: expected an address that begins with https://.")
    if path.is_file() and expected.of(path) == expected.start:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    for attempt in range(1, attempts + 1):
        try:
            _fetch(address, part, progress)
            break
        except (OSError, HTTPException) as error:
            # A status code of the server will not change; a connection may.
            if attempt == attempts or isinstance(error, urllib.error.HTTPError):
                raise _broken(address, part, error) from error
    found = expected.of(part)
    if found != expected.start:
        part.unlink()
        raise WeightsError(
            f"{address}: the file's {expected.kind} begins with {found}; expected {expected.start}. It was damaged on "
            "the way or is another file, and was removed. Download it again."
        )
    os.replace(part, path)
    return path


def _fetch(address: str, part: Path, progress: Progress | None) -> None:
    """Append the missing bytes of ``address`` to ``part``; raise ``ConnectionError`` when the file ends too early."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        if have and error.code == 416:  # nothing is left, or it is another file than before; the hash decides
            if error.headers.get("Content-Range", "").endswith(f"/{have}"):
                return
            part.unlink()
            return _fetch(address, part, progress)
        raise
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not resumed:
            have = 0
        length = response.headers.get("Content-Length")
        whole = have + int(length) if length and length.isdecimal() else None
        with part.open("ab" if resumed else "wb") as file:
            while piece := response.read(_PIECE):
                file.write(piece)
                have += len(piece)
                if progress is not None:
                    progress(have, whole)
    if whole is not None and have != whole:
        raise ConnectionError(f"it ended after {have} of {whole} bytes")


def _broken(address: str, part: Path, error: Exception) -> WeightsError:
    """Return the error of a download that failed, with the number of bytes kept."""
    have = part.stat().st_size if part.is_file() else 0
    kept = f" {have} bytes have come; the next try goes on from there." if have else ""
    return WeightsError(
        f"{address}: cannot be fetched ({error}); expected a network connection.{kept} Try again, or download the file "
        "by other means and give its path."
    )
