import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.annotations.selection.stratification import Unit, part_sizes, stratify
from maskwright.errors import UsageError

RATIOS = st.lists(st.floats(0.05, 20), min_size=2, max_size=5)


def image(*labels: int) -> Unit:
    return Unit(1, dict.fromkeys(labels, 1), dict.fromkeys(labels, 1))


def sizes(units: list[Unit], parts: list[int], count: int) -> list[int]:
    return [sum(u.size for u, part in zip(units, parts, strict=True) if part == p) for p in range(count)]


@given(st.integers(0, 10_000), RATIOS)
def test_sizes_add_up_and_are_within_one_of_the_exact_share(total: int, ratios: list[float]):
    found = part_sizes(total, ratios)
    assert sum(found) == total
    for size, ratio in zip(found, ratios, strict=True):
        assert abs(size - total * ratio / sum(ratios)) < 1 + 1e-6


def test_sizes_go_by_the_largest_remainder():
    assert part_sizes(100, (8, 1, 1)) == [80, 10, 10]
    assert part_sizes(7, (8, 1, 1)) == [5, 1, 1]
    assert part_sizes(10, (0.7, 0.2, 0.1)) == [7, 2, 1]
    # 3.33 each: the first of equals gets the image that is over.
    assert part_sizes(10, (1, 1, 1)) == [4, 3, 3]


@pytest.mark.parametrize("ratios", [(), (1,), (1, 0), (1, -1), (1, float("nan")), (1, float("inf"))])
def test_ratios_are_at_least_two_positive_numbers(ratios):
    with pytest.raises(UsageError, match="expected at least two positive numbers"):
        stratify([image(0)], ratios, seed=0)


@given(st.lists(st.sets(st.integers(0, 5), min_size=1), max_size=60), RATIOS, st.integers(0, 5))
def test_parts_have_exactly_their_sizes_whatever_the_classes(labels: list[set[int]], ratios: list[float], seed: int):
    units = [image(*each) for each in labels]
    parts = stratify(units, ratios, seed)
    assert sizes(units, parts, len(ratios)) == part_sizes(len(units), ratios)
    assert parts == stratify(units, ratios, seed)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 5))
def test_with_one_class_an_image_each_class_is_shared_out_to_the_rounding(labels: list[int], seed: int):
    ratios = np.array([0.5, 0.3, 0.2])
    parts = np.array(stratify([image(label) for label in labels], ratios.tolist(), seed))
    for label in set(labels):
        mine = np.array(labels) == label
        for part, ratio in enumerate(ratios):
            assert abs(np.sum(parts[mine] == part) - ratio * mine.sum()) < 2


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=40), st.integers(0, 3))
def test_groups_shift_a_part_by_less_than_the_largest_of_them(groups: list[tuple[int, int]], seed: int):
    units = [Unit(size, {label: size}, {label: 2 * size}) for size, label in groups]
    wanted = part_sizes(sum(size for size, _ in groups), (6, 2, 2))
    largest = max(size for size, _ in groups)
    for found, size in zip(sizes(units, stratify(units, (6, 2, 2), seed), 3), wanted, strict=True):
        assert found - size < largest


def test_a_rare_class_on_crowded_images_keeps_its_share():
    rng = np.random.default_rng(0)
    # Class 9 is on 20 images of 1000, each with several frequent classes.
    units = [image(*rng.choice(5, 3, replace=False).tolist(), *([9] if i < 20 else [])) for i in range(1000)]
    for seed in range(5):
        parts = np.array(stratify(units, (8, 1, 1), seed))
        assert np.bincount(parts[:20], minlength=3).tolist() == [16, 2, 2]


def test_instances_are_evened_out_too():
    rng = np.random.default_rng(1)
    amounts = rng.integers(1, 30, 200).tolist()
    units = [Unit(1, {0: 1}, {0: amount}) for amount in amounts]
    parts = np.array(stratify(units, (1, 1), seed=0))
    halves = [np.array(amounts)[parts == part].sum() for part in (0, 1)]
    # Two random halves differ by about 120 of 3000 instances.
    assert abs(halves[0] - halves[1]) < 20


def test_nothing_gives_nothing():
    assert stratify([], (1, 1), seed=0) == []
