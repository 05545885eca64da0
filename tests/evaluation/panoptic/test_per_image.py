"""Panoptic scores of single images, by hand."""

import pytest

from maskwright.evaluation.panoptic.per_image import MOST_ROWS, fewest_matched_first, segment_row
from maskwright.evaluation.panoptic.quality import MatchCounts


def test_the_row_of_an_image_is_of_all_its_segments() -> None:
    row = segment_row(3, "a.jpg", [MatchCounts(1, 0, 1, 0.8), MatchCounts(1, 1, 0, 0.6)])
    assert row == {
        "image_id": 3, "file_name": "a.jpg", "PQ": pytest.approx(1.4 / 3), "matched": 2, "wrong": 1, "missed": 1,
    }  # fmt: skip


def test_the_worst_come_first_and_images_without_a_segment_are_left_out() -> None:
    counts = {1: [MatchCounts(1, 0, 0, 0.9)], 2: [], 3: [MatchCounts(0, 0, 1)], 4: [MatchCounts(0, 0, 2)]}
    rows = [segment_row(number, f"{number}.jpg", found) for number, found in counts.items()]
    assert [row["image_id"] for row in fewest_matched_first(rows)] == [4, 3, 1]


def test_there_are_no_more_than_the_most() -> None:
    rows = [segment_row(number, "a.jpg", [MatchCounts(0, 0, 1)]) for number in range(MOST_ROWS + 5)]
    assert len(fewest_matched_first(rows)) == MOST_ROWS
