"""Pieces of Markdown that the generated pages share."""

import re
from collections.abc import Iterable, Mapping, Sequence

_ROLE = re.compile(r":(?:func|meth|class|attr|mod|exc|data):`~?([^`]+)`")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_cell(text) for text in row)} |" for row in rows]
    return "\n".join(lines)


def code(text: str) -> str:
    """Return ``text`` as inline code, or nothing where it is empty."""
    return f"`{text}`" if text else ""


def block(text: str, language: str = "text") -> str:
    """Return ``text`` as a fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def prose(text: str, links: Mapping[str, str] | None = None) -> str:
    """Return docstring text as Markdown: roles become code, or links by ``links``; ``<`` and ``*`` are meant."""
    text = _ROLE.sub(lambda role: f"``{role[1]}``", text)
    parts, end = [], 0
    for found in _CODE.finditer(text):
        parts += [_literal(text[end : found.start()]), _linked(found[2], links or {})]
        end = found.end()
    return "".join([*parts, _literal(text[end:])])


def _linked(name: str, links: Mapping[str, str]) -> str:
    target = links.get(name.removeprefix("maskwright.").removesuffix("()"))
    return f"[`{name}`]({target})" if target else f"`{name}`"


def _literal(text: str) -> str:
    return re.sub(r"[<*\[]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
