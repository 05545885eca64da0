"""A run folder in use: create or open it, perform and record its stages, write its card."""

import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from maskwright.errors import UsageError, some_of
from maskwright.files import is_unfinished, remove_unfinished, write_json, write_text
from maskwright.outputs.staging import held_folder
from maskwright.parallel.torchrun import is_launched
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump, recipe_of_text
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import Card, RunFolder

_VERSIONS_OF = (
    "maskwright", "torch", "torchvision", "segmentation-models-pytorch", "timm", "lightning-fabric", "hotcoco",
    "numpy", "opencv-python-headless", "pillow",
)  # fmt: skip

# The keys of ``train`` that say where and how it runs, and not what it computes.
_FREE = ("device", "devices", "threads", "workers", "save_every")
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class OpenRun:
    """A run folder with its recipe, in which stages are performed.

    Of several processes that train together, only the main process writes files.
    """

    files: RunFolder
    recipe: Recipe
    reporter: Reporter
    is_main_process: bool = True

    @property
    def path(self) -> Path:
        """The path of the folder."""
        return self.files.folder

    def is_finished(self, stage: str) -> bool:
        """Return whether ``stage`` is recorded as finished."""
        return stage in self.files.stages

    def perform(self, stage: str, work: Callable[[], None]) -> None:
        """Do ``work`` unless ``stage`` is finished; then record the stage with its duration in seconds."""
        if self.is_finished(stage):
            self.reporter.say(f"{stage}: already finished, skipped")
            return
        started = time.monotonic()
        work()
        seconds = round(time.monotonic() - started, 2)
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        write_json(self.files.stages_file, {**self.files.stages, stage: {"finished": finished, "seconds": seconds}})
        self.update_card(seconds={name: entry["seconds"] for name, entry in self.files.stages.items()})
        self.reporter.say(f"{stage}: done in {seconds:.0f} s")

    def reset_stages(self, stages: Sequence[str]) -> None:
        """Remove ``stages`` from the record of finished stages, so that they are done again."""
        write_json(self.files.stages_file, {k: v for k, v in self.files.stages.items() if k not in stages})

    def card(self) -> Card:
        """Return the content of ``card.json`` so far."""
        return self.files.card

    def update_card(self, **entries: Any) -> None:
        """Set entries of ``card.json``, see :class:`~maskwright.run_folder.Card`; only the main process writes."""
        if self.is_main_process:
            write_json(self.files.card_file, {**self.files.card, **entries})


def create_run(recipe: Recipe, path: Path, reporter: Reporter) -> OpenRun:
    """Create the run folder ``path`` for ``recipe``, or open it to continue a run of the same recipe.

    A run whose training has not begun continues with another recipe too: what was done before is done again.

    Raises the errors of :func:`require_run_folder`.
    """
    files = RunFolder(path)
    changed = require_run_folder(recipe, path)
    remove_unfinished(path)
    if changed:
        reporter.notice(
            f"{path}: its training had not begun; the run starts again with the changed recipe, which "
            f"{_listed(changed)}."
        )
        _forget_stages(files)
    write_text(files.recipe_file, dump(recipe))
    run = OpenRun(files, recipe, reporter)
    run.update_card(
        name=recipe.name,
        task=recipe.task,
        seed=recipe.seed,
        versions=installed_versions(),
        hardware=hardware(),
        command=" ".join(["maskwright", *sys.argv[1:]]),
    )
    return run


def require_run_folder(recipe: Recipe, path: Path) -> list[str]:
    """Return what differs from the recipe of a run in ``path`` whose training has not begun; nothing in a new folder.

    The keys ``train.device``, ``devices``, ``threads``, ``workers`` and ``save_every``, and
    ``data.allow_empty_classes``, may differ in any run.

    Raises ``UsageError`` when the training of another recipe has begun in ``path``, or ``path`` holds other files.
    """
    file = RunFolder(path).recipe_file
    if not file.is_file():
        if path.is_dir() and any(not is_unfinished(entry) for entry in path.iterdir()):
            raise UsageError(f"{path}: is not empty and not a run folder. Choose another folder with --out.")
        return []
    before = open_run(path, Reporter(quiet=True)).recipe
    _require_own(path, before)
    changed = [f"{key} ({_shown(one)}, now {_shown(two)})" for key, one, two in _all_differences(before, recipe)]
    if changed and _has_begun(path):
        free = ", ".join([*(f"train.{key}" for key in _FREE), "data.allow_empty_classes"])
        raise UsageError(
            f"{path}: holds a run of another recipe (it {_listed(changed)}); expected the same recipe to continue it. "
            f"Only these may differ: {free}. Undo the changes, or choose another folder with --out."
        )
    return changed


