"""What may be asked of timm: its models by their names, and options that are numbers.

A model card comes from strangers. timm itself takes options that name files, which it unpickles, and names of models
that it fetches from a hub or reads from a folder.
"""

import re
from collections.abc import Mapping
from typing import Any

from maskwright.errors import UsageError, unknown_name

# Rates of what is dropped while training, and the sizes and details of transformers: none names a file or an address.
TIMM_OPTIONS = (
    *("attn_drop_rate", "drop_block_rate", "drop_path_rate", "drop_rate", "pos_drop_rate", "proj_drop_rate"),
    *("dynamic_img_pad", "dynamic_img_size", "img_size", "init_values", "strict_img_size", "window_size"),
)


def require_timm_model(name: str) -> None:
    """Raise ``UsageError`` with the nearest names unless ``name`` is a model of timm, with or without one of its tags.

    Names with a scheme, as ``hf-hub:…`` and ``local-dir:…``, are none.
    """
    # Imported here: it takes as long as building most networks, and only its own models need it.
    import timm

    if not re.fullmatch(r"\w+(\.\w+)?", name, re.ASCII) or not timm.is_model(name):
        raise unknown_name("timm model", name, timm.list_models())
    try:
        timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise unknown_name("timm model", name, timm.list_models(pretrained=True)) from error


def require_timm_options(options: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` for one of ``TIMM_OPTIONS`` that is no number, no bool, not null and no list of numbers."""
    for option in TIMM_OPTIONS:
        value = options.get(option)
        parts = value if isinstance(value, list | tuple) else [value]
        if not all(part is None or isinstance(part, int | float) for part in parts):
            raise UsageError(
                f"model.options.{option}: found {value!r}; expected a number, true or false, or a list of numbers."
            )
