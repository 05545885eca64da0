"""A run folder in use: create or open it, perform and record its stages, write its card."""

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from maskwright.errors import UsageError
from maskwright.files import write_json, write_text
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump, validate_recipe
from maskwright.recipes.schema import Recipe
from maskwright.run_folder import Card, RunFolder

_VERSIONS_OF = (
    "maskwright", "torch", "torchvision", "segmentation-models-pytorch", "timm", "lightning-fabric", "hotcoco",
    "numpy", "opencv-python-headless", "pillow",
)  # fmt: skip


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

    The keys ``train.device``, ``devices``, ``threads``, ``workers`` and ``save_every``, and
    ``data.allow_empty_classes``, may differ when a run is continued.

    Raises ``UsageError`` when the folder holds a run of another recipe, or other files.
    """
    file = RunFolder(path).recipe_file
    if file.is_file():
        changed = recipe_differences(open_run(path, reporter).recipe, recipe)
        if changed:
            raise UsageError(
                f"{path}: holds a run of another recipe (it differs in {', '.join(changed[:5])}); expected the same "
                "recipe to continue it. Choose another folder with --out."
            )
        _remove_leftovers(path)
    elif path.is_dir() and any(path.iterdir()):
        raise UsageError(f"{path}: is not empty and not a run folder. Choose another folder with --out.")
    write_text(file, dump(recipe))
    run = OpenRun(RunFolder(path), recipe, reporter)
    run.update_card(
        name=recipe.name,
        task=recipe.task,
        seed=recipe.seed,
        versions=installed_versions(),
        hardware=hardware(),
        command=" ".join(["maskwright", *sys.argv[1:]]),
    )
    return run


def open_run(path: Path, reporter: Reporter) -> OpenRun:
    """Open the run folder ``path``; raise ``UsageError`` when it is none."""
    file = RunFolder(path).recipe_file
    if not file.is_file():
        raise UsageError(
            f"{path}: is not a run folder (no recipe.yaml); expected a folder that `maskwright run` wrote."
        )
    return OpenRun(
        RunFolder(path), validate_recipe(yaml.safe_load(file.read_text(encoding="utf-8")), str(file)), reporter
    )


def _remove_leftovers(path: Path) -> None:
    """Remove the partial files of a killed process; see :mod:`maskwright.files`."""
    for file in path.rglob(".*.part"):
        if file.is_file():
            file.unlink(missing_ok=True)


def recipe_differences(before: Recipe, after: Recipe) -> list[str]:
    """Return the keys in which two recipes differ, without those on where a run is computed."""
    # ``auto`` is whatever suits the device, and earlier versions wrote what it is on a CPU.
    either = "auto" in (before.train.precision, after.train.precision)
    return _differences(_content(before, either), _content(after, either))


def _content(recipe: Recipe, any_precision: bool) -> dict[str, Any]:
    """Return the keys of the recipe that decide the result, defaults included, without those on where it runs."""
    content = recipe.model_dump(mode="json")
    for key in ("device", "devices", "threads", "workers", "save_every", *(["precision"] if any_precision else [])):
        content["train"].pop(key)
    content["data"].pop("allow_empty_classes")  # says whether to train, not what comes of it
    return content


def _differences(before: Any, after: Any, path: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(set(before) | set(after))
        found = [_differences(before.get(k), after.get(k), f"{path}.{k}" if path else k) for k in keys]
        return [difference for part in found for difference in part]
    return [] if before == after else [path]


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
