from maskwright.reports.review.text import review_lines
from tests.reports.review.numbers import numbers


def test_kinds_are_counted_and_the_first_suspects_named() -> None:
    lines = review_lines(numbers())
    assert lines[0] == "2 suspects among 60 labels on 20 images"
    assert [line.split() for line in lines[2:5]] == [
        ["kind", "suspects"],
        ["Missing", "label", "1"],
        ["Spurious", "label", "1"],
    ]
    assert lines[-1].split() == ["2", "Spurious", "label", "0.50", "b.jpg", "square"]


def test_no_suspect_is_said() -> None:
    assert review_lines(numbers(suspects=[])) == ["no label is suspected: 60 labels on 20 images"]
