from pathlib import Path

from maskwright.reports.compare.page import render_comparison_page
from maskwright.reports.pictures.embedded import Picture
from maskwright.structures import ClassTable
from tests.browser import answer, assert_readable, in_browser
from tests.devtools import tab
from tests.reports.compare.compared import numbers
from tests.reports.html_page import Page, assert_runs_only_its_own_script

PICTURES = [Picture("a.jpg", "data:image/webp;base64,AAAA", 60, 20), Picture("b.jpg", fault="cannot be shown: gone")]


def test_the_page_has_everything_escaped_and_every_tag_closed() -> None:
    text = render_comparison_page(numbers(), PICTURES)
    page = Page(text)
    assert page.unbalanced == []
    assert page.open == []
    assert "<new>" not in text
    assert "&lt;new&gt; is better than old" in text
    assert "Not compared: cake." in text
    assert text.count("data:image/webp;base64,") == 1
    assert "cannot be shown: gone" in text


def test_it_is_said_why_there_are_no_pictures() -> None:
    assert "with --images" in render_comparison_page(numbers(), [])
    assert "No image changes" in render_comparison_page(numbers(changed_images=[]), [])


CHANGED = [
    {
        "file_name": name,
        "position": place,
        "change": 0.5 - place / 10,
        "scores": {"old": 0.25, "<new>": 0.75 - place / 10},
    }
    for place, name in enumerate(("a.jpg", "b.jpg", "c.jpg", "d.jpg"))
]


def test_an_image_in_the_table_leads_to_its_picture() -> None:
    page = Page(text := render_comparison_page(numbers(changed_images=CHANGED), PICTURES))
    assert [each["href"] for each in page.named("a") if each.get("href", "").startswith("#panel")] == [
        "#panel-changed-1",  # in the table
        "#panel-changed-1",  # the picture itself; that of b.jpg is not there
    ]
    assert {"id": "panel-changed-1"} in page.named("figure")
    assert_runs_only_its_own_script(text)


@in_browser
def test_the_page_is_readable_on_telephones_and_screens(tmp_path: Path) -> None:
    assert_readable(render_comparison_page(numbers(changed_images=CHANGED), PICTURES), tmp_path)


@in_browser
def test_the_images_can_be_sorted_by_their_change(tmp_path: Path) -> None:
    script = (
        "const table=page.querySelector('#images table'),button=[...table.querySelectorAll('thead button')].at(-1);"
        "button.click();button.click();return [...table.tBodies[0].rows].map(row=>row.cells[0].textContent)"
    )
    content = render_comparison_page(numbers(changed_images=CHANGED), PICTURES)
    assert answer(content, 1280, script, tmp_path) == ["d.jpg", "c.jpg", "b.jpg", "a.jpg"]


def test_pictures_have_a_legend_of_their_classes() -> None:
    few = ClassTable.from_names(["dog", "kite"])
    page = Page(render_comparison_page(numbers(changed_images=CHANGED), PICTURES, few))
    assert [each["aria-label"] for each in page.named("ul") if each.get("class") == "legend"] == ["Class colours"]
    assert len(page.named("i")) == 2
    assert "legend" not in {each.get("class") for each in Page(render_comparison_page(numbers(), [], few)).named("ul")}
    many = ClassTable.from_names([f"class {number}" for number in range(21)])
    page = Page(render_comparison_page(numbers(changed_images=CHANGED), PICTURES, many))
    assert len(page.named("details")) == 1
    assert page.unbalanced == page.open == []


@in_browser
def test_no_heading_of_a_table_covers_its_rows_on_paper(tmp_path: Path) -> None:
    file = tmp_path / "compare.html"
    file.write_text(render_comparison_page(numbers(changed_images=CHANGED), PICTURES), encoding="utf-8")
    with tab(tmp_path) as page:
        page.do("Emulation.setEmulatedMedia", media="print")
        page.open(file.as_uri(), 720, 300)
        page.get("window.scrollTo(0, document.body.scrollHeight)")
        covered = page.get(
            "[...document.querySelectorAll('table')].filter(table => table.tHead.rows[0].cells[0]"
            ".getBoundingClientRect().bottom > table.tBodies[0].rows[0].getBoundingClientRect().top + 1).length"
        )
    assert covered == 0
