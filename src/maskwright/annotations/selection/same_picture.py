"""Image records of one picture, found by file name and URL."""

import re
from collections.abc import Mapping

from maskwright.annotations.coco.document import Document
from maskwright.annotations.coco.image_fields import image_field
from maskwright.annotations.selection.image_groups import merge_overlapping_sets, sets_of
from maskwright.images.decode import IMAGE_SUFFIXES

# Roboflow exports the augmented copies of holiday.jpg as holiday_jpg.rf.<32 hexadecimal digits>.jpg.
_ROBOFLOW_COPY = re.compile(r"\.rf\.[0-9a-f]{32}$")


def same_name(names: Mapping[int, str]) -> list[set[int]]:
    """Return the sets of image ids whose file names (``names`` by image id) denote one picture.

    These are equal names, names that differ only in the image suffix, and augmented copies that Roboflow exports of one
    image.
    """
    return merge_overlapping_sets(sets_of((image_id, _stem(name)) for image_id, name in names.items()))


def same_url(document: Document) -> list[set[int]]:
    """Return the sets of image ids whose ``coco_url`` or ``flickr_url`` is the URL of one image file."""
    found = []
    for key in ("coco_url", "flickr_url"):
        for image_id, url in image_field(document, key).items():
            # Other addresses, such as the data set's own page, are the same for many images.
            if isinstance(url, str) and url.lower().endswith(IMAGE_SUFFIXES):
                found.append((image_id, url))
    return merge_overlapping_sets(sets_of(found))


def _stem(file_name: str) -> str:
    name = file_name.replace("\\", "/")
    for suffix in IMAGE_SUFFIXES:
        if name.lower().endswith(suffix):
            return _ROBOFLOW_COPY.sub("", name[: -len(suffix)])
    return name
