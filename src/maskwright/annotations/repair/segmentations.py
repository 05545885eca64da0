"""Repairs of one segmentation: a flat polygon, parts that cannot be drawn, or nothing to draw at all."""

import msgspec

from maskwright.annotations.repair.edit import Edit

# Bytes of JSON; [[], [], []] and the like.
_LONGEST_NOTHING = 200

_parts = msgspec.json.Decoder(list[msgspec.Raw])
_polygon = msgspec.json.Decoder(list[float])


def repair_segmentation(edit: Edit) -> None:
    """Put a flat polygon into a list, and remove parts that cannot be drawn where others can."""
    content = edit.fields.get("segmentation")
    if not isinstance(content, msgspec.Raw):
        return
    try:
        parts = _parts.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return
    if _drawable(content):
        edit.fields["segmentation"] = [content]
        edit.note_repair("flat_polygon_list", "put its polygon into a list of polygons")
        return
    usable = [part for part in parts if _drawable(part)]
    if usable and len(usable) < len(parts):
        edit.fields["segmentation"] = usable
        edit.note_repair(
            "dropped_parts", f"removed {len(parts) - len(usable)} of {len(parts)} polygons, which draw nothing"
        )


def draws_nothing(edit: Edit) -> bool:
    """Return whether the segmentation is missing or has no coordinate."""
    content = edit.fields.get("segmentation")
    if isinstance(content, msgspec.Raw) and len(memoryview(content)) > _LONGEST_NOTHING:
        return False
    value = edit.value("segmentation")
    if isinstance(value, list):
        return all(part == [] for part in value)
    return not value and not isinstance(value, dict)


def _drawable(part: msgspec.Raw) -> bool:
    """Return whether ``part`` is a polygon that :func:`maskwright.masks.rle.rasterise` draws."""
    try:
        coordinates = _polygon.decode(part)
    except msgspec.DecodeError:
        return False
    return len(coordinates) >= 6 and len(coordinates) % 2 == 0
