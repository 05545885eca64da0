"""RF-DETR-Seg's published checkpoints, with their publisher's scores, and their download.

Addresses and MD5 are those of the publisher's package rfdetr 1.11.2 (``rfdetr/assets/model_weights.py``), mask AP on
COCO val2017 those of https://rfdetr.roboflow.com/latest/learn/benchmarks/. The publisher's licence for these sizes is
Apache-2.0.
"""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.hub import get_dir
from torch.serialization import safe_globals

from maskwright.models.entry import PublishedWeights
from maskwright.models.weights.download import Hash, Progress, download
from maskwright.models.weights.licences import LICENCES
from maskwright.models.weights.loading import require_no_bomb
from maskwright.models.weights.published_classes import coco_category_names
from maskwright.models.weights.transformers_names import library_names

_ROOT = "https://storage.googleapis.com/rfdetr/"


@dataclass(frozen=True)
class RfDetrCheckpoint:
    """The published checkpoint of the catalogue's ``model``: its ``file``, MD5, and mask AP on COCO in percent."""

    model: str
    file: str
    md5: str
    mask_ap: float

    @property
    def address(self) -> str:
        """Where the publisher has the file."""
        return _ROOT + self.file


RF_DETR_CHECKPOINTS: dict[str, RfDetrCheckpoint] = {
    checkpoint.model: checkpoint
    for checkpoint in (
        RfDetrCheckpoint("rf_detr_seg_nano", "rf-detr-seg-n-ft.pth", "9995497791d0ff1664a1d9ddee9cfd20", 40.3),
        RfDetrCheckpoint("rf_detr_seg_small", "rf-detr-seg-s-ft.pth", "0a2a3006381d0c42853907e700eadd08", 43.1),
        RfDetrCheckpoint("rf_detr_seg_medium", "rf-detr-seg-m-ft.pth", "a49af1562c3719227ad43d0ca53b4c7a", 45.3),
        RfDetrCheckpoint("rf_detr_seg_large", "rf-detr-seg-l-ft.pth", "275f7b094909544ed2841c94a677d07e", 47.1),
    )
}


def rf_detr_file(checkpoint: RfDetrCheckpoint, progress: Progress | None = None) -> Path:
    """Return the path of the published file of ``checkpoint``, downloaded unless it is there.

    The folder is torch's for checkpoints (``TORCH_HOME``). Raises ``WeightsError`` when the file cannot be fetched or
    is not the published one.
    """
    path = Path(get_dir()) / "checkpoints" / checkpoint.file
    return download(checkpoint.address, path, Hash("md5", checkpoint.md5), progress)


def published_rf_detr(model: str) -> dict[str, PublishedWeights]:
    """Return the published weights of the catalogue's ``model`` by name; empty where there are none."""
    checkpoint = RF_DETR_CHECKPOINTS.get(model)
    if checkpoint is None:
        return {}
    weights = PublishedWeights(
        partial(_weights, checkpoint),
        checkpoint.address,
        tuple(coco_category_names()),  # an output for each category id
        Hash("md5", checkpoint.md5),
        licence=LICENCES["apache-2.0"],
    )
    return {"coco": weights}


def read_rf_detr(path: Path) -> Mapping[str, torch.Tensor]:
    """Return the weights in a checkpoint of the publisher, under the library's names, without running code in it.

    Beside the weights it may hold the arguments of its training, an ``argparse.Namespace``: plain values.

    Raises ``WeightsError`` for a file that unpacks to more than its size, and what torch raises for a damaged one.
    """
    require_no_bomb(path)
    with safe_globals([Namespace]):
        content: Any = torch.load(path, "cpu", weights_only=True)
    return library_names(content["model"])


def _weights(checkpoint: RfDetrCheckpoint) -> Mapping[str, torch.Tensor]:
    return read_rf_detr(rf_detr_file(checkpoint))
