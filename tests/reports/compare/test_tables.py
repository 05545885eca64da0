from maskwright.reports.compare.tables import (
    class_difference_table,
    difference_table,
    image_table,
    measure_label,
    measure_meaning,
    p_cell,
    score_table,
)
from tests.reports.compare.compared import numbers


def test_scores_of_all_classes_have_a_column_for_each_model() -> None:
    table = score_table(numbers())
    assert table.header == ["score", "old", "<new>"]
    assert table.rows[0] == ["mask AP, mean over IoU 0.50 to 0.95", "0.300 [0.280, 0.320]", "0.400 [0.380, 0.420]"]
    assert len(table.rows) == 3


def test_differences_have_their_sign_interval_and_p_values() -> None:
    table = difference_table(numbers(), "<new>", "old")
    assert table.header == ["score", "<new> less old", "95 % interval", "p", "p, corrected"]
    assert table.rows[0][1:] == ["+0.100", "[+0.070, +0.130]", "0.012", "0.036"]
    assert table.rows[2][1:] == ["–", "–", "–", "–"]


def test_classes_are_sorted_by_the_size_of_the_difference() -> None:
    table = class_difference_table(numbers(), "<new>", "old")
    assert [row[0] for row in table.rows] == ["kite", "dog"]
    assert table.rows[0][1:4] == ["0.300", "0.400", "−0.200"]


def test_images_have_the_score_of_each_model() -> None:
    assert image_table(numbers()).rows == [["a.jpg", "0.250", "0.750", "0.500"]]


def test_words_for_measures() -> None:
    assert measure_label("segm AP50") == "mask AP50"
    assert measure_label("mIoU") == measure_meaning("mIoU") == "mean IoU"
    assert measure_meaning("bbox APs") == "box APs, small objects, below 32² pixels"
    assert p_cell(None) == "–"
