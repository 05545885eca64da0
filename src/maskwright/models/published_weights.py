"""Published weights: the list of known checkpoints with their publishers' scores, and their download."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.hub import get_dir

from maskwright.errors import unknown_name
from maskwright.models.detectron2.entries import zoo_file
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.weights import torchvision_checkpoints
from maskwright.models.weights.download import Hash, download
from maskwright.models.weights.torchvision_files import hash_start
from maskwright.progress import Reporter


def list_weights() -> list[dict[str, Any]]:
    """Return the known published checkpoints, each as a dictionary with its publisher's scores.

    ``box_AP``, ``mask_AP`` and ``mIoU`` are in percent, None where the publisher gives none. ``weights`` is the value
    of ``model.weights`` in a recipe whose ``model.name`` is ``model``.
    """
    found = [
        {
            "name": zoo.name,
            "publisher": "Detectron2",
            "model": zoo.model,
            "weights": zoo.tag,
            "trained_on": zoo.trained_on,
            "schedule": zoo.schedule,
            "box_AP": zoo.box_ap,
            "mask_AP": zoo.mask_ap,
            "mIoU": None,
            "licence": zoo.licence,
            "address": zoo.address,
        }
        for zoo in ZOO.values()
    ]
    for name, weights in torchvision_checkpoints.published_checkpoints().items():
        scores = next(iter(weights.meta["_metrics"].values()))
        found.append(
            {
                "name": f"torchvision_{name}",
                "publisher": "torchvision",
                "model": name,
                "weights": "coco",
                "trained_on": "COCO",
                "schedule": None,
                "box_AP": scores.get("box_map"),
                "mask_AP": scores.get("mask_map"),
                "mIoU": scores.get("miou"),
                "licence": None,
                "address": weights.url,
            }
        )
    return found


def fetch_weights(name: str, reporter: Reporter | None = None) -> Path:
    """Return the path of the published checkpoint ``name``, downloaded unless a right copy is there.

    The folder is torch's for downloaded checkpoints (``TORCH_HOME``, else ``~/.cache/torch``).

    Raises ``UsageError`` for an unknown name, ``WeightsError`` when the file cannot be fetched or is not the published
    one.
    """
    progress = _DownloadReporter(name, reporter or Reporter())
    if name in ZOO:
        return zoo_file(ZOO[name], progress)
    for model, weights in torchvision_checkpoints.published_checkpoints().items():
        if name == f"torchvision_{model}":
            file = weights.url.rpartition("/")[2]
            path = Path(get_dir()) / "checkpoints" / file
            return download(weights.url, path, Hash("sha256", hash_start(weights)), progress)
    raise unknown_name("published weights", name, [weights["name"] for weights in list_weights()])


@dataclass
class _DownloadReporter:
    """A progress callback that reports every 50 MB of a download."""

    name: str
    reporter: Reporter
    said: int = 0

    def __call__(self, have: int, whole: int | None) -> None:
        if have - self.said >= 50_000_000 or have == whole:
            self.said = have
            self.reporter.say(f"{self.name}: {have / 1e6:.0f}" + (f" of {whole / 1e6:.0f} MB" if whole else " MB"))
