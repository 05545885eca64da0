"""Conversion of Detectron2's and torchvision's checkpoints to model files that name their classes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from maskwright.errors import UsageError, WeightsError, one_line, require_file
from maskwright.files import sha256_of
from maskwright.model_file import ModelCard, write_model_file
from maskwright.models import catalogue
from maskwright.models.detectron2.recognition import is_detectron2, recognise
from maskwright.models.published_weights import fetch_weights, list_weights
from maskwright.models.weights import torchvision_checkpoints
from maskwright.models.weights.loading import read_weights
from maskwright.models.weights.materials import described, file_materials
from maskwright.models.weights.published_classes import cityscapes_classes, class_names, coco_classes
from maskwright.models.weights.torchvision_files import apply_torchvision_fixes
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_files
from maskwright.progress import Reporter
from maskwright.recipes.schema import Input
from maskwright.structures import ClassTable

_SHORT, _LONGEST = 800, 1333
_CITYSCAPES_SHORT, _CITYSCAPES_LONGEST = 1024, 2048


@dataclass(frozen=True)
class Conversion:
    """The result of a conversion: the file that was written, and the model that the checkpoint belongs to.

    ``source`` is the name of the checkpoint's file, ``model`` its name in the catalogue, ``options`` the model's
    options. ``classes`` and ``tensors`` count classes and weights; ``settings`` names the entries that are settings,
    not weights.
    """

    source: str
    out: Path
    model: str
    options: dict[str, Any]
    classes: int
    tensors: int
    settings: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the fields for ``--json``."""
        return {**asdict(self), "out": str(self.out)}


@dataclass(frozen=True)
class _Content:
    """A recognised checkpoint: what a model file needs."""

    model: str
    options: dict[str, Any]
    table: ClassTable
    input: Input
    weights: Mapping[str, torch.Tensor]
    settings: list[str] = field(default_factory=list)


