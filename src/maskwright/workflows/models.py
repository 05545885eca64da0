"""``maskwright models``: list the model catalogue."""

from typing import Any

from maskwright.models.listing.records import listed_models, require_listed_model


def list_models(name: str | None = None) -> list[dict[str, Any]]:
    """Return the models of the catalogue.

    Args:
        name: The name of one model; None for all, with patterns such as ``smp:ARCHITECTURE/ENCODER`` for families.

    Returns:
        A record of each model: ``name``, ``task`` (``semantic`` or ``instance``), ``summary``, ``weights`` (the names
        of its published weights), ``licences`` (those of the ``code``, and of the ``weights`` by name, each with its
        ``name``, ``licence`` and ``terms``) and ``options``, which is None for a pattern: it depends on the model.

    Raises:
        UsageError: No model has this name; the message has the nearest names.

    Example:
        >>> import maskwright as mw
        >>> [model] = mw.list_models("residual_attention_unet")
        >>> model["task"], model["weights"]
        ('semantic', [])
    """
    listed = listed_models()
    if name is None:
        return listed
    require_listed_model(name)
    known = [model for model in listed if model["name"] == name and model["options"] is not None]
    return known or [_found(name)]


def _found(name: str) -> dict[str, Any]:
    """Return the record of the model ``name`` of a pattern, whose options depend on what it is built of."""
    # Imported here: it imports torch, which the list does without.
    from maskwright.models.catalogue import find_model
    from maskwright.models.weights.materials import model_record

    return model_record(find_model(name))
