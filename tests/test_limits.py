"""The limits on input: their defaults, the environment and the option that change them, and values that are refused."""

import os

import pytest

from maskwright.errors import UsageError
from maskwright.limits import INPUT_LIMITS, beyond_limit, input_limit, limit_variable, set_input_limit


@pytest.fixture(autouse=True)
def _restored_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))


def test_a_limit_is_its_default_until_the_environment_says_otherwise():
    assert input_limit("image-pixels") == INPUT_LIMITS["image-pixels"].default
    os.environ["MASKWRIGHT_LIMIT_IMAGE_PIXELS"] = "1_000"
    assert input_limit("image-pixels") == 1000


def test_the_option_sets_the_variable_that_other_processes_inherit():
    set_input_limit("yaml-nodes=7")
    assert os.environ[limit_variable("yaml-nodes")] == "7"
    assert beyond_limit("yaml-nodes").startswith("at most 7 are accepted; raise that with: maskwright --limit yaml-nod")


@pytest.mark.parametrize("value", ["", "0", "-1", "1e9", "many", "1.5", "9" * 16, "9" * 100_000])
def test_a_value_that_is_no_whole_number_above_zero_is_refused(value: str):
    with pytest.raises(UsageError, match=r"--limit image-pixels: found '.{0,40}'; expected a whole number"):
        set_input_limit(f"image-pixels={value}")
    os.environ[limit_variable("image-pixels")] = value
    with pytest.raises(UsageError, match="MASKWRIGHT_LIMIT_IMAGE_PIXELS: found"):
        input_limit("image-pixels")


def test_an_unknown_limit_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"Unknown limit 'image-pixel'\. Nearest: image-pixels"):
        set_input_limit("image-pixel=5")
