"""The bill of materials of a model: the code that it is built from, its starting weights, and the licence of each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.model_file import read_card, read_materials
from maskwright.models.catalogue import (
    find_model,
    find_published_weights,
    identify_published_file,
    is_file,
    option_names,
)
from maskwright.models.entry import ModelEntry, PublishedWeights
from maskwright.models.weights.acceptance import accepted_licences, require_accepted
from maskwright.models.weights.hub import pinned
from maskwright.models.weights.licences import CODE_LICENCES, LICENCES, NOT_STATED, Licence
from maskwright.models.weights.stated_licences import stated_licence

# Code, weights of a whole model, weights of a backbone, or data that the model was trained on.
Material = dict[str, Any]

_TRANSFORMERS = ("rf_detr", "eomt", "mask2former", "segformer")
_OWN = ("detectron2_", "residual_attention_unet")


def code_licences(name: str) -> dict[str, str]:
    """Return the licence of each part of the code of the model ``name``, by the name of the library."""
    parts = ["maskwright"]
    if name.startswith("smp:"):
        encoder = name.partition("/")[2]
        parts += ["segmentation-models-pytorch", *(["timm"] if encoder.startswith(("tu-", "timm-")) else [])]
        parts += ["mix_transformer.py"] if encoder.startswith("mit_") else []
    elif name.startswith(_TRANSFORMERS):
        parts.append("transformers")
    elif not name.startswith(_OWN):
        parts.append("torchvision")
    if "timm:" in name:
        parts.append("timm")
    return {part: CODE_LICENCES[part] for part in parts}


def model_record(entry: ModelEntry) -> dict[str, Any]:
    """Return what is listed of ``entry``: its name, task, summary, published weights by name, options and licences."""
    return {
        "name": entry.name,
        "task": entry.task,
        "summary": entry.summary,
        "weights": sorted(entry.published),
        "options": option_names(entry),
        "licences": licences_of(entry.name),
    }


def licences_of(name: str) -> dict[str, dict[str, Any]]:
    """Return the licences of the model ``name``: of its ``code`` by library, and of its published ``weights`` by name.

    Those of weights have the ``name`` by which they are accepted, their title as ``licence``, None where none is
    stated, their ``terms`` and their ``address``.
    """
    published = find_model(name).published
    weights = {tag: described(published[tag].licence) for tag in sorted(published)}
    return {"code": code_licences(name), "weights": weights}


def described(licence: Licence) -> dict[str, str | None]:
    """Return the fields of ``licence`` for ``--json``."""
    title = None if licence is NOT_STATED else licence.title
    return {"name": licence.name, "licence": title, "terms": licence.terms, "address": licence.address}


def starting_materials(name: str, weights: str) -> list[Material]:
    """Return the bill of materials of the model ``name`` that starts from ``weights`` (``model.weights`` of a recipe).

    Each material has ``part`` (``code``, ``weights``, ``backbone`` or ``data``), ``name``, ``licence`` (None where none
    is stated) and ``terms``; weights have their ``address`` or ``file`` too, those of the hub their ``sha256``, and
    ``accepted``, when the user accepted the licence. A model file hands on those of its own bill but the code.
    """
    return [*map(_code, code_licences(name).items()), *_weights(name, weights)]


def _code(part: tuple[str, str]) -> Material:
    name, title = part
    terms = "non-commercial" if "non-commercial" in title else "open"
    return {"part": "code", "name": name, "licence": title, "terms": terms}


def require_licences(name: str, weights: str) -> None:
    """Raise ``UsageError`` when the starting ``weights`` of the model ``name`` have a licence that is not accepted."""
    for material in _weights(name, weights):
        if material.get("part") == "data":  # what may be done with data is between the user and who gave them
            continue
        require_accepted(_licence(material), f"model.weights={weights} of {name} ({material.get('name')})")


def _weights(name: str, weights: str) -> list[Material]:
    if weights == "none":
        return []
    path = Path(weights)
    if is_file(weights) and read_card(path) is not None:
        handed_on = [_handed_on(each) for each in read_materials(path) if each.get("part") != "code"]
        return handed_on or [_material("weights", path.name, NOT_STATED, file=path.name)]
    published = find_published_weights(name, weights)
    if published is None:
        return [_file_material(path)] if is_file(weights) else []
    return [published_material(published, path.name if is_file(weights) else f"{weights} of {name}")]


def _handed_on(material: Mapping[str, str | None]) -> Material:
    """Return the ``material`` of another model with the time at which the user of this machine accepted its licence."""
    licence = _licence(material)
    accepted = {"accepted": accepted_licences().get(licence.name)} if licence.needs_acceptance else {}
    return {**material, **accepted}


def published_material(published: PublishedWeights, name: str) -> Material:
    """Return the material of published weights called ``name``."""
    part = "backbone" if published.classes is None else "weights"
    if published.hub is None:
        return _material(part, name, published.licence, address=published.address)
    file = pinned(published.hub)
    return _material(part, name, published.licence, address=file.address, sha256=file.sha256)


def _file_material(path: Path) -> Material:
    """Return the material of a file that is not known by its hash, with the licence that is stated near it."""
    return _material("weights", path.name, stated_licence(path), file=path.name)


def file_materials(model: str, path: Path) -> list[Material]:
    """Return the bill of materials of the model ``model`` whose weights are the file at ``path``, as they are."""
    published = identify_published_file(path)
    weights = published_material(published, path.name) if published is not None else _file_material(path)
    return [*starting_materials(model, "none"), weights]


def _material(part: str, name: str, licence: Licence, **more: Any) -> Material:
    title = None if licence is NOT_STATED else licence.title
    accepted = {"accepted": accepted_licences().get(licence.name)} if licence.needs_acceptance else {}
    return {"part": part, "name": name, "licence": title, "terms": licence.terms, **more, **accepted}


def _licence(material: Mapping[str, Any]) -> Licence:
    """Return the licence of a material; of a title that is unknown here, ``NOT_STATED``."""
    known = {licence.title: licence for licence in LICENCES.values()}
    return known.get(str(material.get("licence")), NOT_STATED)
