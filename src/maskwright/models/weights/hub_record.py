"""What the first download of a file of the hub was: its revision and hash, recorded for all later ones.

Each file has a record of its own, so that two downloads at a time lose none.
"""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from maskwright.errors import WeightsError
from maskwright.files import read_json, write_json
from maskwright.models.weights.acceptance import acceptance_file

REVISION = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubRecord:
    """The ``revision``, SHA-256 and size in ``bytes`` of the file ``name`` of the repository ``repo``."""

    repo: str
    name: str
    revision: str
    sha256: str
    bytes: int

    @property
    def path(self) -> Path:
        """Where the record is kept."""
        return record_path(self.repo, self.name)


def record_path(repo: str, name: str) -> Path:
    """Return where the record of the file ``name`` of ``repo`` is: in ``hub`` beside the accepted licences."""
    return acceptance_file().parent / "hub" / f"{repo.replace('/', '--')}--{name}.json"


def read_record(repo: str, name: str) -> HubRecord | None:
    """Return the record of the file ``name`` of ``repo``; None where it was never downloaded.

    Raises ``WeightsError`` when the record is damaged: without it, any file would be taken for the first.
    """
    path = record_path(repo, name)
    if not path.exists():
        return None
    try:
        found = read_json(path)
        record = HubRecord(*(found[field] for field in HubRecord.__dataclass_fields__))
        whole = REVISION.fullmatch(record.revision) and SHA256.fullmatch(record.sha256)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if not whole or (record.repo, record.name) != (repo, name):
        raise _damaged(path, "of another file, or without a revision and a hash")
    return record


def write_record(record: HubRecord) -> None:
    """Record the first download of a file, with the time.

    Raises ``WeightsError`` when it cannot be written.
    """
    try:
        record.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(record.path, {**asdict(record), "recorded": datetime.now(UTC).isoformat(timespec="seconds")})
    except OSError as error:
        raise WeightsError(
            f"{record.path}: cannot be written ({error.strerror or error}); expected to record there which file "
            f"{record.repo} gave, to compare later downloads with it. Set XDG_CONFIG_HOME to a folder that can be "
            "written, or give the path of the file."
        ) from error


def _damaged(path: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"{path}: is no record of a download ({reason}); expected what the first download wrote. Restore it, or remove "
        "it if you trust the next download."
    )
