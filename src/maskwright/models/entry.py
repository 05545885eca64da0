"""Entries of the catalogue: how a model is built, which options it takes, and where its published weights are."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from torch import nn
from torchvision.models import WeightsEnum, get_model_weights

from maskwright.images.resize import ResizingRule
from maskwright.models.normalisation import IMAGENET, Normalisation
from maskwright.models.weights.download import Hash
from maskwright.models.weights.hub import HubFile, fetch_hub_file, pinned
from maskwright.models.weights.licences import NOT_STATED, Licence
from maskwright.models.weights.loading import StateDict, read_weights
from maskwright.models.weights.published_classes import class_names
from maskwright.models.weights.torchvision_files import hash_start
from maskwright.structures import Task

# The images that a network takes: of any size; of any size up to a square, in which it pads them; or squares, to which
# they are stretched.
InputShape = Literal["free", "padded-square", "square"]


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that can be fetched by name, and their address.

    ``download`` fetches them and returns their state dict. ``classes`` are the classes of the heads in order, without
    background; None for the weights of a backbone, which have no heads. ``hash`` is the start of the file's hash, None
    where the publisher gives none. ``normalisation`` is that of the images they were trained on; None for that of the
    entry. ``licence`` is that of the weights, not of the code. ``hub`` is their file on Hugging Face's hub, None where
    they are elsewhere. Where its hash is not known beforehand, :attr:`known_hash` is that of the first download.
    """

    download: Callable[[], StateDict]
    address: str
    classes: tuple[str, ...] | None = None
    hash: Hash | None = None
    normalisation: Normalisation | None = None
    licence: Licence = NOT_STATED
    hub: HubFile | None = None

    @property
    def known_hash(self) -> Hash | None:
        """The hash of the file: :attr:`hash`, or that of its first download on this machine; None where neither is."""
        recorded = pinned(self.hub).sha256 if self.hub is not None and self.hash is None else None
        return Hash("sha256", recorded) if recorded is not None else self.hash


@dataclass(frozen=True)
class ModelEntry:
    """A model of the catalogue.

    ``build(classes, **options)`` returns the module with random weights, for ``classes`` classes without background.
    ``renames`` are the ways in which the keys of a weights file may map to the module's (see
    :func:`maskwright.models.weights.loading.load_matching`). ``options`` are the names of the options. No other option
    reaches ``build``: model cards name them, and come from strangers. ``published`` has the weights by name. With
    ``background_first`` background is class 0 of the heads, otherwise it is their last class; with ``no_object_last``
    the last class is that of a query without an object, beside the background. ``resizing`` is the rule by which images
    are resized for the model. ``normalisation`` is that of its backbone's pretraining, which a training takes unless
    the recipe gives ``image_mean`` and ``image_std``; None for a model with options of its own for it.

    ``input_shape`` is what its network takes. A model with ``own_losses`` returns its losses in training, as all
    instance models do; others return what the loss of the recipe is computed from. Some parameters of a model with
    ``idle_parameters`` get no gradient in a step.
    """

    name: str
    task: Task
    summary: str
    build: Callable[..., nn.Module]
    renames: tuple[tuple[str, str], ...]
    options: tuple[str, ...]
    published: Mapping[str, PublishedWeights] = field(default_factory=dict)
    background_first: bool = True
    no_object_last: bool = False
    resizing: ResizingRule = "nearest"
    normalisation: Normalisation | None = IMAGENET
    input_shape: InputShape = "free"
    own_losses: bool = False
    idle_parameters: bool = False


def keyword_options(*builds: Callable[..., nn.Module]) -> tuple[str, ...]:
    """Return the sorted names of the keyword options of all ``builds``.

    The ``backbone`` that a ``partial`` fixes names the model and is no option. Other values that a ``partial`` sets are
    defaults, which a recipe may change.
    """
    return tuple(sorted({name for build in builds for name in _keywords(build)}))


def split_options(part: Callable[..., nn.Module], options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the ``options`` that ``part`` takes by keyword, and all others."""
    names = keyword_options(part)
    own = {name: value for name, value in options.items() if name in names}
    return own, {name: value for name, value in options.items() if name not in names}


def _keywords(build: Callable[..., nn.Module]) -> list[str]:
    """Return the names of the keyword-only parameters of ``build`` that are options."""
    fixed = build.keywords if isinstance(build, partial) else {}
    hidden = {"backbone"}.intersection(fixed)
    parameters = inspect.signature(build).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in hidden]


def torchvision_weights(weights: WeightsEnum) -> PublishedWeights:
    """Return the record of weights that torchvision publishes; torchvision fetches and verifies them."""
    names = class_names(weights)
    return PublishedWeights(
        partial(weights.get_state_dict, progress=True, check_hash=True),
        weights.url,
        tuple(names) if names is not None else None,
        Hash("sha256", hash_start(weights)),
    )


def hub_weights(
    file: HubFile, licence: Licence, classes: tuple[str, ...] | None = None, normalisation: Normalisation | None = None
) -> PublishedWeights:
    """Return the record of weights on Hugging Face's hub, which are fetched and verified when they are asked for.

    ``classes`` are those of the heads, None for the weights of a backbone.
    """
    return PublishedWeights(
        lambda: read_weights(fetch_hub_file(file)),
        file.address,
        classes,
        Hash("sha256", file.sha256) if file.sha256 is not None else None,
        normalisation,
        licence,
        file,
    )


def published_file(path: Path, known: Iterable[PublishedWeights]) -> PublishedWeights | None:
    """Return the one of ``known`` whose file is at ``path``, identified by its hash, or None."""
    found: dict[str, str] = {}
    for published in known:
        expected = published.known_hash
        if expected is None:
            continue
        if expected.kind not in found:  # a large file is read once for each kind of hash
            found[expected.kind] = expected.whole(path)
        if found[expected.kind].startswith(expected.start):
            return published
    return None


def imagenet(backbone: str) -> dict[str, PublishedWeights]:
    """Return torchvision's best ImageNet weights of its classifier ``backbone``, under the name ``imagenet``."""
    return {"imagenet": torchvision_weights(get_model_weights(backbone).DEFAULT)}  # type: ignore[attr-defined]
