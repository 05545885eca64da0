"""The page of a review: each suspect with its picture, and what is decided by mouse or keyboard, in one HTML file."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from maskwright.reports.rendering import page_script, render

Numbers = Mapping[str, Any]

TITLES = {
    "missing": "Missing label",
    "spurious": "Spurious label",
    "wrong_class": "Wrong class",
    "poor_outline": "Poor outline",
    "duplicate": "Duplicate label",
    "merged": "Several objects in one label",
    "split": "One object in several labels",
}


class DrawnOutline(NamedTuple):
    """An outline as an SVG path in pixels of the image; ``chosen`` where it is the suspect's own."""

    path: str
    chosen: bool
    name: str


class SuspectPicture(NamedTuple):
    """The part ``box`` (xyxy pixels) of an image as a picture of ``width`` × ``height``, and outlines to lay over it.

    ``uri`` is empty when the image could not be read; ``fault`` then says why.
    """

    uri: str = ""
    width: int = 0
    height: int = 0
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    labels: Sequence[DrawnOutline] = ()
    found: Sequence[DrawnOutline] = ()
    fault: str = ""

    @property
    def view_box(self) -> str:
        """The ``viewBox`` of the picture: its outlines are in pixels of the whole image."""
        left, top, right, bottom = self.box
        return f"{left} {top} {right - left} {bottom - top}"


def render_review_page(numbers: Numbers, pictures: Sequence[SuspectPicture], file_format: str) -> str:
    """Return the HTML of ``numbers``, the content of ``suspects.json``, with a picture of each suspect that is shown.

    Decisions are saved as JSON of ``file_format``, which ``check --fix --decisions`` reads. The same input always gives
    the same text.
    """
    shown = numbers["suspects"][: len(pictures)]
    return render(
        "review.html.jinja",
        name=numbers["annotations"]["file"],
        facts=[
            ("images", f"{numbers['images']:,}"),
            ("labels", f"{numbers['labels']:,}"),
            ("suspects", f"{len(numbers['suspects']):,}"),
            ("shown here", f"{len(shown):,}"),
        ],
        kinds=[(kind, TITLES[kind], count) for kind, count in numbers["kinds"].items()],
        cards=[(each, TITLES[each["kind"]], picture) for each, picture in zip(shown, pictures, strict=True)],
        remarks=numbers["remarks"],
        command=numbers["command"],
        decisions=_for_script(numbers, shown, file_format),
        review_script=page_script("review.js"),
    )


def _for_script(numbers: Numbers, shown: Sequence[Numbers], file_format: str) -> Markup:
    """Return as JSON what the script saves beside each decision; no tag can end in it."""
    content = {
        "format": file_format,
        "annotations": numbers["annotations"],
        "suspects": [
            {"suspect": each["id"], "kind": each["kind"], "image": each["file_name"], "changes": each["changes"]}
            for each in shown
        ],
    }
    text = json.dumps(content, ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
