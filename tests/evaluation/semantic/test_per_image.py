import numpy as np
import pytest

from maskwright.evaluation.semantic.per_image import image_row, worst_first
from maskwright.evaluation.semantic.scores import semantic_scores


def test_the_scores_of_an_image_are_those_of_a_data_set_of_one_image():
    counts = np.array([[50, 3, 0, 0], [2, 20, 0, 4], [0, 0, 0, 0], [0, 1, 0, 9]])
    expected = semantic_scores(counts, ["background", "a", "absent", "b"])
    row = image_row(7, "seven.png", counts)
    assert row["mIoU"] == pytest.approx(expected["mIoU"], abs=1e-15)
    assert row["pixel_accuracy"] == expected["pixel_accuracy"]
    assert (row["image_id"], row["file_name"]) == (7, "seven.png")


def test_the_worst_come_first_and_images_without_a_counted_pixel_not_at_all():
    good, bad = np.array([[5, 0], [0, 5]]), np.array([[0, 5], [5, 0]])
    rows = [image_row(1, "good", good), image_row(2, "none", np.zeros((2, 2), int)), image_row(3, "bad", bad)]
    assert [row["file_name"] for row in worst_first(rows)] == ["bad", "good"]
