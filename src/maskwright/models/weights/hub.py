"""Files of Hugging Face's hub: fetched by huggingface_hub at a pinned revision, and compared with a pinned hash.

A revision or hash that is not known beforehand is recorded at the first download, and holds from then on. The library
keeps the files in its own cache (``HF_HOME``), continues broken downloads, and fetches nothing while
``HF_HUB_OFFLINE`` is set.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from maskwright.errors import WeightsError
from maskwright.files import sha256_of
from maskwright.models.weights.hub_record import REVISION, SHA256, HubRecord, read_record, write_record


@dataclass(frozen=True)
class HubFile:
    """A file of the repository ``repo`` (``owner/name``) at the commit ``revision``, with its SHA-256.

    A revision or hash is None where it is not known beforehand: the first download on a machine records it, see
    :func:`pinned`.

    Raises ``ValueError`` for a revision that is no commit, because what a branch or tag names may change; for a hash
    that is none; and for a file that is not of the safetensors format, which holds no code.
    """

    repo: str
    revision: str | None
    name: str
    sha256: str | None

    def __post_init__(self) -> None:
        known_revision = self.revision is None or REVISION.fullmatch(self.revision)
        if not known_revision or not (self.sha256 is None or SHA256.fullmatch(self.sha256)):
            raise ValueError(f"{self.repo}: expected a commit of 40 and a SHA-256 of 64 hexadecimal digits.")
        if not self.name.endswith(".safetensors"):
            raise ValueError(f"{self.repo}: {self.name}: expected a .safetensors file.")

    @property
    def address(self) -> str:
        """The address of the file for a browser; of the newest one where no revision is known."""
        return f"https://huggingface.co/{self.repo}/resolve/{self.revision or 'main'}/{self.name}"


def pinned(file: HubFile) -> HubFile:
    """Return ``file`` with the revision and hash that its first download on this machine recorded, where it lacks them.

    Raises ``WeightsError`` when the record cannot be read.
    """
    if file.revision is not None and file.sha256 is not None:
        return file
    record = read_record(file.repo, file.name)
    if record is None or file.revision not in (None, record.revision):
        return file
    return replace(file, revision=record.revision, sha256=file.sha256 or record.sha256)


def fetch_hub_file(file: HubFile) -> Path:
    """Return the path of ``file`` in the cache of huggingface_hub, downloaded unless it is there.

    No token is sent, and no statistics are. Of a file whose revision or hash is not known the first download is taken,
    if its SHA-256 is the one that the hub announced, and is recorded; each later one must be the same.

    Raises ``WeightsError`` when it cannot be fetched or recorded, or is not the pinned file, which is then removed.
    """
    known = pinned(file)
    path = _downloaded(known)
    found, commit = sha256_of(path), path.parent.name  # the library has a folder for each commit
    expected = known.sha256 or _announced(path)
    if expected is not None and found != expected:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise WeightsError(
            f"{known.address}: the file's sha256 is {found}; expected {expected}. It was damaged on the way or is "
            "another file, and was removed. Download it again."
        )
    if known.sha256 is None:
        if commit != (known.revision or commit) or not REVISION.fullmatch(commit):
            raise WeightsError(
                f"{known.address}: came as the revision {commit}; expected {known.revision or 'a commit'}. Download "
                "the file by other means and give its path."
            )
        write_record(HubRecord(file.repo, file.name, commit, found, path.stat().st_size))
    return path


def hub_cache() -> Path:
    """Return the folder in which huggingface_hub keeps what it fetches."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def hub_copy(file: HubFile) -> Path | None:
    """Return the path of ``file`` in the cache, None unless it is there with the pinned hash; nothing is fetched."""
    from huggingface_hub import try_to_load_from_cache

    known = pinned(file)
    found = try_to_load_from_cache(known.repo, known.name, revision=known.revision)
    if known.sha256 is None or not isinstance(found, str) or sha256_of(Path(found)) != known.sha256:
        return None
    return Path(found)


def _downloaded(file: HubFile) -> Path:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Imported here: half a second that only such weights need.
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(file.repo, file.name, revision=file.revision, token=False))
    except Exception as error:  # whatever the library raises, the user's remedy is the same
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        raise WeightsError(
            f"{file.address}: cannot be fetched ({type(error).__name__}: {reason}); expected a network connection. Try "
            "again, or download the file by other means and give its path."
        ) from error


def _announced(path: Path) -> str | None:
    """Return the SHA-256 that the hub gave for a file in the cache, whose blob has it as name; None where it has not.

    It is not where the cache has no links, and for small files, which the hub names by their Git hash.
    """
    name = path.resolve().name
    return name if SHA256.fullmatch(name) else None
