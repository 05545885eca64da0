from maskwright.reports.run.panoptic_table import panoptic_table

ROW = {"PQ": 0.5, "SQ": 0.8, "RQ": 0.625, "matched": 1000, "wrong": 2, "missed": 3}
PANOPTIC = {
    **{"PQ": 0.65, "SQ": 0.8, "RQ": 0.8, "protocol": "as agreed"},
    "classes": {"dog": ROW, "cat": ROW | {"PQ": 0.8}, "cow": dict.fromkeys(ROW)},
}


def test_the_class_of_highest_quality_stands_first_and_the_mean_in_the_caption():
    table = panoptic_table({"panoptic": PANOPTIC})
    assert table is not None
    assert table.table.header == ["class", "PQ", "SQ", "RQ", "matched", "wrong", "missed"]
    assert table.table.rows == [
        ["cat", "0.800", "0.800", "0.625", "1,000", "2", "3"],
        ["dog", "0.500", "0.800", "0.625", "1,000", "2", "3"],
    ]
    assert "PQ 0.650, SQ 0.800, RQ 0.800" in table.meaning
    assert table.meaning.endswith("Protocol: as agreed.")


def test_intervals_stand_beside_the_mean_and_the_classes():
    overall, of_cat = ({"value": 0.7, "low": low, "high": 0.9} for low in (0.6, 0.75))
    intervals = {"level": 0.95, "panoptic": {"PQ": overall, "classes": {"cat": {"PQ": of_cat}}}}
    table = panoptic_table({"panoptic": PANOPTIC, "intervals": intervals})
    assert table is not None
    assert table.table.header[:3] == ["class", "PQ", "95 % interval"]
    assert [row[2] for row in table.table.rows] == ["[0.750, 0.900]", "–"]
    assert "PQ 0.650 (95 % interval [0.600, 0.900])" in table.meaning


def test_a_run_that_did_not_measure_it_has_no_table():
    assert panoptic_table({}) is None
    assert panoptic_table({"panoptic": {"PQ": None, "classes": {}}}) is None
