"""Docstrings in Google style as Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

import griffe

from tools.docs.markdown import block, code, prose

_KIND = griffe.DocstringSectionKind
_LISTS = {_KIND.parameters: "Arguments", _KIND.attributes: "Attributes", _KIND.raises: "Raises"}
_TEXTS = {_KIND.returns: "Returns", _KIND.yields: "Yields"}


def docstring_parts(described: Any, links: Mapping[str, str]) -> Iterator[str]:
    """Yield the sections of the docstring of a griffe object; nothing where it has none.

    ``links`` lead from the names in backticks to their place. Raises ``ValueError`` for a section without a form here.
    """
    if described.docstring is None:
        return
    for section in described.docstring.parse("google", returns_named_value=False, returns_multiple_items=False):
        if section.kind in _TEXTS:
            yield _result(section, str(getattr(described, "returns", None)), links)
        else:
            yield _section(section, links)


def _result(section: Any, type_: str, links: Mapping[str, str]) -> str:
    """Return what comes back; words before a colon are part of the text unless they are the annotated type."""
    said = [
        each.description if str(each.annotation) in (type_, "None") else f"{each.annotation}: {each.description}"
        for each in section.value
    ]
    return f"**{_TEXTS[section.kind]}**\n\n{prose(' '.join(said), links)}"


def _section(section: Any, links: Mapping[str, str]) -> str:
    if section.kind is _KIND.text:
        return prose(section.value, links)
    if section.kind is _KIND.examples:
        return "**Example**\n\n" + "\n\n".join(_example(kind, text, links) for kind, text in section.value)
    if section.kind is _KIND.admonition:
        return _titled(section.title or section.value.kind.title(), section.value.description, links)
    if section.kind in _LISTS:
        return f"**{_LISTS[section.kind]}**\n\n" + "\n".join(_item(section, each, links) for each in section.value)
    raise ValueError(f"A docstring has the section {section.kind.value}; expected Args, Returns, Raises or Example.")


def _item(section: Any, each: Any, links: Mapping[str, str]) -> str:
    name = code(str(each.annotation) if section.kind is _KIND.raises else each.name)
    return f"- {name}: " + prose(each.description, links).replace("\n", "\n    ")


def _titled(title: str, text: str, links: Mapping[str, str]) -> str:
    """Return a section of any other title; ``Example:`` is one, and holds a session."""
    return f"**{title}**\n\n" + (block(text, "pycon") if ">>>" in text else prose(text, links))


def _example(kind: griffe.DocstringSectionKind, text: str, links: Mapping[str, str]) -> str:
    return prose(text, links) if kind is _KIND.text else block(text, "pycon")
