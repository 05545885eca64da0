"""The licence of a weights file that is given by path: by the repository it is of, or by the model card beside it."""

import re
from pathlib import Path
from typing import Any

import yaml

from maskwright.bounded_yaml import BoundedLoader
from maskwright.models.weights.licences import LICENCES, NOT_STATED, Licence

# Names of publishers' repositories on the hub. What somebody trained further from them keeps their licence.
_REPOSITORIES = (
    (r"mask2former-swin-(tiny|small|base|large)-.+", "cc-by-nc-4.0"),
    (r"mit-b[0-5]|segformer-b[0-5]-.+", "nvidia-source-code"),
    (r"(coco|ade20k|cityscapes)_(instance|panoptic|semantic)_eomt_.+_dinov3", "dinov3-license"),
    (r"(coco|ade20k|cityscapes)_(instance|panoptic|semantic)_eomt_.+", "mit"),
    (r"dinov3-.+", "dinov3-license"),
)
_NEAR = 4  # folders: huggingface_hub keeps models--OWNER--NAME/snapshots/COMMIT/FILE
_CARD_BYTES = 1 << 16


def stated_licence(path: Path) -> Licence:
    """Return the licence of the weights file at ``path``; ``NOT_STATED`` where nothing near it says one.

    A folder that has the name of a publisher's repository, as its clone or in the cache of huggingface_hub, comes
    first: the model cards of Mask2Former and SegFormer say only "other". Then comes ``license``, or ``license_name``,
    at the head of the ``README.md`` beside the file.
    """
    for folder in list(path.absolute().parents)[:_NEAR]:
        name = folder.name.rpartition("--")[2].lower()
        for pattern, licence in _REPOSITORIES:
            if re.fullmatch(pattern, name):
                return LICENCES[licence]
    return _of_card(path.with_name("README.md"))


def _of_card(card: Path) -> Licence:
    """Return the licence that a model card states; ``NOT_STATED`` for one without it, unknown or damaged."""
    try:
        with card.open("rb") as file:
            text = file.read(_CARD_BYTES).decode("utf-8", errors="replace")
        head = re.match(r"---\s*\n(.*?)\n---\s*(\n|\Z)", text, re.DOTALL)
        found: Any = yaml.load(head[1], BoundedLoader) if head else None
    except (OSError, yaml.YAMLError):
        return NOT_STATED
    if not isinstance(found, dict):
        return NOT_STATED
    for key in ("license", "license_name"):
        if (name := str(found.get(key)).lower()) in LICENCES:
            return LICENCES[name]
    return NOT_STATED
