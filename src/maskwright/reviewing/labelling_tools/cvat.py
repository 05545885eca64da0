"""Suspects as annotations of CVAT, and the decisions in its export.

The format is "CVAT for images 1.1" (docs.cvat.ai, "XML annotation format"). The decision is an attribute of a box
around each suspect, so that CVAT's attribute mode leads from one to the next by keyboard.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from maskwright.annotations.repair.decisions import VERDICTS
from maskwright.annotations.xml_text import BadXml, parse_xml
from maskwright.errors import DataError
from maskwright.reviewing.labelling_tools.review_task import ReviewTask
from maskwright.reviewing.outlines import Ring

_SUSPECT, _UNDECIDED = "suspect", "undecided"


def cvat_labels() -> list[dict[str, Any]]:
    """Return the labels of a task, for the tab *Raw* of CVAT's constructor."""
    decision = {
        "name": "decision",
        "mutable": False,
        "input_type": "select",
        "default_value": _UNDECIDED,
        "values": [_UNDECIDED, *VERDICTS],
    }
    texts = [
        {"name": name, "mutable": False, "input_type": "text", "default_value": "", "values": [""]}
        for name in ("title", "correction", "key")
    ]
    return [
        {"name": _SUSPECT, "color": "#ffbf00", "type": "rectangle", "attributes": [decision, *texts]},
        {"name": "label", "color": "#1f77b4", "type": "polygon", "attributes": []},
        {"name": "model", "color": "#d62728", "type": "polygon", "attributes": []},
    ]


def cvat_annotations(tasks: Sequence[ReviewTask]) -> bytes:
    """Return ``tasks`` as a file of "CVAT for images 1.1": a box, with its outlines, for each suspect.

    Raises ``DataError`` when the name of an image has a character that XML cannot hold.
    """
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    _add_meta(root)
    ordered = sorted(tasks, key=lambda each: each.file_name)
    for number, (name, here) in enumerate(groupby(ordered, key=lambda each: each.file_name)):
        mine = list(here)
        height, width = mine[0].size
        image = ET.SubElement(root, "image", id=str(number), name=name, width=str(width), height=str(height))
        for each in mine:
            _add(image, each)
    ET.indent(root)
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    try:
        parse_xml(content)
    except BadXml as bad:
        raise DataError(
            f"An image or a class has a name that XML cannot hold ({bad}); expected names without control characters. "
            "Rename it, or review without --tasks cvat."
        ) from bad
    return content + b"\n"


def _add_meta(root: ET.Element) -> None:
    """Add the labels as CVAT's own exports name them: Datumaro reads no file without them."""
    task = ET.SubElement(ET.SubElement(root, "meta"), "task")
    ET.SubElement(task, "name").text = "maskwright review"
    labels = ET.SubElement(task, "labels")
    for each in cvat_labels():
        label = ET.SubElement(labels, "label")
        for key in ("name", "color", "type"):
            ET.SubElement(label, key).text = each[key]
        attributes = ET.SubElement(label, "attributes")
        for given in each["attributes"]:
            attribute = ET.SubElement(attributes, "attribute")
            ET.SubElement(attribute, "name").text = given["name"]
            ET.SubElement(attribute, "mutable").text = str(given["mutable"])
            ET.SubElement(attribute, "input_type").text = given["input_type"]
            ET.SubElement(attribute, "default_value").text = given["default_value"]
            ET.SubElement(attribute, "values").text = "\n".join(given["values"])


def _add(image: ET.Element, task: ReviewTask) -> None:
    common = {"source": "manual", "occluded": "0", "z_order": "1"}
    sides = {name: f"{side:.2f}" for name, side in zip(("xtl", "ytl", "xbr", "ybr"), task.box, strict=True)}
    box = ET.SubElement(image, "box", {"label": _SUSPECT, **common, **sides})
    texts = {"decision": _UNDECIDED, "title": task.title, "correction": task.correction, "key": task.key}
    for name, text in texts.items():
        ET.SubElement(box, "attribute", name=name).text = text
    for label, rings in (("label", task.labels), ("model", task.found)):
        for ring in rings:
            ET.SubElement(image, "polygon", {"label": label, **common, "z_order": "0", "points": _points(ring)})


def _points(ring: Ring) -> str:
    return ";".join(f"{x:.2f},{y:.2f}" for x, y in ring.tolist())


def cvat_verdicts(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the key of a suspect and what was decided, for each box that has a decision.

    Raises :class:`maskwright.annotations.xml_text.BadXml` when ``content`` is not XML.
    """
    for box in parse_xml(content).iter("box"):
        values = {each.get("name"): (each.text or "").strip() for each in box.iter("attribute")}
        key, verdict = values.get("key"), values.get("decision")
        if box.get("label") == _SUSPECT and key and verdict and verdict != _UNDECIDED:
            yield key, verdict
