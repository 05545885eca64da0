"""Decisions that were taken in a labelling tool, read from its export."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from maskwright.annotations.repair.decisions import FORMAT, VERDICTS, Decision, parse_decisions
from maskwright.annotations.xml_text import BadXml
from maskwright.errors import DataError, require_file
from maskwright.files import read_regular_file, require_regular_file
from maskwright.reviewing.labelling_tools.cvat import cvat_verdicts
from maskwright.reviewing.labelling_tools.label_studio import label_studio_verdicts
from maskwright.reviewing.labelling_tools.review_task import review_key

# Bytes of the annotations in an archive, whatever it says of them: ten thousand suspects have a tenth of it.
_LARGEST = 1 << 28
_IN_ARCHIVE = "annotations.xml"


class _Suspect(msgspec.Struct):
    id: str
    kind: str
    file_name: str
    changes: list[dict[str, Any]]


class _Review(msgspec.Struct):
    annotations: dict[str, Any]
    suspects: list[_Suspect]


def exported_decisions(export: Path, suspects: Path, annotations: Path) -> list[Decision]:
    """Return the decisions in the ``export`` of a labelling tool, as the page of the review would have saved them.

    ``export`` is a file of Label Studio (JSON, JSON-MIN) or CVAT ("CVAT for images 1.1", the XML or its ZIP).
    ``suspects`` is ``suspects.json`` of the review of ``annotations`` whose tasks they are, or its folder. Where
    annotators differ on a suspect, it is unsure.

    Raises ``UsageError`` when a file does not exist. Raises ``DataError`` when one cannot be read, when the export has
    no decision, and when its tasks are of another review.
    """
    require_file(export, "decisions")
    path = require_file(suspects / "suspects.json" if suspects.is_dir() else suspects, "suspects")
    review = _review(path)
    key = review_key(msgspec.to_builtins(review))
    decided: dict[str, str] = {}
    for name, verdict in _verdicts(export):
        suspect, _, of = name.rpartition("@")
        if verdict not in VERDICTS:
            raise DataError(
                f"{export}: suspect {suspect or name!r} has the decision {verdict[:40]!r}; expected "
                f"{', '.join(VERDICTS)}. Correct it in the labelling tool and export again."
            )
        if of != key:
            raise DataError(
                f"{export}: its tasks are of another review than {path} (found {of[:40]!r}, expected {key!r}). Give "
                "suspects.json of the review that wrote the tasks."
            )
        decided[suspect] = verdict if decided.get(suspect, verdict) == verdict else "unsure"
    if not decided:
        raise DataError(
            f"{export}: has no decision on a suspect; expected an export of the tasks of maskwright review --tasks, "
            "decided. Decide them in the labelling tool and export again."
        )
    decisions = [
        {"suspect": e.id, "kind": e.kind, "image": e.file_name, "changes": e.changes, "decision": decided[e.id]}
        for e in review.suspects
        if e.id in decided
    ]
    content = {"format": FORMAT, "annotations": review.annotations, "decisions": decisions}
    return parse_decisions(msgspec.json.encode(content), export, annotations)


def _review(path: Path) -> _Review:
    try:
        review = msgspec.json.decode(read_regular_file(path), type=_Review)
        if not isinstance(review.annotations.get("sha256"), str):
            raise msgspec.ValidationError("no sha256 of the annotations")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            f"{path}: holds no suspects of a review ({error}); expected suspects.json as maskwright review writes it. "
            "Review the file again."
        ) from error
    return review


def _verdicts(export: Path) -> Iterable[tuple[str, str]]:
    try:
        content = _content(export)
        if content.lstrip()[:1] == b"<":
            return list(cvat_verdicts(content))
        found = msgspec.json.decode(content)
        if not isinstance(found, list):
            raise ValueError("is no list of tasks")
        return list(label_studio_verdicts(found))
    except (BadXml, ValueError, RecursionError, zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise DataError(
            f"{export}: cannot be read as decisions ({error}); expected an export of Label Studio (JSON) or CVAT "
            "(CVAT for images 1.1). Export it again."
        ) from error


def _content(export: Path) -> bytes:
    if not zipfile.is_zipfile(require_regular_file(export)):
        return read_regular_file(export)
    with zipfile.ZipFile(export) as archive:
        try:
            with archive.open(_IN_ARCHIVE) as file:
                content = file.read(_LARGEST + 1)
        except Exception as error:  # zlib, bz2 and lzma have errors of their own for damaged data
            raise ValueError(f"{_IN_ARCHIVE} cannot be read: {error}") from error
    if len(content) > _LARGEST:
        raise ValueError(f"{_IN_ARCHIVE} is larger than {_LARGEST >> 20} MiB")
    return content
