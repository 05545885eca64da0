"""Loading of recipes, shipped ones by name or files, with ``a.b=value`` overrides; all faults are reported at once."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from maskwright.bounded_yaml import BoundedLoader
from maskwright.errors import UsageError, nearest, one_line, unknown_name
from maskwright.recipes.schema import Recipe
from maskwright.recipes.section import Section
from maskwright.recipes.setting_names import is_list, recipe_key
from maskwright.recipes.transfer import Transfer

Kind = TypeVar("Kind", Recipe, Transfer)

RecipeLike = str | Path | Mapping[str, Any] | Recipe
"""A recipe: a shipped name, the path of a YAML file or of a run folder, its sections, or one already validated."""

TransferLike = str | Path | Mapping[str, Any] | Transfer
"""The recipe of a transfer in the same forms."""

# The numbers and truth values of YAML 1.2. In YAML 1.1, which PyYAML reads, the key ``on`` is true, ``8:1:1`` is 28861
# and ``1e-3`` is text.
_SCALARS = {
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:int": (r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


class _Loader(BoundedLoader):
    """A YAML loader that reads numbers and truth values by ``_SCALARS``, and no dates."""


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that quotes what YAML 1.1 or 1.2 takes for another type than text, so that all readers agree."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag.endswith((":null", ":merge"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, (_form, _first) in _SCALARS.items():
    for _scalars in (_Loader, _Dumper):
        _scalars.add_implicit_resolver(_tag, re.compile(f"^(?:{_form})$"), list(_first))


def shipped_recipes() -> dict[str, str]:
    """Return the YAML text of every shipped training recipe by name."""
    return _shipped("shipped")


def shipped_transfers() -> dict[str, str]:
    """Return the YAML text of every shipped transfer recipe by name."""
    return _shipped("shipped_transfers")


def _shipped(folder: str) -> dict[str, str]:
    entries = (resources.files("maskwright.recipes") / folder).iterdir()
    texts = {entry.name.removesuffix(".yaml"): entry for entry in entries if entry.name.endswith(".yaml")}
    return {name: texts[name].read_text(encoding="utf-8") for name in sorted(texts)}


def recipe_text(name_or_path: str) -> str:
    """Return the YAML text of a recipe file (``.yaml``, ``.yml``), of a shipped recipe, or of that of a run folder.

    Raises ``UsageError`` with the nearest names when there is no such file or recipe.
    """
    texts = {**shipped_recipes(), **shipped_transfers()}
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        raise unknown_name(f"recipe file in {path.parent}", path.name, [*siblings, *texts])
    if is_run_folder(name_or_path):
        return (path / "recipe.yaml").read_text(encoding="utf-8")
    if path.suffix == ".json" and path.is_file():
        raise UsageError(
            f"{path}: is no recipe; expected a YAML file or a shipped name. To train on an annotation file: maskwright "
            f"train {path} --images DIR"
        )
    if name_or_path not in texts:
        raise unknown_name("recipe", name_or_path, texts)
    return texts[name_or_path]


def is_run_folder(recipe: object) -> bool:
    """Return whether ``recipe`` is the path of a run folder, and not the name of a shipped recipe."""
    if not isinstance(recipe, str | Path) or str(recipe) in {**shipped_recipes(), **shipped_transfers()}:
        return False
    # A folder may hold a recipe of its user; that of a run has its card beside it.
    return all((Path(recipe) / name).is_file() for name in ("recipe.yaml", "card.json"))


def is_annotations(recipe: RecipeLike) -> bool:
    """Return whether ``recipe`` is an annotation file or the folder of an export, and no recipe."""
    if not isinstance(recipe, str | Path) or is_run_folder(recipe):
        return False
    path = Path(recipe)
    if path.suffix in (".yaml", ".yml") and path.is_file():  # YOLO's data.yaml has names, and no model
        keys = set(re.findall(r"^(\w+):", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
        return "names" in keys and "model" not in keys
    return path.name.endswith((".json", ".json.gz")) or (path.is_dir() and str(recipe) not in shipped_recipes())


def load_recipe(recipe: RecipeLike, overrides: Sequence[str] = (), devices: int | None = None) -> Recipe:
    """Return the validated training recipe, with each of the ``overrides`` ``section.key=value`` applied.

    ``recipe`` is a shipped name, the path of a YAML file, a mapping of its sections, or a :class:`Recipe`. It is not
    changed. The value of an override is read as YAML, or as values with commas between them where the key takes a list.
    Sections may be left out where the key is clear without them, as in ``epochs=2``; see
    :func:`~maskwright.recipes.setting_names.recipe_key`. ``devices`` replaces ``train.devices``.

    Raises ``UsageError`` when there is no such recipe, it is not YAML, it is one of a transfer, or it has faults. All
    faults are listed with their paths and the nearest valid names.
    """
    return _load(recipe, [*overrides, *([f"train.devices={devices}"] if devices is not None else [])], Recipe)


def classes_among(overrides: Sequence[str]) -> list[str] | None:
    """Return the classes that ``overrides`` of a training recipe name, None where they name none.

    Example:
        >>> classes_among(["epochs=3", "classes=person,dog"])
        ['person', 'dog']
    """
    content: dict[str, Any] = {}
    for override in overrides:
        _apply(content, override, Recipe)
    named = content.get("classes")
    return [str(name) for name in named] if isinstance(named, list) else None


def load_transfer(recipe: TransferLike, overrides: Sequence[str] = ()) -> Transfer:
    """Return the validated transfer recipe, with each of the ``overrides`` applied, as :func:`load_recipe` does.

    Raises ``UsageError`` as :func:`load_recipe`.
    """
    return _load(recipe, overrides, Transfer)


def recipe_label(recipe: RecipeLike | TransferLike) -> str:
    """Return what messages and pages call ``recipe``: its name or path, or its key ``name``."""
    if isinstance(recipe, Recipe | Transfer):
        return recipe.name
    return str(recipe.get("name", "recipe")) if isinstance(recipe, Mapping) else str(recipe)


def _load(recipe: RecipeLike | TransferLike, overrides: Sequence[str], kind: type[Kind]) -> Kind:
    source, content = recipe_label(recipe), _content(recipe)
    _require_kind(content, source, kind)
    for override in overrides:
        _apply(content, override, kind)
    return validate_recipe(content, source, kind)


def _content(recipe: RecipeLike | TransferLike) -> dict[str, Any]:
    """Return the sections of ``recipe`` as a dictionary of its own, which may be changed."""
    if isinstance(recipe, Recipe | Transfer):
        return recipe.model_dump(mode="json")
    if isinstance(recipe, Mapping):
        return deepcopy(dict(recipe))
    try:
        text = recipe_text(str(recipe))
    except UnicodeDecodeError as error:
        found = one_line(error)
        raise UsageError(f"{recipe}: is not UTF-8 text ({found}). Expected the sections of a recipe.") from error
    return _sections(text, str(recipe))


def _sections(text: str, source: str) -> dict[str, Any]:
    """Return the sections of the recipe whose YAML is ``text``; raise ``UsageError``, which names ``source``."""
    try:
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        found = one_line(error)
        raise UsageError(f"{source}: is not valid YAML ({found}). Expected the sections of a recipe.") from error
    if not isinstance(content, dict):
        raise UsageError(f"{source}: holds {type(content).__name__}; expected the sections of a recipe.")
    return content


def recipe_of_text(text: str, source: str) -> Recipe:
    """Return the training recipe whose YAML is ``text``, such as the one that a run or a model file keeps.

    Raises ``UsageError``, which names ``source``, when it is no YAML or has faults.
    """
    return validate_recipe(_sections(text, source), source)


def _require_kind(content: dict[str, Any], source: str, kind: type[Section]) -> None:
    """Raise ``UsageError`` for a recipe of the other kind, in which every key would be a fault."""
    transfers = "targets" in content and "model" not in content
    trains = "model" in content and "train" in content
    if transfers and kind is Recipe:
        raise UsageError(
            f"{source}: is the recipe of a transfer; expected one of a training. Use `maskwright transfer`."
        )
    if trains and kind is Transfer:
        raise UsageError(f"{source}: is the recipe of a training; expected one of a transfer. Use `maskwright run`.")


def validate_recipe(content: dict[str, Any], source: str, kind: type[Kind] = Recipe) -> Kind:
    """Return the recipe in ``content``; ``source`` is its name in messages.

    Raises ``UsageError`` that lists every fault with its path and the nearest names.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        faults = [_describe(fault, kind) for fault in error.errors()]
        raise UsageError(f"{source}: {len(faults)} fault(s) in the recipe:", *faults) from error