def convert_weights(
    source: str | Path,
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Conversion:
    """Write the model file ``out`` from a checkpoint of Detectron2 or torchvision.

    ``source`` is a file or the name of published weights. Every tensor of the checkpoint must have its place in the
    model, and every place its tensor. ``classes`` names the classes in the model's order. Without them the classes are
    COCO's 80 or Cityscapes' 8 where the count is right; for torchvision, those that it publishes. ``options`` are
    options of the model in the catalogue; they override those that the file implies. ``overwrite`` replaces ``out``
    where it exists, unless it is the source.

    Raises ``UsageError`` for a wrong name, option or count of classes, and when ``out`` is another file that exists.
    Raises ``WeightsError`` when the file is
    damaged, holds code, or does not hold exactly the weights of a known model.
    """
    if out.suffix != ".safetensors":
        raise UsageError(f"{out}: expected the name of a .safetensors file to write.")
    reporter = reporter or Reporter()
    path = _file_of(source, reporter)
    output = Output("weights convert", out, reporter.notice, [path], overwrite, option="OUT")
    output.require_possible(out)
    state = read_weights(path)
    content = _recognised(state, path, classes, options or {})
    _require_fit(content, path)
    card = ModelCard(
        name=content.model,
        task=catalogue.find_model(content.model).task,
        options=content.options,
        classes=content.table.to_json(),
        input=content.input.model_dump(),
        epoch=0,
        scores={},
        recipe="",
    )
    with output_files(output) as staging:
        materials = file_materials(content.model, path)
        write_model_file(staging / out.name, card, content.weights, _provenance(path), materials)
    count = len(content.table)
    return Conversion(path.name, out, content.model, content.options, count, len(content.weights), content.settings)


def _file_of(source: str | Path, reporter: Reporter) -> Path:
    """Return the path of ``source``, downloaded when it is the name of published weights and no file."""
    path = Path(source)
    if not path.exists() and str(source) in {weights["name"] for weights in list_weights()}:
        return fetch_weights(str(source), reporter)
    return require_file(path, "weights")


def _recognised(
    state: Mapping[str, torch.Tensor], path: Path, classes: Sequence[str] | None, options: Mapping[str, Any]
) -> _Content:
    """Return the model, options, classes and input size of the checkpoint ``state``."""
    if is_detectron2(state):
        zoo = recognise(state, str(path))
        table = _table(zoo.classes, classes, path)
        cityscapes = zoo.classes == len(cityscapes_classes())
        short, longest = (_CITYSCAPES_SHORT, _CITYSCAPES_LONGEST) if cityscapes else (_SHORT, _LONGEST)
        built = {"short_side": short, "longest": longest, **zoo.options, **options}
        size = Input(resize="short-side", size=built["short_side"], longest=built["longest"])
        return _Content(zoo.model, built, table, size, zoo.weights, zoo.settings)
    found = torchvision_checkpoints.match_torchvision_model(state)
    if found is None:
        shown = ", ".join(list(state)[:3])
        raise WeightsError(
            f"{path}: {len(state)} tensors ({shown}, …) that match no known model exactly; expected a Mask R-CNN or "
            "PointRend of Detectron2 with FPN, or a torchvision segmentation model. `maskwright weights list` names "
            "them. To start a training from other weights, give the file as model.weights."
        )
    matched = replace(found, weights=dict(apply_torchvision_fixes(found.weights, sha256_of(path))))
    published = class_names(torchvision_checkpoints.published_checkpoints()[matched.model]) or []
    table = _named_table(published if len(published) == matched.classes else None, matched.classes, classes, path)
    if catalogue.find_model(matched.model).task == "semantic":
        # The size of torchvision's own preprocessing for segmentation.
        return _Content(
            matched.model, {**matched.options, **options}, table, Input(resize="short-side", size=520), matched.weights
        )
    built = {"short_side": _SHORT, "longest": _LONGEST, **matched.options, **options}
    size = Input(resize="short-side", size=built["short_side"], longest=built["longest"])
    return _Content(matched.model, built, table, size, matched.weights)


def _table(count: int, classes: Sequence[str] | None, path: Path) -> ClassTable:
    """Return the classes of a Detectron2 model; COCO's carry their category ids."""
    coco = coco_classes()
    if classes is None and count == len(coco):
        return ClassTable.from_names(coco, [(number,) for number in coco.values()])
    known = cityscapes_classes()
    return _named_table(known if count == len(known) else None, count, classes, path)


def _named_table(known: Sequence[str] | None, count: int, classes: Sequence[str] | None, path: Path) -> ClassTable:
    """Return ``classes``, else the ``known`` ones; raise ``UsageError`` without names or with a wrong count."""
    names = known if classes is None else classes
    if names is None:
        raise UsageError(
            f"{path}: a model of {count} classes without their names; give them in its order with --classes "
            "NAME,NAME,… or a file of one name a line."
        )
    if len(names) != count:
        raise UsageError(f"{path}: a model of {count} classes; found {len(names)} names. Give one for each, in order.")
    return ClassTable.from_names(names)


def _require_fit(content: _Content, path: Path) -> None:
    """Raise ``WeightsError`` when the weights do not fit the model, which changed options can cause."""
    with torch.device("meta"):
        module = catalogue.create_model(content.model, len(content.table), content.options)
    try:
        module.load_state_dict(dict(content.weights), assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{path}: does not fit {content.model} with the options {content.options} ({one_line(error)}); expected "
            "every tensor to have its place. Leave the options out."
        ) from error


def _provenance(path: Path) -> dict[str, Any]:
    """Return the origin of the weights for the model file: file, hash and, if published, address and licence."""
    published = catalogue.identify_published_file(path)
    known = {"address": published.address, "licence": described(published.licence)["licence"]} if published else {}
    return {"file": path.name, "sha256": sha256_of(path), **known}
