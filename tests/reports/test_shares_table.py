import pytest

from maskwright.annotations.selection.shares import ClassShares, class_shares
from maskwright.reports.shares_table import shares_summary, shares_table


@pytest.fixture
def shares() -> ClassShares:
    counts = {**{i: {1: 1} for i in range(8)}, 8: {0: 2, 1: 5}, 9: {}, 10: {}}
    parts = {"train": [0, 1, 2, 3, 4, 5, 9], "test": [6, 7, 8, 10]}
    return class_shares(["cat", "dog", "cow"], counts, parts, (1, 1))


def test_the_table_has_the_most_frequent_class_first_and_the_totals_last(shares: ClassShares):
    assert shares_table(shares) == [
        "                                            train                    test",
        "class              images instances   images      % inst. %   images      % inst. %",
        "dog                     9        13        6   66.7    46.2        3   33.3    53.8",
        "cat                     1         2        0    0.0     0.0        1  100.0   100.0",
        "(without objects)       2         0        1   50.0       –        1   50.0       –",
        "all images             11        15        7   63.6    40.0        4   36.4    60.0",
    ]


def test_the_summary_names_the_worst_deviation_and_what_is_absent(shares: ClassShares):
    assert shares_summary(shares) == [
        "images: 16.7 points off on average, 16.7 at worst (dog: 66.7% in train, asked 50.0%); "
        "classes of 2 images or more",
        "instances: 3.8 points off on average, 3.8 at worst (dog: 46.2% in train, asked 50.0%); "
        "classes of 2 images or more",
        "train has no cat",
        "no image has an object of cow",
    ]


def test_a_long_list_of_absent_classes_is_cut_and_counted():
    names = [f"class {number}" for number in range(12)]
    counts = {0: dict.fromkeys(range(12), 1), 1: {}}
    summary = shares_summary(class_shares(names, counts, {"a": [0], "b": [1]}, (1, 1)))
    assert summary == [f"b has no {', '.join(names[:10])}, … (12 classes)"]


def test_a_file_without_objects_has_a_table_too():
    lines = shares_table(class_shares(["cat"], {1: {}, 2: {}}, {"a": [1], "b": [2]}, (1, 1)))
    assert lines[-1] == "all images              2         0        1   50.0       –        1   50.0       –"
