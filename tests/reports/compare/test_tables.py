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
    table = image_table(numbers(), {"a.jpg": "#panel-changed-1"})
    assert (table.header, table.rows) == (["image", "old", "<new>", "change"], [["a.jpg", "0.250", "0.750", "+0.500"]])
    assert table.links == {"a.jpg": "#panel-changed-1"}


def test_a_change_has_its_sign_and_more_than_two_models_the_largest_difference() -> None:
    worse = {"file_name": "b.jpg", "position": 1, "change": 0.25, "scores": {"old": 0.5, "<new>": 0.25}}
    assert image_table(numbers(changed_images=[worse])).rows[0][3] == "−0.250"
    undefined = worse | {"scores": {"old": None, "<new>": 0.25}}
    assert image_table(numbers(changed_images=[undefined])).rows[0][1:] == ["–", "0.250", "0.250"]
    models = [*numbers()["models"], {"name": "third", "paths": ["third.json"], "trainings": 1, "scores": []}]
    third = image_table(numbers(models=models, changed_images=[worse | {"scores": worse["scores"] | {"third": 0.4}}]))
    assert third.header[-1] == "largest difference"
    assert third.rows[0][-1] == "0.250"


def test_words_for_measures() -> None:
    assert measure_label("segm AP50") == "mask AP50"
    assert measure_label("mIoU") == measure_meaning("mIoU") == "mean IoU"
    assert measure_meaning("bbox APs") == "box APs, small objects, below 32² pixels"
    assert p_cell(None) == "–"
