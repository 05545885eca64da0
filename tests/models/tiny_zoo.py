"""Checkpoints of tiny networks, as Detectron2 writes them, and a publisher of one."""

import hashlib
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from maskwright.models import catalogue
from maskwright.models.detectron2.entries import detectron2_entries
from maskwright.models.detectron2.zoo import ZOO
from tests.file_server import Server, serving
from tests.models.detectron2.conftest import TINY, tiny

# What the tensors do not tell: what the tiny network was built with all the same.
SIZES = {"short_side": 64, "longest": 96, "anchor_sizes": TINY["anchor_sizes"], "score_threshold": 0.0,
         "proposals_test": TINY["proposals_test"]}  # fmt: skip


def checkpoint(path: Path, kind: str = "mask_rcnn", classes: int = 3, **more: Any) -> Path:
    """A Detectron2 checkpoint of a tiny network, as ``.pkl`` or ``.pth``."""
    state = tiny(kind, classes).state_dict()
    if path.suffix == ".pth":
        torch.save({"model": state | more, "iteration": 7, "optimizer": {"state": {}}}, path)
    else:
        arrays = {name: value.numpy() for name, value in state.items()}
        path.write_bytes(pickle.dumps({"model": arrays | more, "__author__": "Detectron2 Model Zoo"}, 3))
    return path


ZOO_NAME = "mask_rcnn_R_50_FPN_3x"


@contextmanager
def publishing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The publisher of ``ZOO_NAME``, here a tiny network of 80 classes; ``folder/home`` is where downloads go."""
    monkeypatch.setenv("TORCH_HOME", str(folder / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    content = checkpoint(folder / "published.pkl", classes=80).read_bytes()
    with serving(content) as server:
        server.name = f"model_final_{hashlib.md5(content).hexdigest()[:6]}.pkl"
        monkeypatch.setitem(ZOO, ZOO_NAME, replace(ZOO[ZOO_NAME], address=server.address))
        for entry in detectron2_entries():
            monkeypatch.setitem(catalogue.MODELS, entry.name, entry)
        yield server


def source_of(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["source"])
