"""The page of a review: its pictures and texts, and what its script does with keys, the mouse and files."""

import json
import re
from pathlib import Path
from typing import Any

from maskwright.reports.review.page import DrawnOutline, SuspectPicture, render_review_page
from tests.browser import answer_in_window, assert_readable, in_browser
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
    script = (
        "let blob=null;const made=URL.createObjectURL;URL.createObjectURL=b=>{blob=b;return made(b)};"
        "HTMLAnchorElement.prototype.click=function(){this.dataset.name=this.download};"
        "page.querySelector('#s2 [data-decision=accept]').click();page.getElementById('save').click();"
        "const saved=await blob.text();"
        "page.querySelector('#s2 [data-decision=accept]').click();"
        "const take=async text=>{const files=new DataTransfer();files.items.add(new File([text],'decisions.json'));"
        "const field=page.getElementById('load');field.files=files.files;"
        "field.dispatchEvent(new Event('change'));await sleep(50)};"
        "const before=page.getElementById('s2').dataset.decided??null;await take(saved);"
        "const after=page.getElementById('s2').dataset.decided;await take('{}');"
        "const refused=page.getElementById('count').textContent;"
        "page.getElementById('kind').value='missing';page.getElementById('kind').dispatchEvent(new Event('change'));"
        "return {saved:JSON.parse(saved),before,after,refused,hidden:page.getElementById('s2').hidden,"
        "kept:JSON.parse(localStorage.getItem('maskwright-review-0123'))}"
    )
    found = answer_in_window(page(), script, tmp_path)
    assert found["saved"] == {
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
    assert (found["before"], found["after"], found["hidden"]) == (None, "accept", True)
    assert "holds no decisions for this page" in found["refused"]
    assert found["kept"] == [["s2", "accept"]]
