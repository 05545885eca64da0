"""The library is imported quietly, and its absence is told with the remedy."""

import subprocess
import sys

import pytest

from maskwright.errors import UsageError
from maskwright.models.transformers import library
from maskwright.models.transformers.library import quiet_library


def test_a_missing_library_is_told_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: None if name == "scipy" else True)
    needed = r"mask2former: needs scipy, which is not.*maskwright\[transformers\]"
    with pytest.raises(UsageError, match=needed), quiet_library("mask2former"):
        pytest.fail("nothing can be built")


def test_the_verbosity_of_the_library_comes_back() -> None:
    from transformers.utils import logging

    before = logging.get_verbosity()
    with quiet_library("mask2former"):
        assert logging.get_verbosity() == logging.ERROR
    assert logging.get_verbosity() == before


def test_the_catalogue_imports_nothing_of_the_library() -> None:
    code = "import sys, maskwright.models.catalogue; print([n for n in sys.modules if n.startswith('transformers')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
