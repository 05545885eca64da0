"""Published weights: the list of known checkpoints with their publishers' scores, and their download."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.hub import get_dir

from maskwright.errors import unknown_name
from maskwright.models import catalogue
from maskwright.models.detectron2.entries import zoo_file
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.entry import PublishedWeights
from maskwright.models.transformers.hub_checkpoints import hub_checkpoint
from maskwright.models.transformers.rf_detr_checkpoints import RF_DETR_CHECKPOINTS, rf_detr_file
from maskwright.models.weights import torchvision_checkpoints
from maskwright.models.weights.acceptance import require_accepted
from maskwright.models.weights.download import Hash, download
from maskwright.models.weights.hub import fetch_hub_file
from maskwright.models.weights.licences import NOT_STATED, Licence, licence_titled
from maskwright.models.weights.materials import code_licences, described
from maskwright.models.weights.torchvision_files import hash_start
from maskwright.progress import Reporter


def list_weights() -> list[dict[str, Any]]:
    """Return the known published checkpoints, each as a dictionary with its publisher's scores.

    ``box_AP``, ``mask_AP`` and ``mIoU`` are in percent, None where the publisher gives none. ``weights`` is the value
    of ``model.weights`` in a recipe whose ``model.name`` is ``model``. ``licence`` is that of the weights, None where
    the publisher states none; ``accept`` is the name by which it must be accepted first, or None. ``code`` are the
    licences of the code by library.
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
            **_licence_columns(licence_titled(zoo.licence), zoo.model),
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
                **_licence_columns(NOT_STATED, name),
                "address": weights.url,
            }
        )
    found += [
        {
            "name": name,
            "publisher": "Roboflow",
            "model": name,
            "weights": "coco",
            "trained_on": "COCO",
            "schedule": None,
            "box_AP": None,
            "mask_AP": checkpoint.mask_ap,
            "mIoU": None,
            **_licence_columns(catalogue.MODELS[name].published["coco"].licence, name),
            "address": checkpoint.address,
        }
        for name, checkpoint in RF_DETR_CHECKPOINTS.items()
    ]
    found += [
        {
            "name": name,
            "model": model,
            "weights": tag,
            "schedule": None,
            "box_AP": None,
            **_hub_columns(model, tag),
            **_licence_columns(published.licence, model),
            "address": published.address,
        }
        for name, (model, tag, published) in _on_the_hub().items()
    ]
    return found


def _hub_columns(model: str, tag: str) -> dict[str, Any]:
    """Return the columns of weights on the hub that their publisher gives, None where it is not known."""
    known = hub_checkpoint(model, tag)
    score = known.score if known is not None else None
    return {
        "publisher": known.publisher if known is not None else "Hugging Face",
        "trained_on": {"coco": "COCO", "ade20k": "ADE20K"}.get(tag) if known is not None else None,
        "mask_AP": score if tag == "coco" else None,
        "mIoU": score if tag != "coco" else None,
    }


def _on_the_hub() -> dict[str, tuple[str, str, PublishedWeights]]:
    """Return the weights of whole models on Hugging Face's hub, with their model and tag, by a name of both."""
    return {
        f"{entry.name}/{tag}": (entry.name, tag, published)
        for entry in catalogue.MODELS.values()
        for tag, published in entry.published.items()
        if published.hub is not None and tag != "imagenet"
    }


def _licence_columns(licence: Licence, model: str) -> dict[str, Any]:
    found = described(licence)
    accept = licence.name if licence.needs_acceptance else None
    return {"licence": found["licence"], "terms": licence.terms, "accept": accept, "code": code_licences(model)}


def fetch_weights(name: str, reporter: Reporter | None = None) -> Path:
    """Return the path of the published checkpoint ``name``, downloaded unless a right copy is there.

    The folder is torch's for downloaded checkpoints (``TORCH_HOME``, else ``~/.cache/torch``), or huggingface_hub's.

    Raises ``UsageError`` for an unknown name, and for a licence that must be accepted first; ``WeightsError`` when the
    file cannot be fetched or is not the published one.
    """
    on_hub = _on_the_hub().get(name)
    if on_hub is not None and (file := on_hub[2].hub) is not None:
        require_accepted(on_hub[2].licence, f"the weights {name}")
        return fetch_hub_file(file)
    progress = _DownloadReporter(name, reporter or Reporter())
    if name in ZOO:
        return zoo_file(ZOO[name], progress)
    if name in RF_DETR_CHECKPOINTS:
        return rf_detr_file(RF_DETR_CHECKPOINTS[name], progress)
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
