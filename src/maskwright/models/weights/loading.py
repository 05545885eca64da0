"""Starting weights: reading without running code, fetching by name, and matching to a model by key and shape."""

import math
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file
from torch import nn

from maskwright.errors import WeightsError, require_file, some_of
from maskwright.models.weights.detectron2_names import current_names
from maskwright.models.weights.head_transfer import ClassRows
from maskwright.models.weights.transformers_names import library_names
from maskwright.models.weights.unpickler import Refused, foreign_name, read_pickle, require_few_steps

StateDict = Mapping[str, torch.Tensor]

Heads = Literal["by position", "new"]
_UNNAMED: dict[Heads, str] = {
    "by position": "; the file does not name its classes: the heads are taken by position",
    "new": "; the file does not name its classes, and has another number of them: the heads are new",
}

WEIGHTS_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".pkl")


@dataclass(frozen=True)
class WeightsReport:
    """The result of loading weights: counts of tensors loaded, skipped (no such key) and reshaped (another shape).

    ``share`` is the share of the target's parameters, by count of numbers, that the file filled. ``missing`` names the
    tensors that it did not fill, such as a head for another number of classes. ``classes`` are those whose rows were
    copied from a head of other classes; None where classes were not compared. ``heads`` says for a file that does not
    name its classes whether its heads were taken by position, or are new because their number of classes differs.
    """

    source: str
    loaded: int
    skipped: int
    reshaped: int
    share: float
    missing: list[str] = field(default_factory=list)
    classes: list[str] | None = None
    heads: Heads | None = None

    def __str__(self) -> str:
        shown = math.floor(1000 * self.share) / 1000  # rounded down: 100 % means all
        return (
            f"weights {self.source}: {self.loaded} tensors loaded, {self.skipped} without a place, "
            f"{self.reshaped} of another shape; {shown:.1%} of the target's parameters filled{self._rest()}"
        )

    def _rest(self) -> str:
        """Return the end of the text: the missing tensors and what became of the heads."""
        rest = f", {len(self.missing)} tensors not ({some_of(self.missing)})" if self.missing else ""
        if self.heads is not None:
            return rest + _UNNAMED[self.heads]
        if self.classes is None:
            return rest
        return f"{rest}; the heads keep what they know of {some_of(self.classes) or 'no class'}, by name"

    def to_json(self) -> dict[str, Any]:
        """Return the fields for ``card.json``."""
        return {
            "source": self.source,
            "loaded": self.loaded,
            "skipped": self.skipped,
            "reshaped": self.reshaped,
            "share": round(self.share, 4),
            "left": self.missing,
            **({"classes": self.classes} if self.classes is not None else {}),
            **({"heads": self.heads} if self.heads is not None else {}),
        }


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a weights file by name, without running code in it.

    The file is a ``.safetensors``, ``.pth``, ``.pt``, ``.bin`` or ``.pkl``. A ``.pkl`` is Detectron2's pickle of NumPy
    arrays. Detectron2's old names become current, and RF-DETR's become those of its library. A dictionary under
    ``state_dict`` or ``model`` is unwrapped.

    Raises ``UsageError`` when the file is missing, ``WeightsError`` when it is damaged or holds more than tensors.
    """
    require_file(path, "weights")
    state = read_pickle(path) if path.suffix == ".pkl" else _read(path)
    for wrapper in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise WeightsError(f"{path}: expected a dictionary of tensors, found {type(state).__name__} with other values.")
    return library_names(current_names(state))


def _read(path: Path) -> Any:
    """Return the content of a safetensors file or of a torch checkpoint; raise ``WeightsError`` for code and damage."""
    if path.suffix != ".safetensors":
        require_no_bomb(path)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol")  # torch warns of files that it then refuses
            return load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        foreign = _foreign(str(error), path)
        if foreign is None:
            raise WeightsError(
                f"{path}: is damaged, or no file of weights ({_reason(str(error))}); expected a plain state dict. "
                "Download or export it again."
            ) from error
        raise WeightsError(
            f"{path}: holds {foreign}; expected tensors alone, as anything else could run code when read. Nothing in "
            "the file was run. Save the model's state_dict() alone, or as safetensors."
        ) from error
    except Exception as error:  # damaged bytes make torch's reader raise almost anything: KeyError, struct.error …
        raise WeightsError(
            f"{path}: cannot be read as weights ({str(error) or type(error).__name__}). Download or export it again."
        ) from error


def require_no_bomb(path: Path) -> None:
    """Raise ``WeightsError`` when a torch checkpoint unpacks to more than its size, or builds too many values.

    torch stores tensors as they are, so that a file that unpacks to more was not written by it. An archive that cannot
    be looked through is refused too: torch's own reader may take it. Other damage is left to that.
    """
    try:
        if zipfile.is_zipfile(path):
            _require_small_archive(path)
        else:
            with suppress(pickle.UnpicklingError, ValueError, EOFError, LookupError), path.open("rb") as file:
                for _ in range(_PICKLES_OF_OLD_FORMAT):
                    require_few_steps(file)
    except Refused as refused:
        raise WeightsError(
            f"{path}: holds {refused}; expected a state dict as torch.save writes it. Save it again, or as safetensors."
        ) from refused


def _require_small_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries, size = archive.infolist(), path.stat().st_size
            if sum(entry.file_size for entry in entries) > size:
                raise Refused("compressed content, or the same content several times")
            for entry in entries:
                if entry.filename.endswith(".pkl"):
                    with archive.open(entry) as file:
                        require_few_steps(file)
    except Refused:
        raise
    except Exception as error:  # zipfile raises whatever a damaged field leads it to: OSError, RuntimeError, zlib.error
        raise WeightsError(
            f"{path}: is a damaged archive ({str(error) or type(error).__name__}); expected a state dict as torch.save "
            "writes it. Download or export it again."
        ) from error


# Before version 1.6, torch wrote a mark, a version, the machine, the tensors and their keys, each as a pickle.
_PICKLES_OF_OLD_FORMAT = 5


def _foreign(message: str, path: Path) -> str | None:
    """Return the name of the value that torch refused, from its ``message`` or the file; None for damage."""
    named = re.search(r"GLOBAL (\S+)", message)
    return named[1] if named else foreign_name(path)


def _reason(message: str) -> str:
    """Return the one line of torch's ``message`` that gives the reason."""
    reported = re.search(r"WeightsUnpickler error:\s*(.+)", message)
    return reported[1].strip() if reported else "torch cannot read it"


