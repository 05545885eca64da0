import pytest

from maskwright.reports.explore.facts import balance, facts, summary_sentence
from tests.reports.explored import explored


def dogs(count):
    return [(1, 2 * i, 0, 1) for i in range(count)]


def test_the_headline_counts_in_words_that_fit():
    assert summary_sentence(explored(["dog"], dogs(1))) == "1 instance of 1 class on 1 image."
    assert summary_sentence(explored(["dog", "cat"], [], dogs(3))) == "3 instances of 2 classes on 2 images."


def test_the_facts():
    found = dict(facts(explored(["dog", "cat"], dogs(4), [], [(2, 0, 0, 40), (2, 0, 0, 40), (1, 0, 0, 48, True)])))
    assert (found["images"], found["empty images"], found["crowd regions"]) == ("3", "1", "1")
    assert found["instances per image"] == "2 (0 to 4)"
    assert found["small objects"] == "67 %"
    assert found["shared pixels"] == "> 99 %"
    assert found["background"] == "75 %"


def test_a_median_between_two_numbers_keeps_its_half():
    assert dict(facts(explored(["dog"], dogs(1), dogs(2))))["instances per image"] == "1.5 (1 to 2)"


def test_facts_of_nothing_are_absent_and_not_zero():
    found = dict(facts(explored(["dog"])))
    assert found["images"] == "0"
    assert {found[key] for key in ("instances per image", "small objects", "background", "shared pixels")} == {"–"}


def test_the_balance_names_the_extremes_the_ties_and_the_absent():
    sentences = balance(explored(["dog", "cat", "cow", "hen"], [*dogs(12), (2, 0, 9, 4), (3, 20, 9, 2)]))
    assert sentences[0] == "Most instances: dog (12). Fewest: cat and 1 other (1), a ratio of 12 to 1."
    assert sentences[1] == "Most pixels: cat. Fewest: cow, 4.0 to 1."
    assert sentences[-1] == "Without an instance: hen."
    assert "of 1)" in sentences[2]


@pytest.mark.parametrize(("names", "images", "sentences"), [
    (["dog"], [dogs(3)], []),
    (["dog", "cat"], [[]], ["There is no instance of these classes."]),
    ([], [], ["There is no instance of these classes."]),
])  # fmt: skip
def test_one_class_or_none_has_no_balance(names, images, sentences):
    assert balance(explored(names, *images)) == sentences


def test_many_absent_classes_are_counted_and_not_all_named():
    names = [f"class {i}" for i in range(40)]
    assert balance(explored(names, dogs(2)))[-1].endswith("class 12 and 27 more.")
