"""The navigation of the site against the pages that exist."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def navigation_faults(config: Path, docs: Path) -> list[str]:
    """Return what is wrong: entries without a page, pages without an entry, pages with two.

    ``config`` is ``zensical.toml``, ``docs`` the folder that holds every page of the site.
    """
    listed = list(_pages(tomllib.loads(config.read_text(encoding="utf-8"))["project"]["nav"]))
    there = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    faults = [f"{config.name}: nav names {page}, which does not exist" for page in listed if page not in there]
    faults += [f"{page}: is not in nav of {config.name}" for page in sorted(there - set(listed))]
    faults += [
        f"{page}: stands in nav {listed.count(page)} times" for page in sorted(set(listed)) if listed.count(page) > 1
    ]
    return faults


def _pages(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from _pages(value)
