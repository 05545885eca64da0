"""The names that people type for the keys of a recipe: short ones, and those of other tools."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

# Names of other tools, and short names that several keys end in.
_OTHER_NAMES = {
    "learning_rate": "train.optimizer.lr",
    "lr0": "train.optimizer.lr",
    "batch": "train.batch_size",
    "size": "model.input.size",
    "imgsz": "model.input.size",
    "img_size": "model.input.size",
    "image_size": "model.input.size",
    "input_size": "model.input.size",
    "max_epochs": "train.epochs",
    "num_epochs": "train.epochs",
    "num_workers": "train.workers",
    "optimizer": "train.optimizer.name",
    "scheduler": "train.schedule.name",
    "model": "model.name",
    "weights": "model.weights",
    "device": "train.device",
}


def recipe_key(typed: str, kind: type[BaseModel]) -> str | None:
    """Return the key of a recipe of ``kind`` that ``typed`` means, or None when it means none or one of several.

    A key with some of its sections left out counts, such as ``epochs`` or ``train.lr``, and so does a name of another
    tool, such as ``imgsz``, alone or within a section. A section that has a ``name`` means that name.

    Example:
        >>> from maskwright.recipes.schema import Recipe
        >>> recipe_key("train.lr", Recipe), recipe_key("imgsz", Recipe), recipe_key("name", Recipe)
        ('train.optimizer.lr', 'model.input.size', 'name')
    """
    keys = list(_keys(kind))
    if f"{typed}.name" in keys:
        return f"{typed}.name"
    if typed in keys or _is_free(typed, kind):
        return typed
    section, _, last = typed.replace("-", "_").rpartition(".")
    parts = [*section.split("."), last] if section else [last]
    found = [key for key in keys if _leaves_out(parts, key.split("."))]
    if len(found) == 1:
        return found[0]
    other = _OTHER_NAMES.get(last)
    fits = other in keys and (not section or other.split(".")[0] == section.split(".")[0])
    return other if fits else None


def is_list(key: str, kind: type[BaseModel]) -> bool:
    """Return whether the value of ``key`` may be a list, as ``classes`` may."""
    *sections, last = key.split(".")
    for section in sections:
        field = kind.model_fields.get(section)
        inner = _sections(field.annotation) if field is not None else []
        if not inner:
            return False
        kind = inner[0]
    field = kind.model_fields.get(last)
    return field is not None and any(get_origin(each) in (list, tuple) for each in _choices(field.annotation))


def _leaves_out(parts: list[str], key: list[str]) -> bool:
    """Return whether ``parts`` are those of ``key`` in order, without some of its sections."""
    remaining = iter(key)
    return parts[-1] == key[-1] and all(part in remaining for part in parts)


def _keys(kind: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the keys of the values of ``kind``, and of its sections."""
    for name, field in kind.model_fields.items():
        inner = _sections(field.annotation)
        if inner:
            yield from _keys(inner[0], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _is_free(typed: str, kind: type[BaseModel]) -> bool:
    """Return whether ``typed`` is a section, or a key inside a value that has keys of its own, as ``model.options``."""
    for part in typed.split("."):
        field = kind.model_fields.get(part)
        if field is None:
            return False
        inner = _sections(field.annotation)
        if not inner:
            return True
        kind = inner[0]
    return True


def _sections(annotation: Any) -> list[type[BaseModel]]:
    return [each for each in _choices(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]


def _choices(annotation: Any) -> tuple[Any, ...]:
    """Return the types of a union, or the type itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
