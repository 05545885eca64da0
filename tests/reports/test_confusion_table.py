import numpy as np

from maskwright.reports.confusion_table import largest_confusions


def test_pairs_by_their_pixels_with_the_share_of_the_true_class():
    counts = np.array([[9000, 500, 0], [700, 300, 0], [0, 1200, 800]])
    table = largest_confusions(["background", "dog", "cat"], counts)
    assert table.rows == [
        ["cat", "dog", "1,200", "60 %"],
        ["dog", "background", "700", "70 %"],
        ["background", "dog", "500", "5 %"],
    ]
    assert len(table.header) == 4


def test_as_many_as_asked_and_none_of_nothing():
    counts = np.arange(900).reshape(30, 30)
    names = [str(number) for number in range(30)]
    assert [row[:2] for row in largest_confusions(names, counts, 2).rows] == [["29", "28"], ["29", "27"]]
    assert largest_confusions(names, np.diag(np.arange(30))).rows == []
