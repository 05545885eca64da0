"""Short numbers for cells and bars: compact counts and percentages."""

import math

import numpy as np

_UNITS = ((10**3, "k"), (10**6, "M"), (10**9, "G"))


def compact(value: int) -> str:
    """Return a count in at most four characters, up to 999 billion: ``999``, ``1.2k``, ``35k``, ``840M``."""
    if value < 1000:
        return str(value)
    size, unit = next((pair for pair in _UNITS if value < 999.5 * pair[0]), _UNITS[-1])
    amount = value / size
    return f"{amount:.1f}{unit}" if amount < 9.95 else f"{amount:.0f}{unit}"


def percent(share: float) -> str:
    """Return ``share`` (0 to 1) in percent with two significant digits and without an exponent: ``75 %``, ``0.062 %``.

    Only a share of 1 is ``100 %``. A smaller share that would round to it is ``> 99 %``.
    """
    value = float(f"{share * 100:.1e}")
    if value == 0 or share == 1:
        return f"{value:.0f} %"
    if value >= 100:
        return "> 99 %"
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f} %"


def round_percent(share: float) -> str:
    """Return the round ``share`` (0 to 1) of an axis in percent without trailing zeros: ``10 %``, ``0.01 %``."""
    return f"{np.format_float_positional(share * 100, precision=6, unique=False, fractional=False, trim='-')} %"


def whole_percent(part: int, whole: int) -> str:
    """Return ``part`` in percent of ``whole`` in at most three characters.

    Only all is ``100`` and only nothing is blank; what would round to them is ``>99`` or ``<1``.
    """
    if part in (0, whole):
        return "100" if part else ""
    percent = 100 * part / whole
    return "<1" if percent < 0.5 else ">99" if percent >= 99.5 else f"{percent:.0f}"
