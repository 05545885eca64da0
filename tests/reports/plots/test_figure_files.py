import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from maskwright.reports.plots.figure_files import DARK_INK, write_figure
from maskwright.reports.plots.svg import INK, STYLE, plot, svg_text


@pytest.fixture
def written(tmp_path):
    """The folder with ``bars.svg`` and ``bars.png``, and the page's SVG of the same figure."""
    with mpl.rc_context(STYLE):
        figure, axes = plot(200)
        axes.bar([1], [2], color="#3b82c4")
        axes.set_xlabel("名 dogs")
        svg = svg_text(figure, "bars")
    write_figure(tmp_path / "figures", "bars", figure, svg)
    return tmp_path / "figures", svg


def test_both_files_and_nothing_else(written):
    folder, _ = written
    assert sorted(path.name for path in folder.iterdir()) == ["bars.png", "bars.svg"]


def test_the_svg_stands_on_white_in_dark_ink(written):
    folder, page = written
    svg = (folder / "bars.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    paper = root[0]
    assert (paper.tag.rpartition("}")[2], paper.get("fill"), paper.get("width")) == ("rect", "#ffffff", "100%")
    assert INK in page
    assert INK not in svg
    assert DARK_INK in svg
    assert "名 dogs" in svg


def test_the_png_has_two_and_a_half_dots_to_a_unit_and_the_colours_of_the_figure(written):
    folder, _ = written
    picture = Image.open(folder / "bars.png").convert("RGB")
    assert picture.size == (1050, 500)
    pixels = np.asarray(picture)
    assert (pixels[0, 0] == 255).all()
    assert (pixels == (0x3B, 0x82, 0xC4)).all(axis=2).mean() > 0.2
    assert (pixels.max(axis=2) < 0x45).any()


def test_same_figure_same_bytes(tmp_path):
    for name in ("a", "b"):
        with mpl.rc_context(STYLE):
            figure, axes = plot(100)
            axes.plot([0, 1])
            write_figure(tmp_path, name, figure, svg_text(figure, "line"))
    for suffix in ("svg", "png"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_figure_too_tall_for_a_png_is_drawn_with_fewer_dots(tmp_path):
    figure = Figure(figsize=(0.5, 400))
    write_figure(tmp_path, "tall", figure, "<svg></svg>")
    assert Image.open(tmp_path / "tall.png").size[1] == 60000