def _require_own(path: Path, recipe: Recipe) -> None:
    """Raise ``UsageError`` when ``recipe`` in ``path`` is a file of the user's, which a run would replace."""
    files = RunFolder(path)
    if not files.card_file.is_file() and files.recipe_file.read_text(encoding="utf-8") != dump(recipe):
        raise UsageError(
            f"{files.recipe_file}: was not written by a run (there is no card.json beside it); expected a run folder, "
            "or an empty one. Choose another folder with --out."
        )


def _has_begun(path: Path) -> bool:
    """Return whether the run in ``path`` has trained: whether there is a checkpoint, or one that was being written."""
    files = RunFolder(path)
    return "train" in files.stages or (files.checkpoints.is_dir() and any(files.checkpoints.iterdir()))


def _forget_stages(files: RunFolder) -> None:
    """Remove what the stages before a training wrote for another recipe."""
    for file in (files.stages_file, files.card_file, files.audit_file, files.statistics_file):
        file.unlink(missing_ok=True)
    shutil.rmtree(files.folder / "masks", ignore_errors=True)


def open_run(path: Path, reporter: Reporter) -> OpenRun:
    """Open the run folder ``path``; raise ``UsageError`` when it is none."""
    file = RunFolder(path).recipe_file
    if not file.is_file():
        raise UsageError(
            f"{path}: is not a run folder (no recipe.yaml); expected a folder that `maskwright run` wrote."
        )
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8 text ({error}); expected the recipe of the run.") from error
    return OpenRun(RunFolder(path), recipe_of_text(text, str(file)), reporter)


def held_run(folder: Path, nodes: int = 1) -> AbstractContextManager[None]:
    """Return a context in which no other command works in the run ``folder``.

    Of the processes that torchrun launched, and of several machines, none holds it, as they work in it together.

    Raises ``UsageError`` when another one does.
    """
    return nullcontext() if is_launched() or nodes > 1 else held_folder(folder)


def recipe_differences(before: Recipe, after: Recipe) -> list[str]:
    """Return the keys in which two recipes differ, without those on where a run is computed."""
    return [key for key, _, _ in _all_differences(before, after)]


def _all_differences(before: Recipe, after: Recipe) -> list[tuple[str, Any, Any]]:
    # ``auto`` is whatever suits the device, and earlier versions wrote what it is on a CPU.
    either = "auto" in (before.train.precision, after.train.precision)
    return _differences(_content(before, either), _content(after, either))


def _content(recipe: Recipe, any_precision: bool) -> dict[str, Any]:
    """Return the keys of the recipe that decide the result, defaults included, without those on where it runs."""
    content = recipe.model_dump(mode="json")
    for key in (*_FREE, *(["precision"] if any_precision else [])):
        content["train"].pop(key)
    content["data"].pop("allow_empty_classes")  # says whether to train, not what comes of it
    return content


def _differences(before: Any, after: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Return each key that differs, with both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(set(before) | set(after))
        found = [_differences(before.get(k), after.get(k), f"{path}.{k}" if path else k) for k in keys]
        return [difference for part in found for difference in part]
    return [] if before == after else [(path, before, after)]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _listed(changed: Sequence[str]) -> str:
    return f"differs in {some_of(changed)}"


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on, by name."""
    found = {"python": platform.python_version()}
    for package in _VERSIONS_OF:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """Return the processor, system, cores and memory (GiB) of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    return {
        "device": "cpu",
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(terse=True),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1) if memory else None,
    }
