"""The page of a review: its pictures and texts, and what its script does with keys, the mouse and files."""

import json
import re
import time
from pathlib import Path
from typing import Any

from maskwright.reports.review.page import DrawnOutline, SuspectPicture, render_review_page
from tests.browser import answer_in_window, assert_readable, in_browser
from tests.devtools import tab
from tests.reports.html_page import Page
from tests.reports.review.numbers import numbers

DOT = "data:image/webp;base64,UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
PICTURES = [
    SuspectPicture(DOT, 240, 160, (10, 20, 130, 100), [], [DrawnOutline("M20 30L40 30L40 50Z", True, "<disc> 0.99")]),
    SuspectPicture(DOT, 120, 80, (0, 0, 60, 40), [DrawnOutline("M2 3L4 3L4 5Z", True, "square")], []),
]
FORMAT = "maskwright review decisions"


def page(pictures: list[SuspectPicture] = PICTURES, **changes: Any) -> str:
    return render_review_page(numbers(**changes), pictures, FORMAT)


def test_everything_is_escaped_and_every_tag_is_closed() -> None:
    found = Page(page())
    assert (found.unbalanced, found.open) == ([], [])
    assert "<b>" not in page()
    assert "<disc>" not in page()
    assert [each["viewbox"] for each in found.named("svg")] == ["10 20 120 80", "0 0 60 40"]
    shown = "".join(found.text)
    assert "Missing label" in shown
    assert "annotation 7" in shown
    assert "1 result has <no> class" in shown


def test_the_data_of_the_script_is_json_that_no_name_can_end() -> None:
    (text,) = re.findall(r'<script type="application/json" id="review-data">(.*?)</script>', page(), re.DOTALL)
    content = json.loads(text)
    assert (content["format"], content["annotations"]["sha256"]) == (FORMAT, "0123")
    assert [each["changes"] for each in content["suspects"]] == [each["changes"] for each in numbers()["suspects"]]
    assert content["suspects"][0]["image"] == "a </script><b>.jpg"


def test_only_the_suspects_with_a_picture_are_on_the_page_and_faults_are_told() -> None:
    short = page([SuspectPicture(fault="a.jpg cannot be read.")])
    assert short.count('class="suspect"') == 1
    assert "a.jpg cannot be read." in short
    assert "No label is suspected." in page([], suspects=[])


@in_browser
def test_readers_of_any_screen_and_shade_can_read_it(tmp_path: Path) -> None:
    assert_readable(page(), tmp_path)


KEYS = (
    "const press=key=>page.dispatchEvent(new KeyboardEvent('keydown',{key,bubbles:true}));"
    "const state=()=>[...page.querySelectorAll('.suspect')].map(e=>e.dataset.decided??null);"
)
# KeyboardEvent on the document has the document as target, which has no closest().
FOCUSED = "const press=key=>page.body.dispatchEvent(new KeyboardEvent('keydown',{key,bubbles:true}));"


@in_browser
def test_keys_decide_and_lead_on(tmp_path: Path) -> None:
    script = (
        KEYS.replace(KEYS[: KEYS.index("const state")], FOCUSED)
        + "const said=[state()];press('a');said.push(state());press('r');said.push(state());"
        "press('k');press('u');said.push(state());press('k');press('u');said.push(state());"
        "press('l');const hidden=getComputedStyle(page.querySelector('.layer.truth')).display;"
        "return {said,hidden,count:page.getElementById('count').textContent}"
    )
    found = answer_in_window(page(), script, tmp_path)
    assert found["said"] == [
        [None, None],
        ["accept", None],
        ["accept", "reject"],
        ["unsure", "reject"],
        [None, "reject"],
    ]
    assert found["hidden"] == "none"
    assert found["count"] == "1 of 2 decided: 0 accepted, 1 rejected, 0 unsure"


@in_browser
def test_decisions_are_saved_with_their_changes_and_taken_from_a_file(tmp_path: Path) -> None:
    shown, other, saved = tmp_path / "review.html", tmp_path / "other.json", tmp_path / "decisions.json"
    shown.write_text(page(), encoding="utf-8")
    other.write_text("{}", encoding="utf-8")
    decided = "document.getElementById('s2').dataset.decided"
    with tab(tmp_path) as window:
        window.open(shown.as_uri())
        window.get("document.querySelector('#s2 [data-decision=accept]').click()")
        window.get("document.getElementById('save').click()")
        written = _json_once_written(saved)
        window.get("document.querySelector('#s2 [data-decision=accept]').click()")
        assert window.get(decided) is None
        window.give("#load", saved)
        window.wait(f"{decided} === 'accept'")
        window.give("#load", other)
        window.wait("document.getElementById('count').textContent.includes('holds no decisions for this page')")
        window.get(
            "{const kind=document.getElementById('kind');kind.value='missing';kind.dispatchEvent(new Event('change'))}"
        )
        assert window.get("document.getElementById('s2').hidden") is True
        assert window.get("JSON.parse(localStorage.getItem('maskwright-review-0123'))") == [["s2", "accept"]]
        assert window.faults == []
    assert written == {
        "format": FORMAT,
        "annotations": {"file": "labels.json", "sha256": "0123"},
        "decisions": [
            {
                "suspect": "s2",
                "kind": "spurious",
                "image": "b.jpg",
                "changes": [{"do": "remove", "annotation": 7}],
                "decision": "accept",
            }
        ],
    }


def _json_once_written(file: Path, seconds: float = 60) -> Any:
    """What a download holds once it is whole."""
    deadline = time.monotonic() + seconds
    while not file.exists() or not file.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, f"{file.name} was not downloaded"
        time.sleep(0.02)
    return json.loads(file.read_text(encoding="utf-8"))
