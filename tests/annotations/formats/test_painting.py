"""Painted maps against asking, pixel by pixel, which object wins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.annotations.faults import Audit
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedImage
from maskwright.annotations.formats.painting import VOID, paint_objects
from tests.annotations.formats.examples import drawn

LABELS = {"dog": 1, "cat": 2}
MASKS = arrays(np.uint8, (4, 5), elements=st.integers(0, 1))
OBJECTS = st.lists(st.tuples(MASKS, st.sampled_from(["dog", "cat"]), st.booleans()), max_size=5)


@settings(max_examples=60)
@given(OBJECTS, st.sampled_from(["last", "first", "smallest", "highest-index"]))
def test_every_pixel_goes_to_the_rule_s_winner(objects: list, rule: str):
    image = AnnotatedImage("a", 4, 5, [drawn(mask, name, crowd) for mask, name, crowd in objects])
    account = ConversionAudit(Audit("", found=len(objects), used=len(objects)))
    numbers, kept = paint_objects(image, LABELS, rule, account)
    things = [(mask, name) for mask, name, crowd in objects if not crowd and mask.any()]
    ranks = {
        "last": lambda i: i,
        "first": lambda i: -i,
        "smallest": lambda i: (-int(things[i][0].sum()), i),
        "highest-index": lambda i: (LABELS[things[i][1]], i),
    }
    void = np.zeros((4, 5), bool)
    for mask, _, crowd in objects:
        void |= (mask == 1) & crowd
    for y, x in np.ndindex(4, 5):
        covering = [i for i in range(len(things)) if things[i][0][y, x]]
        if covering:
            winner = drawn(*things[max(covering, key=ranks[rule])])
            assert kept[numbers[y, x] - 1].rle == winner.rle
            assert kept[numbers[y, x] - 1].name == winner.name
        else:
            assert numbers[y, x] == (VOID if void[y, x] else 0)
    assert set(np.unique(numbers)) - {0, VOID} == set(range(1, len(kept) + 1))
    assert account.objects.adds_up
    assert account.objects.used == len(kept)
    claimed = sum(int(mask.sum()) for mask, _ in things)
    assert account.changes["overlap_pixels"] == claimed - int(np.isin(numbers, (0, VOID), invert=True).sum())


def test_objects_beyond_the_most_are_dropped(account: ConversionAudit):
    image = AnnotatedImage("a", 1, 3, [drawn(np.eye(3)[[i]]) for i in range(3)])
    account.objects.found = account.objects.used = 3
    numbers, kept = paint_objects(image, LABELS, "last", account, 2)
    assert numbers.tolist() == [[1, 2, 0]]
    assert len(kept) == 2
    assert account.objects.skipped == {"beyond_2_objects": 1}


@pytest.mark.parametrize("size", [(1, 1), (3, 2)])
def test_an_image_without_objects_is_background(account: ConversionAudit, size: tuple[int, int]):
    numbers, kept = paint_objects(AnnotatedImage("a", *size), LABELS, "last", account)
    assert (numbers.shape, int(numbers.max()), kept) == (size, 0, [])
