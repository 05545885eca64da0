import re
import xml.etree.ElementTree as ElementTree

import pytest

from maskwright.reports.plots.figures import best_epoch, class_distribution, loss_curves, metric_curves


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def height(svg: str) -> float:
    return float(ElementTree.fromstring(svg).get("viewBox", "").split()[3])


def test_distribution_writes_each_count_and_a_dash_for_a_class_the_split_lacks():
    svg = class_distribution({"train": {"dog": 1200, "cat": 40}, "validation": {"dog": 30}}, ["dog", "cat"], 1200)
    found = texts(svg)
    assert {"dog", "cat", "1,200", "40", "30", "–", "train", "validation"} <= set(found)
    assert "instances" in found


def test_a_count_of_zero_is_zero_and_not_absent():
    found = texts(class_distribution({"train": {"dog": 5, "cat": 0}}, ["dog", "cat"], 5))
    assert "0" in found
    assert "–" not in found


def test_only_a_wide_span_of_counts_makes_the_axis_logarithmic_and_it_says_so():
    narrow = class_distribution({"train": {"dog": 100, "cat": 1}}, ["dog", "cat"], 100)
    wide = class_distribution({"train": {"dog": 101, "cat": 1}}, ["dog", "cat"], 101)
    assert "instances" in texts(narrow)
    assert "instances (logarithmic scale)" in texts(wide)


@pytest.mark.parametrize("scale", [1, 1000])
def test_bars_stay_inside_the_picture(scale):
    counts = {"dog": 900 * scale, "cat": 3, "cow": 0}
    svg = class_distribution({"train": counts}, list(counts), 900 * scale)
    numbers = [float(x) for path in re.findall(r' d="([^"]*)"', svg) for x in re.findall(r"[ML] (-?[\d.]+)", path)]
    assert min(numbers) >= 0
    assert max(numbers) <= 420


def test_eighty_classes_grow_downwards_so_that_no_names_meet():
    names = [f"class {i}" for i in range(80)]
    counts = {split: dict.fromkeys(names, 7) for split in ("train", "validation")}
    svg = class_distribution(counts, names, 7)
    assert height(svg) > 80 * 2 * 12
    assert set(names) <= set(texts(svg))
    assert len(svg) < 120_000


def test_loss_curves_have_one_named_line_per_part_and_bridge_gaps():
    svg = loss_curves([1, 2, 3], {"loss": [1.0, None, 0.5], "mask": [0.5, 0.4, 0.3]})
    assert {"loss", "mask", "epoch"} <= set(texts(svg))


def test_metric_curves_mark_the_best_epoch_of_the_headline():
    svg = metric_curves([1, 2, 3], {"mean IoU": [0.2, 0.61, 0.6], "mean Dice": [0.3, 0.4, 0.9]}, "mean IoU")
    assert "mean IoU (best 0.610, epoch 2)" in texts(svg)


@pytest.mark.parametrize(("epochs", "values"), [([1], [0.5]), ([1, 2], [None, None]), ([], [])])
def test_curves_of_a_run_that_has_hardly_begun(epochs, values):
    assert loss_curves(epochs, {"loss": values}).startswith("<svg")
    assert metric_curves(epochs, {"mean IoU": values}, "mean IoU").startswith("<svg")


def test_best_epoch_is_the_first_largest_and_none_without_values():
    assert best_epoch([1, 2, 3], [0.5, None, 0.5]) == (1, 0.5)
    assert best_epoch([1, 2], [None, None]) is None


def test_figures_are_deterministic():
    assert loss_curves([1, 2], {"loss": [1.0, 0.5]}) == loss_curves([1, 2], {"loss": [1.0, 0.5]})
