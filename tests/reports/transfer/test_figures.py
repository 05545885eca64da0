import re

from maskwright.reports.transfer.figures import shift_bars


def estimate(value: float | None, spread: float | None = None) -> dict[str, float | None]:
    known = value is not None and spread is not None
    return {"value": value, "low": value - spread if known else None, "high": value + spread if known else None}


def test_every_number_is_written_and_a_missing_one_is_a_dash():
    rows = {
        "one": {"a": estimate(-0.25, 0.1), "b": estimate(0.125)},
        "other": {"a": estimate(None), "b": estimate(0.0)},
    }
    svg = shift_bars(rows, ["a", "b"], "shift", "Shifts of a and b")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"−0.25", "+0.12", "–", "+0.00", "one", "other", "a", "b", "shift"} <= {text.strip() for text in texts}
    assert 'aria-label="Shifts of a and b"' in svg
    assert svg == shift_bars(rows, ["a", "b"], "shift", "Shifts of a and b")


def test_nothing_but_zeros_can_be_drawn():
    assert "<svg" in shift_bars({"one": {"a": estimate(0.0)}}, ["a"], "shift", "Nothing")
