"""The Weights & Biases (W&B) tracker, which writes local files and contacts a server only in mode ``online``.

A failure of W&B never stops a training: it is reported once, and the other trackers continue.
"""

import importlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from PIL import Image

from maskwright.errors import UsageError
from maskwright.training.trackers import Metrics, Pictures

Mode = Literal["offline", "online", "disabled"]

# The names that wandb takes in WANDB_MODE.
_MODES: dict[str, Mode] = {
    "offline": "offline",
    "dryrun": "offline",
    "online": "online",
    "run": "online",
    "disabled": "disabled",
}
_SECONDS_TO_BEGIN = 15.0
_SECONDS_TO_END = 30.0
# Only metrics and pictures: no console, source code, package list, hardware or load of the machine.
_SETTINGS = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "save_code": False,
    "init_timeout": _SECONDS_TO_BEGIN,
    "finish_timeout": _SECONDS_TO_END,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


@dataclass(frozen=True)
class WandbRun:
    """The settings of a W&B run.

    ``id`` stays the same when the run is resumed. W&B lists it as ``name`` in ``project`` and shows ``config``.
    """

    id: str
    project: str
    name: str
    mode: Mode
    config: Mapping[str, Any]


class WandbTracker:
    """A tracker that logs to a W&B run with files in ``wandb/`` of a folder, and on the server in mode ``online``.

    The step number is the epoch.
    """

    def __init__(self, folder: Path, wanted: WandbRun, say: Callable[[str], None]) -> None:
        """Start or resume the run ``wanted`` with files in ``folder``; failures are reported by ``say``.

        If the server does not answer in mode ``online``, the run continues offline. Raises ``UsageError`` when the
        package wandb is not installed.
        """
        self._say = say
        self._wandb = load_wandb()
        self._run = self._begun(folder, wanted)
        # Steps of a resumed run that the server already has are not sent again.
        self._first = self._run.step if self._run is not None else 0

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Log each defined metric at step ``epoch``. Epochs that the server already has are skipped."""
        values = {key: float(value) for key, value in metrics.items() if value is not None}
        self._tried(epoch, lambda run: run.log(values, step=epoch, commit=True))

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Log each picture at step ``epoch``, which :meth:`record` then completes."""
        self._tried(epoch, lambda run: run.log(self._images(pictures), step=epoch, commit=False))

    def close(self) -> None:
        """Finish the run. Online, what cannot be sent within 30 seconds stays in the local files."""
        self._tried(self._first, lambda run: run.finish())

    def _images(self, pictures: Pictures) -> dict[str, Any]:
        # As Pillow images, because wandb guesses the value range of arrays.
        return {name: self._wandb.Image(Image.fromarray(rgb)) for name, rgb in pictures.items()}

    def _tried(self, epoch: int, action: Callable[[Any], None]) -> None:
        if self._run is None or epoch < self._first:
            return
        # W&B's service is a separate process, which may die or run out of disk.
        try:
            action(self._run)
        except Exception as error:
            self._run = None
            self._say(
                f"W&B failed ({_line(error)}); the training goes on without it. metrics.csv has every number, and a "
                "resumed training logs them all to W&B."
            )

    def _begun(self, folder: Path, wanted: WandbRun) -> Any:
        try:
            return self._init(folder, wanted)
        except Exception as error:
            # Otherwise its service keeps the id of the failed attempt. A dead service needs no teardown.
            with suppress(Exception):
                self._wandb.teardown()
            if wanted.mode == "online":
                self._say(
                    f"W&B's server does not answer ({_line(error)}); the run is kept offline. Upload it later with: "
                    f"wandb sync {folder / 'wandb' / 'latest-run'}"
                )
                return self._begun(folder, replace(wanted, mode="offline"))
            self._say(f"W&B could not begin ({_line(error)}); the training goes on without it.")
            return None

    def _init(self, folder: Path, wanted: WandbRun) -> Any:
        known = self._wandb.Settings.model_fields
        return self._wandb.init(
            project=wanted.project,
            name=wanted.name,
            id=wanted.id,
            config=dict(wanted.config),
            dir=str(folder),
            mode=wanted.mode,
            # Offline there is no server to ask which steps the run has.
            resume="allow" if wanted.mode == "online" else None,
            # wandb may drop settings whose names begin with x_.
            settings=self._wandb.Settings(**{key: value for key, value in _SETTINGS.items() if key in known}),
        )


def load_wandb() -> ModuleType:
    """Return the package wandb, set to be quiet. Raises ``UsageError`` with the remedy when it is not installed."""
    # wandb would send reports of its own errors even offline.
    os.environ["WANDB_ERROR_REPORTING"] = "false"
    os.environ["WANDB_SILENT"] = "true"
    try:
        wandb = importlib.import_module("wandb")
    except ImportError as error:
        raise _not_installed(str(error)) from error
    if not hasattr(wandb, "init"):  # a folder of that name, such as runs leave, where Python looks for packages
        raise _not_installed("only a folder of that name was found")
    return wandb


def require_wandb(mode: Mode) -> None:
    """Raise ``UsageError`` when W&B cannot be used in ``mode``: it is not installed, or no key for its server is found.

    The user is not prompted for a key, and the key is not verified with the server.
    """
    if mode == "disabled":
        return
    wandb = load_wandb()
    if mode == "offline":
        return
    try:
        known = wandb.login(prompt=False, verify=False)
    except Exception as error:
        raise _no_key(_line(error)) from error
    if not known:
        raise _no_key("none was found")


def wandb_mode(chosen: Literal["offline", "online"]) -> Mode:
    """Return the mode: the recipe's ``chosen`` one, unless the environment variable ``WANDB_MODE`` names another.

    Raises ``UsageError`` when the variable holds an unknown name.
    """
    name = os.environ.get("WANDB_MODE", "").strip().lower()
    if name and name not in _MODES:
        raise UsageError(f"WANDB_MODE is '{name}' in the environment; expected offline, online or disabled.")
    return _MODES[name] if name else chosen


def _not_installed(found: str) -> UsageError:
    return UsageError(
        f"train.trackers names wandb, which is not installed ({found}). Install it with: "
        "pip install 'maskwright[track]', or leave wandb out of train.trackers."
    )


def _no_key(found: str) -> UsageError:
    return UsageError(
        f"W&B in mode online needs a key for its server ({found}); expected one in WANDB_API_KEY or from `wandb "
        "login`. Or keep the run offline with --set train.wandb.mode=offline, and upload it with `wandb sync`."
    )


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
