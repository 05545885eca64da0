from maskwright.annotations.faults import Audit
from maskwright.reports.explore.text import MOST_CLASSES, explore_lines
from tests.reports.explored import explored


def lines(names, *images):
    audit = Audit("labels.json", found=9, used=6)
    audit.skip("other_class", 2)
    audit.skip("bad_polygon")
    return list(explore_lines(explored(names, *images), audit))


def test_the_table_the_facts_and_the_audit():
    found = lines(["dog", "cat"], [(1, 0, 0, 9), (2, 20, 0, 9), (2, 40, 0, 9)])
    assert found[0].split() == [
        "class",
        "images",
        "instances",
        "crowds",
        "small",
        "medium",
        "large",
        "median",
        "√area",
        "pixels",
    ]
    assert [line.split()[0] for line in found[1:3]] == ["cat", "dog"]
    assert "3 instances of 2 classes on 1 image." in found
    assert found[-1] == "annotations: 9 found = 6 used + 3 skipped (1 bad_polygon, 2 other_class)"


def test_a_name_cannot_command_the_terminal():
    assert not any(letter in line for line in lines(["\x1b[31mdog\nx", "cat"], [(1, 0, 0, 9)]) for letter in "\x1b\n")


def test_the_classes_that_are_not_printed_are_counted():
    found = lines([f"class {i}" for i in range(MOST_CLASSES + 5)], [(1, 0, 0, 9)])
    assert "… and 5 classes with fewer instances; --json has all of them" in found
