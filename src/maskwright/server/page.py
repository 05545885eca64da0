"""The page of the service, and pictures as browsers show them."""

from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader, StrictUndefined

from maskwright.control_characters import escape_controls
from maskwright.errors import DataError
from maskwright.images.encode import LONGEST_JPEG
from maskwright.server.dataset_browser import ERRORS, DatasetBrowser
from maskwright.server.run_list import RunList
from maskwright.server.served_model import ServedModel
from maskwright.structures import ClassTable
from maskwright.version import __version__

_QUALITY = 92


def page_html(
    served: ServedModel, table: ClassTable, browser: DatasetBrowser | None, runs: RunList | None = None
) -> str:
    """Return the page: one image at a time, with a ``browser`` the images of its data set, and with ``runs`` curves.

    Its styles and scripts are files of the service; what the scripts need to know is in the page as JSON.
    """
    environment = Environment(
        loader=PackageLoader("maskwright.server", "templates"),
        autoescape=True,
        finalize=lambda value: escape_controls(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    facts: dict[str, Any] = {
        "task": served.model.task,
        "classes": [{"index": c.index, "name": c.name, "color": list(c.color)} for c in table],
        "data": browser is not None,
        "runs": runs is not None,
    }
    return environment.get_template("page.html.jinja").render(
        served=served,
        table=table,
        data=browser.data.coco.path.name if browser is not None else None,
        runs=runs.folder.resolve().name if runs is not None else None,
        images=len(browser.data) if browser is not None else 0,
        errors=ERRORS if served.model.task == "instance" else (),
        facts=msgspec.json.encode(facts).decode(),
        version=__version__,
    )


def picture_jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    """Return ``image`` ``(H, W, 3)`` uint8 RGB as JPEG; raise ``DataError`` for a side that the format cannot have."""
    if max(image.shape) > LONGEST_JPEG:
        raise DataError(f"has a side of {max(image.shape)} pixels; a JPEG can have {LONGEST_JPEG}.")
    _, content = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return content.tobytes()
