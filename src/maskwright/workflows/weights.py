"""Published weights: which are known, fetching them, and making model files of Detectron2's and torchvision's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch.hub import get_dir

from maskwright.errors import UsageError, WeightsError, require_file, unknown_name
from maskwright.files import write_bytes
from maskwright.models import catalogue
from maskwright.models.detectron2.entries import zoo_file
from maskwright.models.detectron2.recognition import is_detectron2, recognise
from maskwright.models.detectron2.zoo import ZOO
from maskwright.models.download import Hash, download
from maskwright.models.published_classes import cityscapes_classes, class_names, coco_classes
from maskwright.models.torchvision_files import as_built, file_hash, hash_start
from maskwright.models.weights import read_weights
from maskwright.progress import Reporter
from maskwright.recipes.schema import Input
from maskwright.reports.tables import Table
from maskwright.reports.terminal import text_lines
from maskwright.structures import ClassTable
from maskwright.training.checkpoint import CARD_KEY, ModelCard
from maskwright.workflows import torchvision_weights

SOURCE_KEY = "source"
_SHORT, _LONGEST = 800, 1333
_CITYSCAPES_SHORT, _CITYSCAPES_LONGEST = 1024, 2048


@dataclass(frozen=True)
class Conversion:
    """What became of a checkpoint: the model it is of, and how many of its entries were weights and settings."""

    source: str
    out: Path
    model: str
    options: dict[str, Any]
    classes: int
    tensors: int
    settings: list[str]

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {**asdict(self), "out": str(self.out)}


@dataclass(frozen=True)
class _Content:
    """A checkpoint recognised: enough for a model file."""

    model: str
    options: dict[str, Any]
    table: ClassTable
    input: Input
    weights: Mapping[str, torch.Tensor]
    settings: list[str] = field(default_factory=list)


def list_weights() -> list[dict[str, Any]]:
    """The published checkpoints that are known, with their publishers' figures in percent; None where none is given.

    ``weights`` is what ``model.weights`` of a recipe calls them when ``model.name`` is ``model``.
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
    for name, weights in torchvision_weights.published().items():
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


