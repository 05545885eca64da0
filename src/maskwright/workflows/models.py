"""``maskwright models``: list the model catalogue."""

from typing import Any

from maskwright.models import catalogue


def list_models(name: str | None = None) -> list[dict[str, Any]]:
    """Return the models of the catalogue.

    Args:
        name: The name of one model; None for all, with patterns such as ``smp:ARCHITECTURE/ENCODER`` for families.

    Returns:
        A record of each model: ``name``, ``task`` (``semantic`` or ``instance``), ``summary``, ``weights`` (the names
        of its published weights) and ``options``, which is None for a pattern: it
        depends on the model.

    Raises:
        UsageError: No model has this name; the message has the nearest names.

    Example:
        >>> import maskwright as mw
        >>> [model] = mw.list_models("residual_attention_unet")
        >>> model["task"], model["weights"]
        ('semantic', [])
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
