"""The reference of fault codes."""

from maskwright.annotations.faults import FAULTS
from tools.docs.fault_codes import faults_page


def test_every_fault_code_has_a_row_with_its_severity() -> None:
    rows = faults_page().splitlines()
    for name, kind in FAULTS.items():
        assert sum(row.startswith(f"| `{name}` | {kind.severity} | ") for row in rows) == 1
