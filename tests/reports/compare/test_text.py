from maskwright.reports.compare.text import compare_lines, method_note
from tests.reports.compare.compared import numbers


def test_the_verdict_comes_last() -> None:
    lines = list(compare_lines(numbers()))
    assert lines[-1] == "<new> is better than old by 0.100 mask AP."
    text = "\n".join(lines)
    for part in ("mask AP per class", "F1 of each image", "a.jpg", "[+0.070, +0.130]"):
        assert part in text


def test_how_it_was_computed_is_said() -> None:
    note = method_note(numbers())
    for part in ("300 images", "1,000 bootstrap samples", "Holm", "Seed 0"):
        assert part in note


def test_without_changed_images_and_classes_there_are_no_tables_of_them() -> None:
    changed = numbers(changed_images=[], differences=[each for each in numbers()["differences"] if not each["class"]])
    text = "\n".join(compare_lines(changed))
    assert "F1 of each image" not in text
    assert "per class" not in text