def fetch_starting_weights(name: str, model: str, download: Callable[[], StateDict], address: str) -> StateDict:
    """Return the published weights ``name`` of ``model``, fetched by ``download``.

    Raises ``WeightsError`` with the ``address`` and the remedy when they cannot be fetched.
    """
    try:
        return download()
    except Exception as error:  # whatever a download library raises, the user's remedy is the same
        raise WeightsError(
            f"The weights '{name}' of {model} could not be fetched from {address} "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}). Expected a "
            "network connection. Download the file by other means and set model.weights to its path, or set "
            "model.weights=none to start from random weights."
        ) from error


def load_matching(
    module: nn.Module,
    state: StateDict,
    source: str,
    renames: Sequence[tuple[str, str]],
    minimum: float = 0.8,
    rows: ClassRows | None = None,
) -> WeightsReport:
    """Load the tensors of ``state`` that fit ``module`` by key and shape, in place; return what was loaded.

    ``source`` is the name of the weights in messages. Each rename ``(prefix, target)`` is a way to read the file's
    keys: ``prefix`` is replaced by ``target``. The rename that fills the largest share of the parameters under its
    ``target`` is taken. With ``rows``, heads take the rows of the classes that file and model share, and no others; a
    file that does not name its classes gives its heads by position where the shapes are equal.

    Raises ``WeightsError`` when less than the share ``minimum`` of the parameters would be filled.
    """
    own = {key: value for key, value in module.state_dict().items() if value.is_floating_point()}
    best = max((_match(own, state, prefix, target, rows) for prefix, target in renames), key=lambda match: match.share)
    counted = sum(not key.endswith("num_batches_tracked") for key in state)
    left = sorted(key for key in own if key.startswith(best.target) and key not in best.fitting)
    skipped = counted - len(best.fitting) - len(best.reshaped)
    classes = rows.shared if rows is not None and rows.before is not None else None
    heads = _unnamed_heads(rows, best) if rows is not None and rows.before is None else None
    coverage = WeightsReport(source, len(best.fitting), skipped, len(best.reshaped), best.share, left, classes, heads)
    if best.share < minimum:
        raise WeightsError(
            f"{coverage}; expected at least {minimum:.0%}. "
            "Give the weights of this architecture, or model.weights=none."
        )
    module.load_state_dict(best.fitting, strict=False)
    return coverage


@dataclass(frozen=True)
class _Match:
    """One way of reading a file's keys: the tensors that fit, the keys with another shape, and the share filled."""

    target: str
    fitting: dict[str, torch.Tensor]
    reshaped: list[str]
    share: float


def _unnamed_heads(rows: ClassRows, match: _Match) -> Heads | None:
    """Return what becomes of the heads of a file that does not name its classes; None when the file has none."""
    if rows.sizes.keys() & match.fitting.keys():
        return "by position"
    return "new" if rows.sizes.keys() & set(match.reshaped) else None


def _match(own: StateDict, state: StateDict, prefix: str, target: str, rows: ClassRows | None) -> _Match:
    """Return how the tensors of ``state`` fit ``own`` when ``prefix`` is replaced by ``target``."""
    renamed = {target + key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}
    if rows is not None and rows.before is not None:
        for key in rows.sizes.keys() & renamed.keys() & own.keys():
            carried = rows.carried(key, renamed[key], own[key])
            renamed[key] = carried if carried is not None else renamed[key][:0]
    fitting = {k: v for k, v in renamed.items() if k in own and own[k].shape == v.shape}
    reshaped = [k for k, v in renamed.items() if k in own and own[k].shape != v.shape]
    whole = sum(value.numel() for key, value in own.items() if key.startswith(target))
    return _Match(target, fitting, reshaped, sum(own[key].numel() for key in fitting) / max(whole, 1))
