"""What LVIS files have and other COCO files lack: which classes were looked for on an image, and how frequent they are.

LVIS is federated: an image is searched for some classes only. Its images have a ``coco_url`` and no ``file_name``.
Source: A. Gupta, P. Dollár, R. Girshick, "LVIS: A Dataset for Large Vocabulary Instance Segmentation", CVPR 2019.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

_MARK = b'"neg_category_ids"'


@dataclass(frozen=True)
class FederatedLabels:
    """The classes that were looked for: by image id those ``absent`` and those ``not_exhaustive``, as category ids.

    Of the classes ``not_exhaustive`` on an image not every object is annotated. ``frequency`` is ``r`` (rare), ``c``
    (common) or ``f`` (frequent) by category id, for those that have one.
    """

    absent: dict[int, list[int]]
    not_exhaustive: dict[int, list[int]]
    frequency: dict[int, str]


class _Image(msgspec.Struct, gc=False):
    id: int
    neg_category_ids: list[int] = []  # msgspec gives each record a list of its own
    not_exhaustive_category_ids: list[int] = []


class _Category(msgspec.Struct, gc=False):
    id: int
    frequency: str = ""


class _Document(msgspec.Struct, gc=False):
    images: list[_Image]
    categories: list[_Category]


_document = msgspec.json.Decoder(_Document)
_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_images = msgspec.json.Decoder(list[dict[str, Any]])


def federated_labels(content: bytes) -> FederatedLabels | None:
    """Return the federated labels of the COCO file whose JSON text is ``content``, None where it has none."""
    if _MARK not in content:
        return None
    try:
        document = _document.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return FederatedLabels(
        {image.id: image.neg_category_ids for image in document.images},
        {image.id: image.not_exhaustive_category_ids for image in document.images},
        {each.id: each.frequency for each in document.categories if each.frequency},
    )


def with_file_names(content: bytes) -> bytes:
    """Return the JSON text of an LVIS file with a ``file_name`` of each image, the last two parts of its ``coco_url``.

    LVIS has the images of COCO's folders ``train2017`` and ``val2017``. Images without a ``coco_url`` stay as they are.

    Raises ``msgspec.DecodeError`` when ``content`` is no JSON object with a list of images.
    """
    document = _top.decode(content)
    images = _images.decode(document["images"])
    for image in images:
        url = image.get("coco_url")
        if "file_name" not in image and isinstance(url, str):
            image["file_name"] = "/".join(url.split("/")[-2:])
    return msgspec.json.encode({**document, "images": images})
