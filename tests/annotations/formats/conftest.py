import pytest

from maskwright.annotations.faults import Audit
from maskwright.annotations.formats.conversion_audit import Account


@pytest.fixture
def account() -> Account:
    """The empty books of a source."""
    return Account(Audit("source"))
