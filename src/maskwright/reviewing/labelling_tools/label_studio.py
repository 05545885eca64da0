"""Suspects as tasks of Label Studio, and the decisions in its export.

The format is that of Label Studio's guide ("Label Studio JSON format of annotated tasks", "Import pre-annotated data").
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from maskwright.reviewing.labelling_tools.review_task import ReviewTask
from maskwright.reviewing.outlines import Ring

# How Label Studio names the files of a folder that it serves itself.
LOCAL_FILES = "/data/local-files/?d="

# Colours as on the page of a review.
_LABEL, _MODEL = "#1f77b4", "#d62728"

INTERFACE = f"""<View>
  <Header value="$title"/>
  <Text name="correction" value="$correction"/>
  <Image name="image" value="$image" zoom="true" zoomControl="true"/>
  <PolygonLabels name="outline" toName="image">
    <Label value="label" background="{_LABEL}"/>
    <Label value="model" background="{_MODEL}"/>
  </PolygonLabels>
  <Choices name="decision" toName="image" choice="single" showInline="true" required="true">
    <Choice value="accept" hotkey="a"/>
    <Choice value="reject" hotkey="r"/>
    <Choice value="unsure" hotkey="u"/>
  </Choices>
</View>
"""


def label_studio_tasks(tasks: Sequence[ReviewTask], address: str = LOCAL_FILES) -> list[dict[str, Any]]:
    """Return ``tasks`` as Label Studio imports them, for a project with :data:`INTERFACE`.

    The outlines are predictions, which the annotator looks at. ``address`` stands before the name of each image.
    """
    return [
        {
            "data": {
                "image": address + quote(each.file_name),
                "suspect": each.key,
                "title": each.title,
                "correction": each.correction,
                "evidence": each.evidence,
            },
            "predictions": [
                {"model_version": "maskwright review", "score": each.evidence, "result": list(_outlines(each))}
            ],
        }
        for each in tasks
    ]


def _outlines(task: ReviewTask) -> Iterator[dict[str, Any]]:
    height, width = task.size
    for label, rings in (("label", task.labels), ("model", task.found)):
        for number, ring in enumerate(rings, start=1):
            yield {
                "id": f"{label}-{number}",
                "type": "polygonlabels",
                "from_name": "outline",
                "to_name": "image",
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": {"points": _per_cent(ring, width, height), "closed": True, "polygonlabels": [label]},
            }


def _per_cent(ring: Ring, width: int, height: int) -> list[list[float]]:
    return (ring * [100 / width, 100 / height]).round(3).tolist()


def label_studio_verdicts(exported: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield the key of a suspect and the choice of an annotator, for each that is in an export.

    ``exported`` is the list in a file of Label Studio's formats JSON or JSON-MIN. Cancelled annotations and drafts do
    not count.
    """
    for task in exported:
        if not isinstance(task, dict):
            continue
        fields = task.get("data", task)
        key = fields.get("suspect") if isinstance(fields, dict) else None
        if isinstance(key, str):
            choices = _choices(task) if "data" in task else [task.get("decision")]
            yield from ((key, each) for each in choices if isinstance(each, str))


def _choices(task: dict[str, Any]) -> Iterator[Any]:
    for annotation in _dicts(task.get("annotations")):
        if annotation.get("was_cancelled"):
            continue
        for region in _dicts(annotation.get("result")):
            value = region.get("value")
            if region.get("from_name") == "decision" and isinstance(value, dict):
                chosen = value.get("choices")
                yield from chosen if isinstance(chosen, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
