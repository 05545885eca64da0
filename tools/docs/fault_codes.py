"""The reference of fault codes, from the catalogue of ``maskwright check``."""

from maskwright.annotations.faults import FAULTS
from tools.docs.markdown import code, prose, table


def faults_page() -> str:
    """Return the page: every fault code with its severity and remedy, by alphabet."""
    rows = [[code(name), kind.severity, prose(kind.remedy)] for name, kind in sorted(FAULTS.items())]
    parts = [
        "# Fault codes",
        "[`maskwright check`](../how-to/check.md) counts and names these faults. An **error** makes tools fail or "
        "costs an object. A **warning** is worth knowing. What each code means stands in "
        "[All faults](../how-to/check.md#all-faults). `check --fix` repairs those whose remedy names it.",
        table(["Code", "Severity", "Remedy"], rows),
    ]
    return "\n\n".join(parts) + "\n"
