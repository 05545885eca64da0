"""The limits of the service."""

from typing import Any

import pytest

from maskwright.errors import UsageError
from maskwright.server.service_limits import ServiceLimits


@pytest.mark.parametrize(
    "wrong", [{"queue": 0}, {"seconds": 0.0}, {"seconds": float("nan")}, {"batch": 0}, {"body": 0}, {"body": 1 << 31}]
)
def test_a_limit_that_is_none_is_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(UsageError, match=f"--{name}"):
        ServiceLimits(**wrong)


def test_the_defaults_are_limits() -> None:
    assert ServiceLimits().body == 32 << 20
    assert ServiceLimits(batch=8).batch == 8
