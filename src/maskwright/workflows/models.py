"""What ``maskwright models`` lists."""

from typing import Any

from maskwright.models import catalogue


def list_models(name: str | None = None) -> list[dict[str, Any]]:
    """Every model of the catalogue, or the one called ``name``: name, task, summary, published weights, options.

    Patterns such as ``smp:ARCHITECTURE/ENCODER`` stand for whole families. Raises ``UsageError`` for an unknown name.
    """
    entries = list(catalogue.MODELS.values()) if name is None else [catalogue.find_model(name)]
    models: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "task": entry.task,
            "summary": entry.summary,
            "weights": sorted(entry.published),
            "options": catalogue.option_names(entry),
        }
        for entry in entries
    ]
    if name is None:
        models += [
            {
                "name": pattern,
                "task": "semantic" if pattern.startswith("smp") else "instance",
                "summary": summary,
                "weights": ["imagenet"],
                "options": None,
            }
            for pattern, summary in catalogue.PATTERNS.items()
        ]
    return models
