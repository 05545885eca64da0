"""The licences that the user has accepted, in a file of the user's configuration folder."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError, unknown_name
from maskwright.files import home_folder, synchronise, writing
from maskwright.models.weights.licences import LICENCES, Licence


def acceptance_file() -> Path:
    """Return the path of the file: in ``$XDG_CONFIG_HOME/maskwright``, by default ``~/.config/maskwright``.

    A relative path in the variable counts for nothing, as the XDG Base Directory Specification has it.
    """
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    folder = configured if configured.is_absolute() else home_folder() / ".config"
    return folder / "maskwright" / "licences.json"


def accepted_licences() -> dict[str, str]:
    """Return when each accepted licence was accepted, in ISO 8601, by its name.

    Raises ``UsageError`` when the file is there and cannot be read.
    """
    path = acceptance_file()
    if not path.is_file():
        return {}
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))["accepted"]
        return {str(name): str(when) for name, when in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"{path}: is no list of accepted licences ({type(error).__name__}: {error}); expected what "
            "--accept-licence writes. Remove it, and accept the licences again."
        ) from error


def accept_licence(name: str) -> None:
    """Record that the user accepts the licence ``name`` of weights, once for all commands.

    Args:
        name: The name of a licence that ``maskwright models`` or ``maskwright weights list`` marks.

    Raises:
        UsageError: No licence has this name, or the file of accepted licences cannot be read.

    Example:
        >>> import maskwright as mw
        >>> mw.accept_licence("dinov3-license")  # doctest: +SKIP
    """
    marked = [known for known, licence in LICENCES.items() if licence.needs_acceptance]
    if name not in LICENCES:
        raise unknown_name("licence", name, marked)
    accepted = accepted_licences()
    if name in accepted or not LICENCES[name].needs_acceptance:
        return
    path = acceptance_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {"accepted": {**accepted, name: datetime.now(UTC).isoformat(timespec="seconds")}}
    with writing(path) as temporary:
        # Only its owner may read or change what the owner agreed to.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1) + "\n")
        synchronise([temporary])


def require_accepted(licence: Licence, what: str) -> None:
    """Raise ``UsageError`` when ``licence`` must be accepted first; ``what`` names the weights in the message."""
    if licence.needs_acceptance and licence.name not in accepted_licences():
        raise UsageError(
            f"{what}: licence {licence}; expected that you have accepted it. Read it, then add --accept-licence "
            f"{licence.name} once, or use other weights."
        )
