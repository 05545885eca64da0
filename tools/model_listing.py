"""Write ``models/listing/records.json`` from the catalogue: ``python -m tools.model_listing``.

The commands that list models and published weights read it, and need no PyTorch. A test fails where it is out of date.
"""

import json
from pathlib import Path
from typing import Any

from maskwright.models import catalogue
from maskwright.models.published_weights import list_weights
from maskwright.models.weights.materials import code_licences, model_record

FILE = Path(__file__).resolve().parents[1] / "src" / "maskwright" / "models" / "listing" / "records.json"


def listing_text() -> str:
    """Return the text of the file: a line for each model, pattern and checkpoint."""
    parts = {"models": model_records(), "weights": list_weights()}
    lists = [f'"{name}": [\n{_lines(records)}\n]' for name, records in parts.items()]
    return "{\n" + ",\n".join(lists) + "\n}\n"


def model_records() -> list[dict[str, Any]]:
    """Return the record of each model of the catalogue, then of each pattern."""
    patterns = [
        {
            "name": pattern,
            "task": _task_of(pattern),
            "summary": summary,
            "weights": ["imagenet"],
            "options": None,
            "licences": {"code": code_licences(pattern), "weights": {}},
        }
        for pattern, summary in catalogue.PATTERNS.items()
    ]
    return [*(model_record(entry) for entry in catalogue.MODELS.values()), *patterns]


def _task_of(pattern: str) -> str:
    """Return the task of a pattern: those of segmentation-models-pytorch are semantic, others named after theirs."""
    named = (task for task in ("semantic", "panoptic") if f"_{task}:" in pattern)
    return "semantic" if pattern.startswith("smp") else next(named, "instance")


def _lines(records: list[dict[str, Any]]) -> str:
    return ",\n".join(json.dumps(record, ensure_ascii=False) for record in records)


if __name__ == "__main__":
    FILE.write_text(listing_text(), encoding="utf-8")
