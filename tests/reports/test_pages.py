"""All pages in Chromium, wide and narrow, light, dark and on paper: readable, sorted by keys, and without a request."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from maskwright.reports.compare.page import render_comparison_page
from maskwright.reports.sweep.page import render_sweep_page
from tests.browser import in_browser
from tests.devtools import Tab, tab
from tests.reports.compare.test_page import CHANGED, PICTURES
from tests.reports.compare.test_page import numbers as compared
from tests.reports.explore.test_page import EIGHTY, SCENE
from tests.reports.explore.test_page import page as explored
from tests.reports.review.test_page import page as reviewed
from tests.reports.swept import a_sweep
from tests.reports.transfer.test_page import page as transferred

Write = Callable[[pytest.FixtureRequest], str]


def _run(task: str) -> Write:
    return lambda request: (request.getfixturevalue(f"{task}_run") / "report.html").read_text(encoding="utf-8")


PAGES: dict[str, Write] = {
    "semantic run": _run("semantic"),
    "instance run": _run("instance"),
    "compare": lambda _: render_comparison_page(compared(changed_images=CHANGED), PICTURES),
    "explore": lambda _: explored(EIGHTY, *SCENE, figures=True)[0],
    "review": lambda _: reviewed(),
    "sweep": lambda _: render_sweep_page(a_sweep()),
    "transfer": lambda _: transferred(on_cityscapes=True),
}
# Width in pixels, medium and shade.
VIEWS = [(1280, "screen", "light"), (1280, "screen", "dark"), (400, "screen", "light"), (400, "screen", "dark")]
PAPER = (720, "print", "light")

FAULTS = (
    "(async()=>{document.querySelectorAll('details').forEach(each=>each.open=true);"
    "const found=await axe.run(document,{resultTypes:['violations']}),d=document.documentElement;"
    "const faults=found.violations.filter(each=>['serious','critical'].includes(each.impact))"
    ".map(each=>`${each.id}: ${each.nodes[0].html.slice(0,200)} ${each.nodes[0].failureSummary.slice(0,300)}`);"
    "if(d.scrollWidth>d.clientWidth)faults.push(`the page is ${d.scrollWidth} pixels wide`);return faults})()"
)
# Of each table with enough rows to sort: the number of columns with a title, and of buttons that keys reach.
TABLES = (
    "(()=>{window.sorted=[...document.querySelectorAll('main table')].filter(t=>t.tHead&&t.tBodies[0].rows.length>=4);"
    "return sorted.map(t=>{const heads=[...t.tHead.rows[0].cells].filter(c=>c.textContent.trim());"
    "return [heads.length,heads.filter(c=>c.querySelector('button')?.tabIndex===0).length]})})()"
)
STATE = (
    "(t=>[t.tHead.rows[0].cells[COLUMN].getAttribute('aria-sort'),"
    "[...t.tBodies[0].rows].map(row=>row.cells[COLUMN].textContent.trim())])(sorted[TABLE])"
)


def view(window: Tab, width: int, medium: str, shade: str) -> None:
    window.do("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
    features = [{"name": "prefers-color-scheme", "value": shade}]
    window.do("Emulation.setEmulatedMedia", media=medium, features=features)


@in_browser
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_readable_sorted_by_keys_and_asks_for_nothing(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    axe = pytest.importorskip("axe_core_python", reason="no axe-core-python")
    source = next(Path(axe.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
    file = tmp_path / "page.html"
    file.write_text(PAGES[name](request), encoding="utf-8")
    with tab(tmp_path) as window:
        window.open(file.as_uri())
        window.get(f"{source};0")
        for width, medium, shade in (*VIEWS, PAPER):
            view(window, width, medium, shade)
            assert window.get(FAULTS) == [], (width, medium, shade)
            window.picture(tmp_path / f"{width}-{medium}-{shade}.png")
        view(window, *VIEWS[0])
        for number, (titles, buttons) in enumerate(window.get(TABLES)):
            assert buttons == titles, f"table {number}"
            sort_by_keys(window, number)
        asked, faults = window.requests, window.faults
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data", "blob"}
    assert faults == []


def sort_by_keys(window: Tab, table: int) -> None:
    """Press Enter on the title of the last column of a table, and Tab on the one before it to come there."""
    columns = window.get(f"[...sorted[{table}].tHead.rows[0].cells].flatMap((c,i)=>c.querySelector('button')?[i]:[])")
    column = columns[-1]
    state = STATE.replace("TABLE", str(table)).replace("COLUMN", str(column))
    buttons = f"sorted[{table}].tHead.rows[0].querySelectorAll('button')"
    _, original = window.get(state)
    window.get(f"[...{buttons}].at({-2 if len(columns) > 1 else -1}).focus()")
    if len(columns) > 1:
        window.press("Tab", 9)
    assert window.get(f"document.activeElement === [...{buttons}].at(-1)"), f"table {table}: {original}"
    found = {}
    for _ in range(3):
        window.press("Enter", 13)
        order, cells = window.get(state)
        found[order] = cells
        assert sorted(cells) == sorted(original)
    assert found.keys() == {"ascending", "descending", "none"}
    assert found["none"] == original
    measured = {order: [cell for cell in cells if cell != "–"] for order, cells in found.items()}
    if len(set(measured["ascending"])) == len(measured["ascending"]):
        assert measured["ascending"] == measured["descending"][::-1], json.dumps(measured)
