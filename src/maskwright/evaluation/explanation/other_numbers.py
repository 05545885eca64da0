"""The numbers of another tool, as a JSON file or as text, under the names of COCO's statistics."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.coco.evaluator import STATISTICS
from maskwright.files import read_json

# Numbers with more digits than this still differ by rounding between tools.
_LEAST_TOLERANCE = 1e-6
_PERCENT = 100.0

# Names of the statistics in lower case: pycocotools and Detectron2, MMDetection, torchmetrics, Ultralytics.
_ALIASES = {
    **{name.lower(): name for name in STATISTICS},
    "map": "AP", "map50-95": "AP", "map_50_95": "AP", "map50_95": "AP", "ap50-95": "AP",
    "map50": "AP50", "map_50": "AP50", "ap_50": "AP50", "map75": "AP75", "map_75": "AP75", "ap_75": "AP75",
    "map_s": "APs", "map_small": "APs", "ap_small": "APs", "map_m": "APm", "map_medium": "APm", "ap_medium": "APm",
    "map_l": "APl", "map_large": "APl", "ap_large": "APl",
    "mar_1": "AR1", "mar_10": "AR10", "mar_100": "AR100", "ar@1": "AR1", "ar@10": "AR10", "ar@100": "AR100",
    "mar_small": "ARs", "mar_medium": "ARm", "mar_large": "ARl",
    "ar_small": "ARs", "ar_medium": "ARm", "ar_large": "ARl",
}  # fmt: skip
_KINDS = {"segm": "segm", "mask": "segm", "masks": "segm", "m": "segm", "bbox": "bbox", "box": "bbox", "b": "bbox"}


@dataclass(frozen=True)
class OtherNumbers:
    """Another tool's ``values`` as fractions by IoU type and statistic, each with its ``tolerance`` by rounding."""

    values: Mapping[tuple[str, str], float]
    tolerance: Mapping[tuple[str, str], float]

    @property
    def kinds(self) -> list[str]:
        """The IoU types that there are numbers of."""
        return sorted({kind for kind, _ in self.values})


def read_other_numbers(given: str | Path, default_kind: str) -> OtherNumbers:
    """Read the numbers in a JSON file, or in a text such as ``0.352``, ``AP=0.352,AP50=0.561`` or twelve numbers.

    Names may be those of pycocotools, Detectron2, MMDetection, torchmetrics or Ultralytics, with ``segm`` or ``bbox``
    in or around them; a number without is of ``default_kind``. Numbers above 1 are per cent. -1 and null are left out.

    Raises ``UsageError`` for a text without a number or a file that does not exist, ``DataError`` for a file without
    such numbers.
    """
    path = Path(given)
    if str(given).endswith(".json") or path.is_file():
        if not path.is_file():
            raise UsageError(f"{path}: it does not exist; expected the JSON file of another tool's numbers.")
        try:
            content = read_json(path)
        except ValueError as error:
            raise DataError(f"{path}: is no JSON ({error}); expected another tool's numbers.") from error
        found = list(_named(content, default_kind))
        if not found:
            raise DataError(
                f"{path}: holds none of {', '.join(STATISTICS)}; expected such numbers, as `score instance --json` "
                "prints them, or a list of the twelve."
            )
    else:
        found = list(_of_text(str(given), default_kind))
    return _rounded(
        [(kind, name, text) for kind, name, text in found if float(text) >= 0 and math.isfinite(float(text))]
    )


def _named(content: Any, kind: str) -> Iterator[tuple[str, str, str]]:
    """Yield IoU type, statistic and number of what a JSON value holds."""
    if isinstance(content, list) and len(content) == len(STATISTICS) and all(map(_is_number, content)):
        yield from ((kind, name, repr(value)) for name, value in zip(STATISTICS, content, strict=True))
    elif isinstance(content, dict):
        for key, value in content.items():
            if _is_number(value):
                named = _statistic(str(key))
                if named is not None:
                    yield named[0] or kind, named[1], repr(value)
            else:
                yield from _named(value, _KINDS.get(str(key).lower(), "")) if str(key).lower() in _KINDS else ()


def _of_text(text: str, kind: str) -> Iterator[tuple[str, str, str]]:
    parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
    bare = [part for part in parts if "=" not in part]
    for part in parts:
        name, _, number = part.rpartition("=")
        if not re.fullmatch(r"-?\d+(\.\d*)?|-?\.\d+", number.strip()):
            raise UsageError(
                f"--explain {text}: '{part}' is no number; expected a JSON file, 0.352, or AP=0.352,AP50=0.561."
            )
        named = _statistic(name.strip()) if name else None
        if name and named is None:
            raise UsageError(f"--explain {text}: '{name}' is none of {', '.join(STATISTICS)}; expected these names.")
        if named is not None:
            yield named[0] or kind, named[1], number.strip()
    if not parts or (bare and len(bare) not in (1, len(STATISTICS))):
        raise UsageError(f"--explain {text}: {len(bare)} numbers without a name; expected AP alone or all twelve.")
    yield from ((kind, name, number) for name, number in zip(STATISTICS, bare, strict=False))


def _statistic(key: str) -> tuple[str, str] | None:
    """Return IoU type, empty where the name has none, and statistic of a tool's name; None for other names."""
    lower = key.lower().rpartition("/")[2]
    kind = ""
    ultralytics = re.fullmatch(r"(.*)\(([bm])\)", lower)
    if ultralytics:
        lower, kind = ultralytics[1], _KINDS[ultralytics[2]]
    folder = key.lower().split("/")[0]
    if not kind and folder in _KINDS and "/" in key:
        kind = _KINDS[folder]
    for prefix in ("segm", "bbox", "mask", "box"):
        if lower.startswith((f"{prefix}_", f"{prefix} ")):
            lower, kind = lower[len(prefix) + 1 :], _KINDS[prefix]
    return (kind, _ALIASES[lower]) if lower in _ALIASES else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rounded(found: list[tuple[str, str, str]]) -> OtherNumbers:
    scale = _PERCENT if any(float(text) > 1 for *_, text in found) else 1.0
    values, tolerance = {}, {}
    for kind, name, text in found:
        values[kind, name] = float(text) / scale
        digits = len(text.partition(".")[2]) if "e" not in text.lower() else 17
        tolerance[kind, name] = max(0.5001 * 10.0**-digits / scale, _LEAST_TOLERANCE)
    if not values:
        raise DataError("The other tool's numbers are all undefined; expected one that is not.")
    return OtherNumbers(values, tolerance)


def shown_numbers(numbers: OtherNumbers) -> str:
    """Return the numbers as text for messages."""
    return json.dumps({f"{kind} {name}": value for (kind, name), value in numbers.values.items()})
