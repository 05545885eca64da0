import re
import xml.etree.ElementTree as ElementTree

from maskwright.reports.plots.figures import COLORS
from maskwright.reports.plots.part_curves import part_curves


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_name_of_both_parts_has_one_colour_one_key_and_two_lines():
    svg = part_curves([1, 2, 3], {"mask": [0.5, 0.4, 0.3]}, {"mask": [0.6, None, 0.5]}, "loss")
    assert texts(svg).count("mask") == 1
    assert {"epoch", "loss"} <= set(texts(svg))
    lines = re.findall(rf'd="([^"]*)"[^>]*stroke: {COLORS[0]}', svg) or re.findall(rf"stroke[^>]*{COLORS[0]}", svg)
    assert len(lines) >= 3  # two curves and the key
    assert svg.count("stroke-dasharray") == 1
    assert COLORS[1] not in svg


def test_more_names_than_colours_differ_by_their_lines():
    names = [f"class {number}" for number in range(10)]
    svg = part_curves([1, 2], {}, {name: [0.1, 0.2] for name in names}, "IoU")
    assert set(names) <= set(texts(svg))
    assert "stroke-dasharray" in svg


def test_curves_of_a_run_that_has_hardly_begun():
    assert part_curves([1], {}, {"mask": [None]}, "loss").startswith("<svg")


def test_the_points_of_nearly_equal_values_are_whole_below_the_upper_edge():
    svg = part_curves([1, 2], {}, {"mask": [1.699, 1.7]}, "loss")
    drawn = ElementTree.fromstring(svg)
    (plot,) = drawn.iter("{http://www.w3.org/2000/svg}rect")  # to which the lines are clipped
    points = [
        float(each.get("y", ""))
        for each in drawn.iter("{http://www.w3.org/2000/svg}use")
        if COLORS[0] in each.get("style", "")
    ]
    assert len(points) == 2
    assert min(points) > float(plot.get("y", "")) + 4