def weights_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The list as a table for a terminal, without addresses."""
    columns = ("name", "trained_on", "schedule", "box_AP", "mask_AP", "mIoU", "licence")
    rows = [["" if weights[column] is None else str(weights[column]) for column in columns] for weights in found]
    return text_lines(Table([column.replace("_", " ") for column in columns], rows))


def fetch_weights(name: str, reporter: Reporter | None = None) -> Path:
    """The file of the published checkpoint ``name``, fetched unless it is there and right.

    It lies where torch keeps downloaded checkpoints (``TORCH_HOME``, else ``~/.cache/torch``).

    Raises ``UsageError`` for an unknown name, ``WeightsError`` when it cannot be fetched or is not what was published.
    """
    told = _Told(name, reporter or Reporter())
    if name in ZOO:
        return zoo_file(ZOO[name], told)
    for model, weights in torchvision_weights.published().items():
        if name == f"torchvision_{model}":
            file = weights.url.rpartition("/")[2]
            path = Path(get_dir()) / "checkpoints" / file
            return download(weights.url, path, Hash("sha256", hash_start(weights)), told)
    raise unknown_name("published weights", name, [weights["name"] for weights in list_weights()])


@dataclass
class _Told:
    """Says now and then how much of a download has come."""

    name: str
    reporter: Reporter
    said: int = 0

    def __call__(self, have: int, whole: int | None) -> None:
        if have - self.said >= 50_000_000 or have == whole:
            self.said = have
            self.reporter.say(f"{self.name}: {have / 1e6:.0f}" + (f" of {whole / 1e6:.0f} MB" if whole else " MB"))


def convert_weights(
    source: str | Path,
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    reporter: Reporter | None = None,
) -> Conversion:
    """Make the model file ``out`` of a checkpoint of Detectron2 or torchvision: a file, or a published name.

    Every tensor of it must have its place in the model, and every place its tensor. ``classes`` names the classes in
    the model's order; without, they are COCO's 80 or Cityscapes' 8 (torchvision: those it publishes) where there are
    as many. ``options`` are options of the model in the catalogue, over those that the file tells.

    Raises ``UsageError`` for a wrong name, option or count of classes; ``WeightsError`` when the file is damaged, holds
    code, or is not exactly the weights of a model that is known.
    """
    if out.suffix != ".safetensors":
        raise UsageError(f"{out}: expected the name of a .safetensors file to write.")
    path = _file_of(source, reporter or Reporter())
    state = read_weights(path)
    content = _recognised(state, path, classes, options or {})
    _require_fit(content, path)
    card = ModelCard(
        name=content.model,
        task=catalogue.find(content.model).task,
        options=content.options,
        classes=content.table.to_json(),
        input=content.input.model_dump(),
        epoch=0,
        scores={},
        recipe="",
    )
    weights = {name: value.contiguous() for name, value in content.weights.items()}
    metadata = {CARD_KEY: json.dumps(asdict(card)), SOURCE_KEY: json.dumps(_provenance(path))}
    write_bytes(out, save(weights, metadata))
    count = len(content.table)
    return Conversion(path.name, out, content.model, content.options, count, len(weights), content.settings)


def _file_of(source: str | Path, reporter: Reporter) -> Path:
    path = Path(source)
    if not path.exists() and str(source) in {weights["name"] for weights in list_weights()}:
        return fetch_weights(str(source), reporter)
    return require_file(path, "weights")


def _recognised(
    state: Mapping[str, torch.Tensor], path: Path, classes: Sequence[str] | None, options: Mapping[str, Any]
) -> _Content:
    if is_detectron2(state):
        zoo = recognise(state, str(path))
        table = _table(zoo.classes, classes, path)
        cityscapes = zoo.classes == len(cityscapes_classes())
        short, longest = (_CITYSCAPES_SHORT, _CITYSCAPES_LONGEST) if cityscapes else (_SHORT, _LONGEST)
        built = {"short_side": short, "longest": longest, **zoo.options, **options}
        size = Input(resize="short-side", size=built["short_side"], longest=built["longest"])
        return _Content(zoo.model, built, table, size, zoo.weights, zoo.settings)
    found = torchvision_weights.match(state)
    if found is None:
        shown = ", ".join(list(state)[:3])
        raise WeightsError(
            f"{path}: {len(state)} tensors ({shown}, …) that are exactly those of no model known; expected a Mask "
            "R-CNN or PointRend of Detectron2 with FPN, or a torchvision segmentation model. `maskwright weights list` "
            "names them. To start a training from other weights, give the file as model.weights."
        )
    matched = replace(found, weights=dict(as_built(found.weights, file_hash(path))))
    published = class_names(torchvision_weights.published()[matched.model]) or []
    table = _named_table(published if len(published) == matched.classes else None, matched.classes, classes, path)
    if catalogue.find(matched.model).task == "semantic":
        # The size of torchvision's own preprocessing for segmentation.
        return _Content(
            matched.model, {**matched.options, **options}, table, Input(resize="short-side", size=520), matched.weights
        )
    built = {"short_side": _SHORT, "longest": _LONGEST, **matched.options, **options}
    size = Input(resize="short-side", size=built["short_side"], longest=built["longest"])
    return _Content(matched.model, built, table, size, matched.weights)


def _table(count: int, classes: Sequence[str] | None, path: Path) -> ClassTable:
    """The classes of a Detectron2 model; COCO's carry their ids."""
    coco = coco_classes()
    if classes is None and count == len(coco):
        return ClassTable.from_names(coco, [(number,) for number in coco.values()])
    known = cityscapes_classes()
    return _named_table(known if count == len(known) else None, count, classes, path)


def _named_table(known: Sequence[str] | None, count: int, classes: Sequence[str] | None, path: Path) -> ClassTable:
    names = known if classes is None else classes
    if names is None:
        raise UsageError(
            f"{path}: a model of {count} classes, whose names the file does not tell; give them in its order with "
            "--classes NAME,NAME,… or a file of one name a line."
        )
    if len(names) != count:
        raise UsageError(f"{path}: a model of {count} classes; found {len(names)} names. Give one for each, in order.")
    return ClassTable.from_names(names)


def _require_fit(content: _Content, path: Path) -> None:
    """Refuse what the model file could not be loaded with; changed options can do that."""
    with torch.device("meta"):
        module = catalogue.build(content.model, len(content.table), content.options)
    try:
        module.load_state_dict(dict(content.weights), assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"{path}: does not fit {content.model} with the options {content.options} ({error}); expected every tensor "
            "to have its place. Leave the options out."
        ) from error


def _provenance(path: Path) -> dict[str, Any]:
    """What the model file says of where its weights are from."""
    published = catalogue.published_as(path)
    licences = {model.address: model.licence for model in ZOO.values()}
    known = {"address": published.address, "licence": licences.get(published.address)} if published else {}
    return {"file": path.name, "sha256": file_hash(path), **known}
