import pytest

from maskwright.annotations.faults import Audit
from maskwright.annotations.formats.conversion_audit import ConversionAudit


@pytest.fixture
def account() -> ConversionAudit:
    """The empty books of a source."""
    return ConversionAudit(Audit("source"))
