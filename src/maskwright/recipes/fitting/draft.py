"""A recipe in the making: its keys, each with the reason for its value, and its YAML with the reasons as comments."""

import textwrap
from dataclasses import dataclass, field
from typing import Any

from maskwright.recipes.loading import flow

_WIDTH = 116


@dataclass
class Draft:
    """The ``content`` of a recipe as nested dictionaries, and the ``reasons`` by dotted key."""

    content: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, value: Any, reason: str | None = None) -> None:
        """Set the dotted ``key`` to ``value``; a ``reason`` replaces an earlier one."""
        *parents, last = key.split(".")
        section = self.content
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
        if reason:
            self.reasons[key] = reason

    def text(self, head: str) -> str:
        """Return the YAML of the recipe with ``head`` and the reasons as comments above the keys.

        Sections are blocks; every value in them, a dictionary of options too, stands in one line.
        """
        return "\n".join([*_comment(head, ""), *self._lines(self.content, ""), ""])

    def _lines(self, section: dict[str, Any], path: str) -> list[str]:
        lines, indent = [], "  " * path.count(".")
        for key, value in section.items():
            here = f"{path}{key}"
            lines += _comment(self.reasons.get(here, ""), indent)
            if isinstance(value, dict) and not path:
                lines += [f"{indent}{key}:", *self._lines(value, f"{here}.")]
            else:
                lines.append(f"{indent}{key}: {flow(value)}")
        return lines


def _comment(text: str, indent: str) -> list[str]:
    """Return ``text`` as lines of a comment; a control character in a name from a file cannot end one."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    wrapped = textwrap.wrap(plain, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in wrapped]
