"""Variants of a recipe for a sweep: every combination of the swept values, each with its own folder name."""

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from maskwright.errors import UsageError, unknown_name
from maskwright.recipes.schema import Recipe
from maskwright.recipes.section import Section
from maskwright.recipes.training import Loss

# A plain loss has no weights and counts every pixel. The border weight of ``boundary_ce`` is U-Net's (Ronneberger,
# Fischer & Brox 2015, arXiv:1505.04597).
_PLAIN = {"class_weights": "none", "boundary_weight": "0", "ohem_share": "null", "ohem_threshold": "null"}
_WEIGHTED = {**_PLAIN, "class_weights": "inverse_frequency"}
_LOSSES = {
    "ce": {"name": "cross_entropy", **_PLAIN},
    "weighted_ce": {"name": "cross_entropy", **_WEIGHTED},
    "boundary_ce": {"name": "cross_entropy", **_PLAIN, "boundary_weight": "10"},
    "ohem_ce": {"name": "cross_entropy", **_PLAIN, "ohem_share": "0.25"},
    **{name: {"name": name, **_PLAIN} for name in get_args(Loss.model_fields["name"].annotation)},
    **{f"weighted_{name}": {"name": name, **_WEIGHTED} for name in ("dice_ce", "lovasz_ce", "focal")},
}

PRESETS: dict[str, dict[str, dict[str, str]]] = {"loss": _LOSSES}
"""Short names for the settings of a section, with the keys that each sets. Other keys keep the recipe's values."""

_ALIASES = {"model.loss": "loss"}

_UNSAFE = re.compile(r"[^A-Za-z0-9._+=-]+")
_LONGEST_NAME = 100

# YAML's quoting: a backslash escapes a double quote, and two single quotes are one inside single quotes.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"' + r"|'(?:''|[^'])*'", re.DOTALL)


@dataclass(frozen=True)
class Variant:
    """One combination of swept values: ``settings``, the keys with their values as given, and the ``overrides``."""

    settings: dict[str, str]
    overrides: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its run folder, such as ``loss=ce,train.optimizer.lr=1e-4``.

        It does not depend on what else is swept. Other settings have another name, even on file systems that ignore
        case. Characters that a file system or a shell might reject are replaced, and a checksum of the exact text is
        added.
        """
        name = ",".join(_named(key, value) for key, value in self.settings.items())
        return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}-{_checksum(name)}"

    @property
    def label(self) -> str:
        """Its values alone, for a column or a legend."""
        return ", ".join(self.settings.values())


def variants(sweeps: Sequence[str]) -> list[Variant]:
    """Return the product of all ``sweeps``, each ``key=value,value,…``; the values of the last one change fastest.

    Commas within brackets, braces and quotes belong to a value. A value for a whole section may be the name of one of
    its :data:`PRESETS`, or a value of its key ``name``.

    Raises ``UsageError`` for a sweep without a key or values, a key or value given twice, and an unknown preset.
    """
    axes: dict[str, dict[str, tuple[str, ...]]] = {}
    for sweep in sweeps:
        key, values = _axis(sweep)
        if key in axes:
            raise UsageError(f"--sweep {key}: is given twice; expected all its values in one --sweep, after commas.")
        axes[key] = {value: _overrides(key, value) for value in values}
        if len(axes[key]) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise UsageError(f"--sweep {sweep}: has {twice} twice; expected different values. Leave one out.")
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return [
        Variant(settings, tuple(override for key, value in settings.items() for override in axes[key][value]))
        for settings in combinations
    ]


def _axis(sweep: str) -> tuple[str, list[str]]:
    """Return the key and the values of a sweep."""
    key, separator, text = sweep.partition("=")
    key = key.strip()
    if not separator or not key:
        raise UsageError(f"--sweep {sweep}: expected key=value,value, for example loss=ce,dice_ce.")
    values = [value.strip() for value in _split(sweep, text)]
    if "" in values:
        raise UsageError(f"--sweep {sweep}: has an empty value; expected key=value,value. Write null for no value.")
    for alias, meant in _ALIASES.items():
        if key == alias or key.startswith(f"{alias}."):
            key = meant + key.removeprefix(alias)
    return key, values


def _split(sweep: str, text: str) -> list[str]:
    """Return ``text`` split at its commas, except those in brackets, braces and quotes."""
    parts, closing, place = [""], [], 0
    while place < len(text):
        letter, before = text[place], parts[-1].rstrip()
        token = letter
        # An apostrophe within a word is no opening quote.
        if letter in "\"'" and (not before or before[-1] in "[{,:"):
            quoted = _QUOTED.match(text, place)
            if quoted is None:
                raise _unclosed(sweep, letter)
            token = quoted[0]
        elif letter in "[{":
            closing.append("]" if letter == "[" else "}")
        elif closing and letter == closing[-1]:
            closing.pop()
        place += len(token)
        if token == "," and not closing:
            parts.append("")
        else:
            parts[-1] += token
    if closing:
        raise _unclosed(sweep, closing[-1])
    return parts


def _unclosed(sweep: str, lacking: str) -> UsageError:
    return UsageError(f"--sweep {sweep}: lacks a closing {lacking}; expected it before the next value.")


def _overrides(key: str, value: str) -> tuple[str, ...]:
    """Return the overrides, in the form of ``--set``, that a swept value stands for."""
    section = _section(key)
    if section is None or value.startswith("{"):
        return (f"{key}={value}",)
    if key in PRESETS:
        if value not in PRESETS[key]:
            raise unknown_name(f"{key} in --sweep", value, PRESETS[key])
        return tuple(f"{key}.{name}={chosen}" for name, chosen in PRESETS[key][value].items())
    return (f"{key}.name={value}",) if "name" in section.model_fields else (f"{key}={value}",)


def _section(path: str) -> type[Section] | None:
    """Return the section of a recipe that ``path`` names, or None when it names something else."""
    section: type[Section] = Recipe
    for key in path.split("."):
        field = section.model_fields.get(key)
        if field is None:
            return None
        kinds = get_args(field.annotation) or (field.annotation,)
        sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)]
        if not sections:
            return None
        section = sections[0]
    return section


def _named(key: str, value: str) -> str:
    exact = f"{key}={value}"
    clean = "=".join(part if not _UNSAFE.search(part) else _UNSAFE.sub("-", part).strip("-") for part in (key, value))
    # Some file systems ignore case, or drop a dot at the end.
    if clean == exact == exact.lower() and not exact.endswith("."):
        return exact
    return f"{clean}-{_checksum(exact)}"


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
