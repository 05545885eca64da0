"""The axes that matrices over classes share: cells of one size, names that fit, rows downwards."""

import pytest

from maskwright.reports.plots.square_axes import square, square_axes


@pytest.mark.parametrize("count", [1, 5, 80])
def test_a_cell_has_the_size_asked_for_whatever_their_number(count: int):
    figure = square_axes(["person"] * count, 31)
    (axes,) = figure.axes
    left, right = (axes.transData.transform((x, 0))[0] for x in (-0.5, 0.5))
    top, bottom = (axes.transData.transform((0, y))[1] for y in (-0.5, 0.5))
    points = 72 / figure.dpi
    assert (right - left) * points == pytest.approx(31)
    assert (top - bottom) * points == pytest.approx(31)


def test_the_names_stay_on_the_figure_and_leave_the_title_its_place():
    figure = square_axes(["car", "a class with a long name"], 30, title=22)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    free = 22 * figure.dpi / 72
    assert min(label.get_window_extent().x0 for label in axes.get_yticklabels()) >= free
    assert max(label.get_window_extent().y1 for label in axes.get_xticklabels()) <= figure.bbox.height - free


def test_squares_of_neighbours_do_not_touch():
    right = max(x for x, _ in square(2, 3))
    assert right < min(x for x, _ in square(3, 3))
    assert [sum(values) / 4 for values in zip(*square(2, 3), strict=True)] == pytest.approx([2, 3])
