"""The code blocks of the documentation, and what is to become of each.

A block that no test runs or looks at has the line ``<!-- not run: why -->`` above it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?$")
_MARKER = re.compile(r"^<!-- not run: (\S.*) -->$")


@dataclass(frozen=True)
class Block:
    """A fenced or indented block: where it begins, its language, the file a reader saves it as, why it is not run."""

    page: Path
    line: int
    language: str
    title: str | None
    text: str
    not_run: str | None

    @property
    def where(self) -> str:
        """The page and the line, for messages and test ids."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The command lines; of a session, whose commands begin with ``$``, without what was printed.

        A line that begins with ``…`` means the first command with these options instead.
        """
        lines = [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip()]
        typed = [line[2:] for line in lines if line.startswith("$ ")]
        first = " ".join(lines[0].split()[:3]) if lines else ""
        return typed or [line.replace("…", first, 1) if line.startswith("… ") else line for line in lines]


def blocks(page: Path) -> list[Block]:
    """Return every code block of ``page``."""
    return list(_blocks(page, page.read_text(encoding="utf-8").splitlines()))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    start = 0
    while start < len(lines):
        fence = _FENCE.match(lines[start])
        if fence:
            end = lines.index("```", start + 1)
            yield Block(page, start + 1, fence[1], fence[2], "\n".join(lines[start + 1 : end]), _reason(lines, start))
            start = end + 1
        elif lines[start].startswith("    ") and not lines[start - 1].strip():
            end = _end_of_indented(lines, start)
            text = "\n".join(line[4:] for line in lines[start:end]).rstrip()
            yield Block(page, start + 1, "", None, text, _reason(lines, start))
            start = end
        else:
            start += 1


def _end_of_indented(lines: list[str], start: int) -> int:
    """Return the first line after ``start`` that is neither indented nor empty."""
    end = start
    while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
        end += 1
    return end


def _reason(lines: list[str], start: int) -> str | None:
    """Return what the marker above the block says; None without one."""
    above = [line for line in lines[max(0, start - 2) : start] if line.strip()]
    marker = _MARKER.match(above[-1]) if above else None
    return marker[1] if marker else None
