"""W&B in the tests: the real package where it is installed, else a stand-in; and what it wrote, read back.

The stand-in does what version 0.31 was seen to do with the few calls that Maskwright makes; it writes JSON lines.
"""

import importlib.util
import json
import os
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from maskwright.images.decode import read_image

REAL = importlib.util.find_spec("wandb") is not None
_BLOCK = 32768


@dataclass
class Run:
    """A run as it lies in its folder: by step the metrics, and the pictures ``(H, W, 3)``."""

    metrics: dict[int, dict[str, float]] = field(default_factory=dict)
    pictures: dict[int, dict[str, npt.NDArray[np.uint8]]] = field(default_factory=dict)


def install(monkeypatch: pytest.MonkeyPatch, stand_in: bool = not REAL, **changes: Any) -> ModuleType:
    """Make ``import wandb`` give the real package or the stand-in with ``changes``; no key, no mode, no network."""
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("WANDB_ERROR_REPORTING", "WANDB_SILENT"):
        monkeypatch.setenv(name, "unset")  # so that what the tracker sets is taken back
    if not stand_in:
        return importlib.import_module("wandb")
    module = ModuleType("wandb")
    content = {"Settings": Settings, "Image": StandInImage, "init": StandInRun, "teardown": lambda: None}
    content |= {"login": lambda prompt=True, verify=True: "WANDB_API_KEY" in os.environ, "inits": []}
    vars(module).update(content | changes)
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def read_runs(folder: Path) -> list[Run]:
    """Every offline run below ``folder``, the oldest first."""
    if REAL:  # whose service writes the end of a file some milliseconds after the run is finished
        importlib.import_module("wandb").teardown()
    found = sorted((folder / "wandb").glob("offline-run-*"), key=lambda path: (path.stat().st_ctime_ns, path.name))
    return [_read(path) for path in found]


def _read(folder: Path) -> Run:
    rows = folder / "history.jsonl"
    lines = map(json.loads, rows.read_text().splitlines()) if rows.is_file() else _real_history(folder)
    run = Run()
    for row in lines:
        step = row.pop("_step")
        shown = {key: value["path"] for key, value in row.items() if isinstance(value, dict)}
        run.pictures[step] = {key: read_image(folder / "files" / path) for key, path in shown.items()}
        run.metrics[step] = {k: float(v) for k, v in row.items() if k not in shown and not k.startswith("_")}
    return run


def _real_history(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a real run's file: records of Protocol Buffers in a log of LevelDB's format."""
    records = importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    content, position, record = next(folder.glob("*.wandb")).read_bytes(), 7, b""
    while position + 7 <= len(content):
        if (left := _BLOCK - position % _BLOCK) < 7:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", content[position : position + 7])
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or its last part
            if items := records.FromString(record).history.item:
                yield _row(items)
            record = b""


def _row(items: Any) -> dict[str, Any]:
    """One row of history; a picture's fields have keys of two levels or of one with a slash, whose end names them."""
    row: dict[str, Any] = {}
    for item in items:
        keys, value = list(item.nested_key) or [item.key], json.loads(item.value_json)
        if len(keys) > 1:
            row.setdefault(keys[0], {})[keys[1]] = value
        else:
            row[keys[0]] = value
    return row


class Settings(SimpleNamespace):
    """Refuses settings that it does not know."""

    model_fields = dict.fromkeys(
        ("silent", "console", "disable_git", "save_code", "init_timeout", "finish_timeout", "x_disable_stats")
    )

    def __init__(self, **values: Any) -> None:
        assert not values.keys() - self.model_fields.keys()
        super().__init__(**values)


class StandInImage:
    """Knows its picture."""

    def __init__(self, picture: Any) -> None:
        self.picture = picture


class StandInRun:
    """Merges what is logged at one step until it is committed; what comes for an earlier step is dropped."""

    def __init__(self, dir: str, mode: str, id: str, resume: str | None = None, **known: Any) -> None:
        assert mode == "offline"
        self.offline, self.id, self.known, self.step, self.row = True, id, known, 0, {}
        number = len(list(Path(dir).glob("wandb/offline-run-*")))
        self.folder = Path(dir) / "wandb" / f"offline-run-{number}-{id}"
        (self.folder / "files").mkdir(parents=True)
        sys.modules["wandb"].inits.append(self)

    def log(self, values: dict[str, Any], step: int, commit: bool) -> None:
        if step < self.step:
            return
        if step > self.step:
            self._write()
        self.step = step
        self.row |= {key: self._kept(key, value) for key, value in values.items()}
        if commit:
            self._write()
            self.step += 1

    def finish(self) -> None:
        self._write()

    def _kept(self, key: str, value: Any) -> Any:
        if not isinstance(value, StandInImage):
            return value
        name = f"{key.replace('/', '_')}_{self.step}.png"
        value.picture.save(self.folder / "files" / name)
        return {"_type": "image-file", "path": name}

    def _write(self) -> None:
        if self.row:
            with (self.folder / "history.jsonl").open("a") as file:
                file.write(json.dumps({**self.row, "_step": self.step}) + "\n")
        self.row = {}
