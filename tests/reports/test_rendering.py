import pytest
from jinja2 import UndefinedError

from maskwright.reports.rendering import render


def test_a_value_that_is_missing_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        render("sweep.html.jinja")
