"""The labelling interface of a Label Studio project: which tags take masks, and which labels they have."""

from dataclasses import dataclass
from xml.etree import ElementTree

from maskwright.server.refusal import Refusal
from maskwright.structures import normalise_name

_LONGEST = 1_000_000


@dataclass(frozen=True)
class Control:
    """A tag whose regions are masks: its ``name``, the image tag that it labels, and its labels by class name."""

    name: str
    to_name: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Labelling:
    """The tags of a project that take masks; ``key`` is the field of a task that holds the image."""

    key: str
    brush: Control | None
    polygon: Control | None


def parse_labelling(text: object) -> Labelling:
    """Return what the labelling interface ``text``, XML, has for masks.

    Raises ``Refusal`` 422 for one that is no XML, declares entities, or has no ``BrushLabels`` or ``PolygonLabels`` of
    an ``Image``.
    """
    root = _root(text)
    images = {tag.get("name"): tag.get("value", "").lstrip("$") for tag in root.iter("Image")}
    found: dict[str, Control] = {}
    for kind in ("BrushLabels", "PolygonLabels"):
        for tag in root.iter(kind):
            control = _control(tag)
            if kind not in found and control.to_name in images and images[control.to_name]:
                found[kind] = control
    if not found:
        raise Refusal(
            422,
            "the labelling interface has no BrushLabels or PolygonLabels of an Image; expected one with the labels of "
            "the model's classes.",
        )
    brush, polygon = found.get("BrushLabels"), found.get("PolygonLabels")
    first = brush or polygon
    assert first is not None
    # Regions of another image of the task would lie on the wrong one.
    if brush is not None and polygon is not None and brush.to_name != polygon.to_name:
        polygon = None
    return Labelling(images[first.to_name], brush, polygon)


def _root(text: object) -> ElementTree.Element:
    if not isinstance(text, str) or not text.strip():
        raise Refusal(422, "the labelling interface is missing; expected its XML.")
    if len(text) > _LONGEST or "<!" in text.replace("<!--", ""):
        raise Refusal(422, "the labelling interface is too long or declares entities; expected tags alone.")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise Refusal(422, f"the labelling interface is no XML ({str(error)[:100]}).") from error


def _control(tag: ElementTree.Element) -> Control:
    labels = [label.get("value", "") for label in tag.iter("Label")]
    return Control(tag.get("name", ""), tag.get("toName", ""), {normalise_name(each): each for each in labels if each})
