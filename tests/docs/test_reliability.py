"""The page on reliability and SECURITY.md: every limit with its default, and no test that is not there."""

import re
from pathlib import Path

import pytest

from maskwright.limits import INPUT_LIMITS

ROOT = Path(__file__).parents[2]
PAGES = ("docs/reliability.md", "SECURITY.md")


def test_the_page_has_every_limit_with_its_default() -> None:
    page = (ROOT / PAGES[0]).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\d,]+) \|", page, re.MULTILINE)
    assert {name: int(number.replace(",", "")) for name, number in rows} == {
        name: limit.default for name, limit in INPUT_LIMITS.items()
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_tests_that_a_page_names_are_there(page: str) -> None:
    named = set(re.findall(r"`(?:pytest -m slow )?(tests/[\w/.]+)`", (ROOT / page).read_text(encoding="utf-8")))
    assert len(named) >= 5
    assert [path for path in named if not (ROOT / path).exists()] == []
