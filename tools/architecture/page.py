"""The page docs/architecture.md and its picture, made from the source.

``python -m tools.architecture.page`` writes them anew.
"""

from tools.architecture.import_graph import MASKWRIGHT, ROOT
from tools.architecture.picture import draw_picture
from tools.architecture.rooms import arrows, layers, purpose, rooms, torch_free

PAGE = ROOT / "docs" / "architecture.md"
PICTURE = PAGE.with_suffix(".svg")

TEXT = """\
# Architecture

<!-- Written by `python -m tools.architecture.page` from the imports of the source; a test fails when it is stale. -->

Data flows one way: annotations → label maps → datasets → models → training → prediction → evaluation → reports. The
folders of `src/maskwright`, here called rooms, lie in layers. **A room imports only from layers below its own.** Rooms
of one layer never import each other; they meet in `runs` and above. `lint-imports` checks this by the contracts in
`pyproject.toml`.

![The rooms in layers, with the imports between them](architecture.svg)

An arrow has the colour of the room that it leaves. It is left out of the picture where a longer way leads to the same
room; the table has them all. In brackets: how many imports there are, those inside functions counted.

| layer | room | what it holds | no torch | imports |
|---|---|---|---|---|
{rows}

`maskwright/__init__.py` is the Python face: it hands on what users call, each imported at first use.

The longest row of modules of which each imports the next has {chain} members. Circles of imports: {circles}.
"""


def write_page() -> None:
    """Write the page and the picture."""
    PAGE.write_text(page_text(), encoding="utf-8")
    PICTURE.write_text(draw_picture(), encoding="utf-8")


def page_text() -> str:
    """Return the text of the page."""
    circles = len(MASKWRIGHT.cycles) or "none"
    return TEXT.format(rows="\n".join(table_rows()), chain=len(MASKWRIGHT.longest_chain), circles=circles)


def table_rows() -> list[str]:
    """Return a row of the table for each room, from top to bottom."""
    found = arrows()
    rows = []
    for number, layer in enumerate(layers(), start=1):
        for room in layer:
            imports = ", ".join(f"{other} ({found[room, other]})" for other in rooms() if (room, other) in found)
            free = "yes" if room in torch_free() else ""
            rows.append(f"| {number} | `{room}` | {purpose(room)} | {free} | {imports} |")
    return rows


if __name__ == "__main__":
    write_page()
