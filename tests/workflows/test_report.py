"""The page of a real run, looked at in a real browser."""

import re
from pathlib import Path

import pytest

from maskwright.files import read_json
from tests.browser import answer, assert_readable, browse, in_browser
from tests.devtools import tab


def page_of(task: str, request: pytest.FixtureRequest) -> str:
    return (request.getfixturevalue(f"{task}_run") / "report.html").read_text(encoding="utf-8")


@in_browser
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_page_is_readable_on_telephones_and_screens(
    task: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert_readable(page_of(task, request), tmp_path)


@in_browser
@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_one_click_leads_to_the_worst_image_and_escape_back(
    task: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(f"{task}_run")
    worst = read_json(run / "scores.json")["validation"]["worst_images"][0]["file_name"]
    file = tmp_path / "page.html"
    file.write_text(page_of(task, request), encoding="utf-8")
    with tab(tmp_path) as window:
        window.open(file.as_uri(), width=1400)
        # The first link of the page's head.
        name = window.get("{const link=document.querySelector('.summary a');link.click();link.textContent}")
        window.wait("document.querySelector('figure:target img')?.naturalWidth > 0")
        described, top, fills, width = window.get(
            "{const shown=document.querySelector('figure:target'),image=shown.querySelector('img'),"
            "box=shown.getBoundingClientRect();[image.alt,box.top,box.height>=800,image.naturalWidth]}"
        )
        window.press("Escape", 27)
        window.wait("document.querySelector('figure:target') === null")
    assert name == worst
    assert worst in described
    assert (top, fills) == (0, True)
    assert width > 700


@in_browser
def test_tables_are_sorted_and_filtered_by_the_page_alone(instance_run: Path, tmp_path: Path) -> None:
    content = (instance_run / "report.html").read_text(encoding="utf-8")
    script = (
        "const table=[...page.querySelectorAll('table')].find(t=>t.caption.textContent.startsWith('Over all classes'));"
        "const head=table.tHead.rows[0].cells[1],button=head.querySelector('button');"
        "const column=()=>[...table.tBodies[0].rows].map(r=>r.cells[1].textContent);"
        "const said=[column()];"
        "for(let i=0;i<3;i++){button.click();said.push([head.getAttribute('aria-sort'),column()])}"
        "const field=table.parentElement.previousElementSibling.querySelector('input');"
        "field.value='small recall';field.dispatchEvent(new Event('input'));"
        "said.push([...table.tBodies[0].rows].filter(r=>!r.hidden).map(r=>r.cells[0].textContent));"
        "return [...said,button.tabIndex,field.getAttribute('aria-label')]"
    )
    original, falling, rising, restored, kept, tab, label = answer(content, 1280, script, tmp_path)
    numbers = sorted((float(cell) for cell in original if cell != "–"), reverse=True)
    absent = ["–"] * (len(original) - len(numbers))
    assert falling == ["descending", [f"{number:.3f}" for number in numbers] + absent]
    assert rising == ["ascending", [f"{number:.3f}" for number in reversed(numbers)] + absent]
    assert restored == ["none", original]
    assert kept == ["ARs, recall of small objects"]
    assert tab == 0
    assert label.startswith("Filter the rows: Over all classes")


def requested_hosts(page: Path, folder: Path) -> set[str]:
    """The hosts that Chromium asked for anything while it showed ``page``."""
    folder.mkdir()
    log = folder / "net.json"
    browse(page, folder, f"--log-net-log={log}", "--host-resolver-rules=MAP * ~NOTFOUND")
    return set(re.findall(r'"url":"(?:https?|wss?)://([^/"]+)', log.read_text(encoding="utf-8", errors="replace")))


@in_browser
def test_no_request_leaves_the_machine(semantic_run: Path, tmp_path: Path) -> None:
    # Chromium has errands of its own; they show on an empty page too.
    empty = tmp_path / "empty.html"
    empty.write_text("<!doctype html><title>-</title>")
    control = tmp_path / "control.html"
    control.write_text('<!doctype html><title>-</title><img src="http://pictures.invalid/a.png" alt="">')
    own = requested_hosts(empty, tmp_path / "empty")
    assert requested_hosts(control, tmp_path / "control") - own == {"pictures.invalid"}
    assert requested_hosts(semantic_run / "report.html", tmp_path / "page") <= own


@in_browser
def test_the_policy_of_the_page_lets_its_own_script_run_and_no_other(semantic_run: Path, tmp_path: Path) -> None:
    content = (semantic_run / "report.html").read_text(encoding="utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(content.replace("<main>", "<main><script>document.title='other'</script>"), encoding="utf-8")
    dom = browse(changed, tmp_path)
    assert '<th scope="col" aria-sort="none"><button type="button">' in dom
    assert "<title>other</title>" not in dom
