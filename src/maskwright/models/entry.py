"""What the catalogue knows about a model: how it is built, and where its published weights come from."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn
from torchvision.models import WeightsEnum, get_model_weights

from maskwright.models.weights.download import Hash
from maskwright.models.weights.loading import StateDict
from maskwright.models.weights.published_classes import class_names
from maskwright.models.weights.torchvision_files import hash_start
from maskwright.structures import Task


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that can be fetched by name, and where they lie.

    ``classes`` are those of the heads in their order; None for a backbone's weights, which have no heads. ``hash`` is
    how that of the file begins, where its publisher says.
    """

    download: Callable[[], StateDict]
    address: str
    classes: tuple[str, ...] | None = None
    hash: Hash | None = None


@dataclass(frozen=True)
class ModelEntry:
    """A model of the catalogue.

    ``build(classes, **options)`` gives the module with random weights. ``renames`` are the ways in which a weights
    file's keys may map to the module's (see :func:`maskwright.models.weights.loading.load_matching`). ``options`` are
    the names of the options, None where the library that builds the model takes any. The heads have the background
    before the classes or, not ``background_first``, after them.
    """

    name: str
    task: Task
    summary: str
    build: Callable[..., nn.Module]
    renames: tuple[tuple[str, str], ...]
    options: tuple[str, ...] | None
    published: Mapping[str, PublishedWeights] = field(default_factory=dict)
    background_first: bool = True


def keyword_options(*builds: Callable[..., nn.Module]) -> tuple[str, ...]:
    """The names of the keyword options of the ``builds`` together.

    What names the model (its ``backbone``) is no option; other values that a ``partial`` presets are defaults that a
    recipe may change.
    """
    return tuple(sorted({name for build in builds for name in _keywords(build)}))


def split_options(part: Callable[..., nn.Module], options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ``options`` that ``part`` takes by keyword, and all others."""
    names = keyword_options(part)
    own = {name: value for name, value in options.items() if name in names}
    return own, {name: value for name, value in options.items() if name not in names}


def _keywords(build: Callable[..., nn.Module]) -> list[str]:
    fixed = build.keywords if isinstance(build, partial) else {}
    hidden = {"backbone"}.intersection(fixed)
    parameters = inspect.signature(build).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in hidden]


def torchvision_weights(weights: WeightsEnum) -> PublishedWeights:
    """Weights that torchvision publishes, fetched and verified by it."""
    names = class_names(weights)
    return PublishedWeights(
        partial(weights.get_state_dict, progress=True, check_hash=True),
        weights.url,
        tuple(names) if names is not None else None,
        Hash("sha256", hash_start(weights)),
    )


def published_file(path: Path, known: Iterable[PublishedWeights]) -> PublishedWeights | None:
    """The one of ``known`` whose file lies at ``path``, under whatever name; None when none is."""
    found: dict[str, str] = {}
    for published in known:
        expected = published.hash
        if expected is None:
            continue
        if expected.kind not in found:  # a large file is read once for each kind of hash
            found[expected.kind] = expected.whole(path)
        if found[expected.kind].startswith(expected.start):
            return published
    return None


def imagenet(backbone: str) -> dict[str, PublishedWeights]:
    """The best ImageNet weights that torchvision has of its classifier ``backbone``, as ``imagenet``."""
    return {"imagenet": torchvision_weights(get_model_weights(backbone).DEFAULT)}  # type: ignore[attr-defined]
