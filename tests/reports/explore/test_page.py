import re
from dataclasses import replace

import numpy as np
import pytest

from maskwright.annotations.faults import Audit, Fault
from maskwright.reports.explore.figures import explore_figures
from maskwright.reports.explore.page import PagePictures, ShownTile, render_explore_page
from maskwright.reports.pictures.tile import Tile
from maskwright.reports.shown_figure import ShownFigure
from tests.browser import assert_readable, in_browser
from tests.reports.explored import explored
from tests.reports.html_page import Page, assert_runs_only_its_own_script

HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a\x00b\x1b"]
EIGHTY = [f"class {i}" for i in range(80)]
SCENE = [(1, 0, 0, 10), (2, 5, 5, 10), (2, 30, 30, 4)], [(2, 0, 0, 40), (3, 1, 1, 9)]
NO_PICTURES = PagePictures()


def page(names, *images, figures=False, pictures=NO_PICTURES, audit=None, all_classes=True, name="train/labels.json"):
    """The page and its parsed parts; drawing ``figures`` takes half a second."""
    statistics = explored(names, *images)
    figures = {figure.name: ShownFigure.of(figure) for figure in (explore_figures(statistics) if figures else ())}
    audit = audit or Audit(name, statistics.instances, statistics.instances)
    html = render_explore_page(name, statistics, audit, figures, pictures, all_classes)
    return html, Page(html)


def tile(name="1.jpg", crowds=0):
    return ShownTile.of(Tile(np.zeros((9, 12, 3), np.uint8), name, [("dog", (255, 0, 128))], 2, crowds))


@pytest.mark.parametrize("names", [["dog", "cat", "cow"], HOSTILE])
def test_the_page_loads_nothing_and_runs_its_own_script_alone(names):
    html, parsed = page(
        names, *SCENE, figures=True, pictures=PagePictures(True, [tile('"><script>')]), name="<script>/labels.json"
    )
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in parsed.tags}
    assert_runs_only_its_own_script(html)
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert (attributes.get("src") or "data:").startswith("data:")
        for link in ("href", "xlink:href"):
            assert (attributes.get(link) or "#").startswith("#")
    styles = re.findall(r"<style>.*?</style>", html, re.DOTALL)
    assert len(styles) == 1
    assert "url(" not in styles[0]


@pytest.mark.parametrize(("names", "images"), [
    ([], []), (["dog"], []), (["dog"], [[]]), (["dog"], [[(1, 0, 0, 9)]]), (["dog", "cat", "cow"], SCENE),
])  # fmt: skip
def test_every_data_set_has_a_page_of_balanced_tags_and_unique_ids(names, images):
    _, parsed = page(names, *images, figures=True)
    assert parsed.unbalanced == []
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_class_is_in_the_table_of_the_page():
    _, parsed = page(EIGHTY, [(1, 0, 0, 9)])
    assert set(EIGHTY) <= set(parsed.text)


def test_pictures_stand_over_the_colours_of_their_classes():
    html, parsed = page(
        ["dog"], [(1, 0, 0, 9)], pictures=PagePictures(True, [tile(crowds=2)], ["Without a picture: cat."])
    )
    assert 'style="background:#ff0080"' in html
    text = " ".join(parsed.text)
    assert "1.jpg, 2 instances, 2 crowd regions" in text
    assert "Without a picture: cat." in text


def test_a_picture_of_a_larger_image_links_it_in_full_resolution():
    large = Tile(np.zeros((9, 12, 3), np.uint8), "1.jpg", [], 2, 0, full_size=(480, 640))
    linked, plain = (
        page(["dog"], [(1, 0, 0, 9)], pictures=PagePictures(True, [ShownTile.of(each, "figures/pictures/a b.jpg")]))[0]
        for each in (large, replace(large, full_size=None))
    )
    assert '<a href="figures/pictures/a%20b.jpg" title="Full resolution, 640 × 480 pixels"><img' in linked
    assert "full resolution" in linked
    assert "figures/pictures" not in plain
    assert "full resolution" not in plain


def test_pictures_come_before_the_bars_of_the_classes():
    html, _ = page(["dog"], [(1, 0, 0, 9)], figures=True, pictures=PagePictures(True, [tile()]))
    assert html.index('id="pictures"') < html.index('id="classes"') < html.index("<svg")


def test_a_page_without_an_images_folder_does_not_speak_of_pictures():
    assert 'id="pictures"' not in page(["dog"], [(1, 0, 0, 9)])[0]
    assert 'id="pictures"' in page(["dog"], [(1, 0, 0, 9)], pictures=PagePictures(True))[0]


def test_what_was_skipped_and_found_wrong_is_on_the_page():
    audit = Audit("train/labels.json", found=5, used=3)
    audit.skip("other_class")
    audit.fault(Fault("bad_polygon", "annotation", 77, "has no polygon"))
    text = " ".join(page(["dog"], [(1, 0, 0, 9)], audit=audit, all_classes=False)[1].text)
    assert "Every annotation read was either used or skipped for a stated reason." in text
    assert "skipped: bad_polygon" in text
    assert "annotation 77 has no polygon" in text
    assert "some classes of the file" in text


def test_an_audit_that_does_not_add_up_says_so():
    html, _ = page(["dog"], [(1, 0, 0, 9)], audit=Audit("labels.json", found=5, used=3))
    assert re.search(r'<p class="warn">The counts do not add up', html)


def test_same_data_same_page():
    assert page(["dog", "cat", "cow"], *SCENE)[0] == page(["dog", "cat", "cow"], *SCENE)[0]


@in_browser
def test_the_page_is_readable_on_telephones_and_screens(tmp_path):
    names = [*EIGHTY, "斑马", "حمار وحشي", "ज़ेबरा"]
    squares = [(label, label % 60, label % 44, 4) for label in range(1, 84)]
    pictures = PagePictures(True, [tile(), tile(crowds=2)], ["Without a picture: cat."])
    html, _ = page(names, squares, *SCENE, figures=True, pictures=pictures)
    assert_readable(html, tmp_path)
