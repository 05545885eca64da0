from maskwright.reports.explore.tables import overlap_table, per_class_table
from tests.reports.explored import explored

SCENE = [(1, 0, 0, 10), (2, 5, 5, 10), (2, 6, 6, 10)], [(2, 0, 0, 40), (2, 2, 2, 3, True)]


def test_a_row_a_class_most_instances_first():
    table = per_class_table(explored(["dog", "cat", "cow"], *SCENE))
    rows = {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}
    assert list(rows) == ["cat", "dog", "cow"]
    assert (rows["cat"]["images"], rows["cat"]["instances"], rows["cat"]["crowds"]) == ("2", "3", "1")
    assert (rows["cat"]["small"], rows["cat"]["medium"], rows["cat"]["large"]) == ("2", "1", "0")
    assert (rows["cat"]["median √area"], rows["dog"]["median √area"], rows["cow"]["median √area"]) == ("10", "10", "–")
    # cat: 119 pixels on the first image, 1,600 on the second, of twice 48 × 64.
    assert (rows["cat"]["pixels"], rows["cow"]["pixels"]) == ("28 %", "0 %")


def test_of_many_classes_the_first_rows():
    assert [row[0] for row in per_class_table(explored(["dog", "cat", "cow"], *SCENE), most=1).rows] == ["cat"]


def test_a_data_set_without_images_has_no_shares():
    assert per_class_table(explored(["dog"])).rows == [["dog", "0", "0", "0", "0", "0", "0", "–", "–"]]


def test_pairs_with_most_shared_pixels_first_and_their_shares():
    table = overlap_table(explored(["dog", "cat"], *SCENE))
    # Two cats share 9 × 9 pixels of the 1,719 under any; the dog shares 5 × 5 of its 100.
    assert table.rows == [["cat, itself", "81", "4.7 %", "–"], ["dog, cat", "25", "25 %", "1.5 %"]]
    assert len(overlap_table(explored(["dog", "cat"], *SCENE), most=1).rows) == 1
    assert overlap_table(explored(["dog", "cat"])).rows == []
