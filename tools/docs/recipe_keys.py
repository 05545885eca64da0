"""The reference of recipe keys, from the JSON schema that ``maskwright recipes schema`` prints.

A section's description is the docstring of its class. What a key means stands in its ``Attributes:``.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import griffe

from maskwright.recipes.schema import Recipe
from maskwright.recipes.transfer import Transfer
from tools.docs.markdown import code, prose, table

_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "≥ {} characters",
    "minItems": "≥ {} items",
    "minProperties": "≥ {} entries",
}


def recipe_page() -> str:
    """Return the page on the keys of training recipes and of transfer recipes."""
    parts = [
        "# Recipe keys",
        "Every key with its type, default and meaning. [Recipes](../recipes.md) introduces them. "
        "`maskwright recipes schema` prints the JSON schema of a training recipe, with `--transfer` that of a "
        "[transfer](../how-to/transfer.md). Unknown keys are errors.",
        "## Training recipes",
        *_sections(Recipe.model_json_schema(), "recipe"),
        "## Transfer recipes",
        *_sections(Transfer.model_json_schema(), "transfer"),
    ]
    return "\n\n".join(parts) + "\n"


def _sections(schema: dict[str, Any], kind: str) -> Iterator[str]:
    """Yield the heading, the text and the table of each section, in the order in which keys name them."""
    paths: dict[str, list[str]] = {}
    _collect(schema, "", schema, paths)
    yield f"### The {kind} {{#{kind}}}"
    yield from _section(schema, schema, kind)
    for reference, (first, *others) in paths.items():
        yield f"### {code(first)} {{#{kind}.{reference}}}"
        if others:
            yield f"The same keys: {', '.join(code(path) for path in others)}."
        yield from _section(schema["$defs"][reference], schema, kind)


def _section(section: dict[str, Any], schema: dict[str, Any], kind: str) -> Iterator[str]:
    """Yield the text of one section and the table of its keys; errors and examples are on the page on Python."""
    parts = griffe.Docstring(section.get("description", "")).parse("google")
    yield from (prose(part.value) for part in parts if part.kind is griffe.DocstringSectionKind.text)
    meanings = {
        each.name: prose(each.description)
        for part in parts
        if part.kind is griffe.DocstringSectionKind.attributes
        for each in part.value
    }
    required = section.get("required", ())
    rows = [
        [code(name), _type(key, kind), "required" if name in required else _default(key), meanings.get(name, "")]
        for name, key in section["properties"].items()
    ]
    yield table(["Key", "Type", "Default", "Meaning"], rows)


def _collect(section: dict[str, Any], path: str, schema: dict[str, Any], paths: dict[str, list[str]]) -> None:
    """Fill ``paths`` with the keys, below ``path``, that hold each section."""
    for name, key in section["properties"].items():
        for reference, inside in _references(key):
            where = ".".join(part for part in (path, name, inside) if part)
            known = reference in paths
            paths.setdefault(reference, []).append(where)
            if not known:
                _collect(schema["$defs"][reference], where, schema, paths)


def _references(key: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the sections that a key holds, with ``NAME`` for those below names that the recipe's author chooses."""
    if "$ref" in key:
        yield _name(key["$ref"]), ""
    for each in (*key.get("anyOf", ()), *key.get("allOf", ())):
        yield from _references(each)
    inside = _values(key)
    if inside is not None:
        yield from ((reference, "NAME") for reference, _ in _references(inside))


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _type(key: dict[str, Any], kind: str) -> str:
    """Return what a key holds, in words."""
    if "$ref" in key:
        return f"[section](#{kind}.{_name(key['$ref'])})"
    if "anyOf" in key:
        return " or ".join(dict.fromkeys(_type(each, kind) for each in key["anyOf"]))
    if "enum" in key or "const" in key:
        return ", ".join(code(str(value)) for value in key.get("enum", [key.get("const")]))
    words: dict[str, Callable[[], str]] = {
        "null": lambda: "none",
        "array": lambda: _array(key, kind),
        "object": lambda: _mapping(key, kind),
    }
    type_ = key.get("type", "any value")
    return ", ".join([words[type_]() if type_ in words else type_, *_limits(key)])


def _limits(key: dict[str, Any]) -> list[str]:
    limits = [
        text.format(f"{key[name]:g}") for name, text in _LIMITS.items() if name in key and "prefixItems" not in key
    ]
    return limits + ([f"of the form {code(key['pattern'])}"] if "pattern" in key else [])


def _array(key: dict[str, Any], kind: str) -> str:
    if "prefixItems" in key:
        return f"{len(key['prefixItems'])} × {_type(key['prefixItems'][0], kind)}"
    return f"list of {_type(key.get('items', {}), kind)}"


def _mapping(key: dict[str, Any], kind: str) -> str:
    inside = _values(key)
    return f"names, each with {_type(inside, kind)}" if inside is not None else "mapping"


def _values(key: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a mapping's values; None where they may be anything."""
    patterns = list(key.get("patternProperties", {}).values())
    inside = patterns[0] if patterns else key.get("additionalProperties")
    return inside if isinstance(inside, dict) else None


def _default(key: dict[str, Any]) -> str:
    """Return the default; nothing for a section, whose own table says it."""
    value = key.get("default", {})
    if isinstance(value, dict):
        return ""
    if value is None:
        return "none"
    return code(f"{value:.4g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False).strip('"'))