def dump(recipe: Section) -> str:
    """Return ``recipe`` as YAML with every default written out; loading the text gives an equal recipe."""
    return yaml.dump(recipe.model_dump(mode="json"), Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def flow(value: Any) -> str:
    """Return ``value`` as YAML in one line.

    Example:
        >>> flow({"name": "cosine", "warmup_steps": 50})
        '{name: cosine, warmup_steps: 50}'
    """
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, width=10**9, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _apply(content: dict[str, Any], override: str, kind: type[Section]) -> None:
    typed, separator, text = override.partition("=")
    if not separator or not typed:
        raise UsageError(f"--set {override}: expected section.key=value, for example train.epochs=2.")
    path = recipe_key(typed, kind) or typed
    value = _override_value(override, text)
    if not isinstance(value, str) and path == f"{typed}.name":
        path = typed  # a whole section, or null
    if isinstance(value, str) and is_list(path, kind) and value != "all":
        value = [_override_value(override, each) if path != "classes" else each.strip() for each in value.split(",")]
    *parents, last = path.split(".")
    target = content
    for key in parents:
        if not isinstance(target.get(key), dict):
            target[key] = {}
        target = target[key]
    target[last] = value


def _override_value(override: str, text: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {override}: '{text}' is not a YAML value ({one_line(error)}).") from error


def _describe(fault: Any, kind: type[Section]) -> str:
    location = [str(part) for part in fault["loc"] if not isinstance(part, int)]
    path = ".".join(str(part) for part in fault["loc"]) or "(recipe)"
    if fault["type"] == "extra_forbidden":
        meant = recipe_key(".".join(location), kind)
        if meant is not None and meant != ".".join(location):
            return f"  {path}: unknown key. Use {meant}."
        known = _keys_of(location[:-1], kind)
        close = nearest(location[-1], known)
        return f"  {path}: unknown key. {'Nearest' if close else 'Known'}: {', '.join(close or known)}."
    if fault["type"] == "missing":
        return f"  {path}: missing; it has no default."
    if fault["type"] == "literal_error":
        expected = fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        close = nearest(str(fault["input"]), expected, count=1)
        return f"  {path}: found {fault['input']!r}; expected one of {', '.join(expected)}." + (
            f" Nearest: {close[0]}." if close else ""
        )
    message = fault["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(fault["input"], dict) else f" found {fault['input']!r};"
    return f"  {path}:{shown} {message}."


def _keys_of(path: Sequence[str], kind: type[Section]) -> list[str]:
    """Return the keys of the section at ``path`` of a recipe."""
    section: type[BaseModel] = kind
    for key in path:
        field = section.model_fields.get(key)
        if field is None:
            continue
        candidates = get_args(field.annotation) if get_origin(field.annotation) is not None else (field.annotation,)
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        section = models[0] if models else section
    return list(section.model_fields)
