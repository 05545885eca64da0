"""The check stage of a run: report and record the data it uses, and find changes of the data later."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from maskwright.annotations.faults import Audit
from maskwright.annotations.selection.select import class_statistics
from maskwright.errors import DataError
from maskwright.files import sha256_of, write_json
from maskwright.progress import Reporter
from maskwright.runs.folder import OpenRun
from maskwright.runs.prepare import DataSplit, Prepared, require_classes_in_training

_LEFT_OUT = "images_left_out"
# What makes two records of a part the same data; a run of an older version lacks the last.
_IDENTITY = ("sha256", "images", "images_sha256")


def check_stage(run: OpenRun, prepared: Prepared) -> None:
    """Report the used and skipped data, and write them to ``statistics.json``, ``audit.json`` and the card.

    Raises ``DataError`` when the training images show no object of a class, unless the recipe allows it.
    """
    report_data(run.reporter, prepared)
    statistics, audits = {}, {}
    for name, part in prepared.parts.items():
        selection = part.selection
        statistics[name] = {
            "images": len(selection.images),
            "classes": class_statistics(selection.images, prepared.table),
        }
        audits[name] = {**selection.audit.to_json(), _LEFT_OUT: selection.skipped_images}
    write_json(run.files.statistics_file, statistics)
    write_json(run.files.audit_file, audits)
    run.update_card(classes=prepared.table.to_json(), data={n: _record(p) for n, p in prepared.parts.items()})
    require_classes_in_training(run.recipe, prepared)


def report_data(reporter: Reporter, prepared: Prepared) -> None:
    """Report the skipped records of each file, and the numbers of images and objects that each part uses."""
    said: list[Audit] = []
    for name, part in prepared.parts.items():
        selection = part.selection
        # Parts that one file was split into share its audit.
        if not any(selection.audit is audit for audit in said):
            said.append(selection.audit)
            reporter.warn(selection.audit.lines())
            if selection.skipped_images:
                reporter.say(f"{part.annotations}: images skipped: {part.describe_skipped()}")
        for missing in selection.absent_classes:
            reporter.warn([f"{part.annotations}: has no category '{missing}'; the class is absent from {name}."])
        objects = sum(len(image.ids) for image in selection.images)
        crowds = sum(sum(image.crowd) for image in selection.images)
        of_them = f", {crowds} of them crowd regions" if crowds else ""
        reporter.say(f"{name}: {len(selection.images)} images, {objects} objects{of_them}")


def data_changes(run: OpenRun, prepared: Prepared, names: Iterable[str] | None = None) -> list[str]:
    """Return a line for each part of ``names`` (all by default) that differs from what :func:`check_stage` recorded.

    Pixels of images are not compared. A run of an earlier version is compared by what that version recorded.
    """
    records = cast(Mapping[str, Mapping[str, Any]], run.card().get("data", {}))
    audits = run.files.audits
    changes = []
    for name in prepared.parts if names is None else names:
        before, now = records.get(name, {}), _record(prepared.parts[name])
        if any(key in before and before[key] != now[key] for key in _IDENTITY):
            details = _details(prepared.parts[name], before, now, audits.get(name, {}).get(_LEFT_OUT, {}))
            changes.append(f"{name}: {', '.join(details) or 'other images or objects are used'}")
    return changes


def require_same_data(run: OpenRun, prepared: Prepared) -> None:
    """Raise ``DataError`` with the differences when :func:`data_changes` finds some."""
    changes = data_changes(run, prepared)
    if changes:
        raise DataError(
            f"{run.path}: the data have changed since its training started ({'; '.join(changes)}); expected the same "
            "data to resume it. Restore them, or start a new training in another folder with --out."
        )


def _details(
    part: DataSplit, before: Mapping[str, Any], now: Mapping[str, Any], skipped: Mapping[str, Any]
) -> list[str]:
    details = []
    if before["images"] != now["images"]:
        details.append(f"{now['images']} images instead of {before['images']}")
    if before["sha256"] != now["sha256"]:
        details.append(f"{part.annotations} has changed (SHA-256 {now['sha256'][:8]}…, not {before['sha256'][:8]}…)")
    then = {image_id for ids in skipped.values() for image_id in ids}
    reasons = {image_id: reason for reason, ids in part.selection.skipped_images.items() for image_id in ids}
    faults = {fault.record: str(fault) for fault in part.selection.audit.faults if fault.kind == "image"}
    gone = [faults.get(each, f"image {each} is skipped ({reasons[each]})") for each in reasons if each not in then]
    back = [f"image {each} is no longer skipped" for each in sorted(then - reasons.keys())]
    return [*details, *_few(gone), *_few(back)]


def _few(lines: Sequence[str], most: int = 3) -> list[str]:
    return list(lines) if len(lines) <= most else [*lines[:most], f"… and {len(lines) - most} more"]


def _record(part: DataSplit) -> dict[str, Any]:
    """Return the card's entry of ``part``; ``images_sha256`` is of the used images and objects, in their order."""
    audit = part.selection.audit
    used = hashlib.sha256()
    for objects in part.selection.images:
        used.update(ascii([objects.image.file_name, objects.ids, objects.labels]).encode())
    return {
        "annotations": str(part.annotations),
        "sha256": sha256_of(part.annotations),
        "images": len(part.selection.images),
        "images_sha256": used.hexdigest(),
        "counts": {"in": audit.found, "used": audit.used, "skipped": dict(sorted(audit.skipped.items()))},
        **({"taxonomy": part.translation.to_json()} if part.translation else {}),
    }
