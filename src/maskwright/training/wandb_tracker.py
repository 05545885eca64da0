"""Weights & Biases (the package wandb): the run in its files, sent to its server only where that was asked for.

A training never waits for it and never ends because of it: what goes wrong is said once, and the other trackers go on.
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
    """A run of W&B: the ``id`` that it keeps when it is resumed, where it is listed, and the ``config`` shown there."""

    id: str
    project: str
    name: str
    mode: Mode
    config: Mapping[str, Any]


class WandbTracker:
    """A run of W&B in ``wandb/`` of a folder, and on its server in mode ``online``: step ``epoch`` has its metrics."""

    def __init__(self, folder: Path, wanted: WandbRun, say: Callable[[str], None]) -> None:
        """Begin or resume ``wanted``; offline where the server does not answer. ``say`` tells what goes wrong."""
        self._say = say
        self._wandb = load_wandb()
        self._run = self._begun(folder, wanted)
        # What a server has of a resumed run is not said to it again.
        self._first = self._run.step if self._run is not None else 0

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Log each defined metric at step ``epoch``."""
        values = {key: float(value) for key, value in metrics.items() if value is not None}
        self._tried(epoch, lambda run: run.log(values, step=epoch, commit=True))

    def show(self, epoch: int, pictures: Pictures) -> None:
        """Log each picture at step ``epoch``, which its metrics complete."""
        self._tried(epoch, lambda run: run.log(self._images(pictures), step=epoch, commit=False))

    def close(self) -> None:
        """Finish the run; online, what could not be sent in half a minute stays in its files."""
        self._tried(self._first, lambda run: run.finish())

    def _images(self, pictures: Pictures) -> dict[str, Any]:
        # By way of Pillow: of arrays, wandb guesses the range of the values.
        return {name: self._wandb.Image(Image.fromarray(rgb)) for name, rgb in pictures.items()}

    def _tried(self, epoch: int, action: Callable[[Any], None]) -> None:
        if self._run is None or epoch < self._first:
            return
        # Its service is a process of its own, which may die or lose its disk as any other.
        try:
            action(self._run)
        except Exception as error:
            self._run = None
            self._say(
                f"W&B failed ({_line(error)}); the training goes on without it. metrics.csv has every number, and a "
                "resumed training tells W&B all of them."
            )

    def _begun(self, folder: Path, wanted: WandbRun) -> Any:
        try:
            return self._init(folder, wanted)
        except Exception as error:
            # Else its service holds the id of the failed attempt. Where it died, there is nothing to end.
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
            # Offline there is nobody to ask what the run has already.
            resume="allow" if wanted.mode == "online" else None,
            # Those that begin with x_ are not promised to stay.
            settings=self._wandb.Settings(**{key: value for key, value in _SETTINGS.items() if key in known}),
        )


def load_wandb() -> ModuleType:
    """The package wandb, told to be quiet; ``UsageError`` with the remedy when it is not installed."""
    # Its reports on itself would go to its makers even offline; we send nothing.
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
    """Raise ``UsageError`` when W&B cannot be used in ``mode``: not installed, or no key for its server.

    Nobody is asked for a key, and the server is not asked whether it is right.
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
    """The mode that a recipe has ``chosen``, unless ``WANDB_MODE`` in the environment names another.

    Raises ``UsageError`` when that names none.
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
