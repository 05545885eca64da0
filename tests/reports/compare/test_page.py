from maskwright.reports.compare.page import render_comparison_page
from maskwright.reports.pictures.embedded import Picture
from tests.reports.compare.compared import numbers
from tests.reports.html_page import Page

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
