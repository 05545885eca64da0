"""Files of Hugging Face's hub: fetched by huggingface_hub at a pinned revision, and compared with a pinned hash.

The library keeps them in its own cache (``HF_HOME``), continues broken downloads, and fetches nothing while
``HF_HUB_OFFLINE`` is set.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import WeightsError
from maskwright.files import sha256_of

_REVISION = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubFile:
    """A file of the repository ``repo`` (``owner/name``) at the commit ``revision``, with its SHA-256.

    Raises ``ValueError`` for a revision that is no commit, because what a branch or tag names may change; for a hash
    that is none; and for a file that is not of the safetensors format, which holds no code.
    """

    repo: str
    revision: str
    name: str
    sha256: str

    def __post_init__(self) -> None:
        if not _REVISION.fullmatch(self.revision) or not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"{self.repo}: expected a commit of 40 and a SHA-256 of 64 hexadecimal digits.")
        if not self.name.endswith(".safetensors"):
            raise ValueError(f"{self.repo}: {self.name}: expected a .safetensors file.")

    @property
    def address(self) -> str:
        """The address of the file for a browser."""
        return f"https://huggingface.co/{self.repo}/resolve/{self.revision}/{self.name}"


def fetch_hub_file(file: HubFile) -> Path:
    """Return the path of ``file`` in the cache of huggingface_hub, downloaded unless it is there.

    No token is sent, and no statistics are.

    Raises ``WeightsError`` when it cannot be fetched, or is not the pinned file, which is then removed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Imported here: half a second that only such weights need.
    from huggingface_hub import hf_hub_download

    try:
        path = Path(hf_hub_download(file.repo, file.name, revision=file.revision, token=False))
    except Exception as error:  # whatever the library raises, the user's remedy is the same
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        raise WeightsError(
            f"{file.address}: cannot be fetched ({type(error).__name__}: {reason}); expected a network connection. Try "
            "again, or download the file by other means and give its path."
        ) from error
    found = sha256_of(path)
    if found != file.sha256:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise WeightsError(
            f"{file.address}: the file's sha256 is {found}; expected {file.sha256}. It was damaged on the way or is "
            "another file, and was removed. Download it again."
        )
    return path
