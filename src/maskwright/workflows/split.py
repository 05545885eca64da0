"""A COCO file divided into parts: classes in equal shares, and no picture in two parts."""

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from maskwright.annotations.coco.document import Document, read_document, records_with_ids, write_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.leak_groups import LeakGroups, find_leak_groups, require_filled
from maskwright.annotations.selection.select import audit_of_reading, rejected_records
from maskwright.annotations.selection.shares import ClassShares, class_shares
from maskwright.annotations.selection.splitting import objects_of_images, split_ids
from maskwright.errors import UsageError
from maskwright.files import require_other_file, write_json, write_text, writing
from maskwright.progress import Reporter
from maskwright.reports.shares_table import shares_table

PART_NAMES = {2: ("train", "validation"), 3: ("train", "validation", "test")}


@dataclass
class SplitSummary:
    """The parts of a file: image ids and the number of annotations by part, class shares, and what was left out."""

    folder: Path
    images: dict[str, list[int]]
    annotations: dict[str, int]
    images_in: int
    images_unread: dict[str, int]
    shares: ClassShares
    leak_groups: LeakGroups
    audit: Audit
    seed: int

    def to_json(self) -> dict[str, Any]:
        """For ``--json`` and ``split.json``."""
        asked = dict(zip(self.images, self.shares.asked, strict=True))
        used = sum(map(len, self.images.values()))
        return {
            "source": self.audit.source,
            "folder": str(self.folder),
            "seed": self.seed,
            "parts": {
                name: {
                    "file": f"{name}.json",
                    "images": len(ids),
                    "annotations": self.annotations[name],
                    "share": len(ids) / used,
                    "asked": asked[name],
                }
                for name, ids in self.images.items()
            },
            "images": {"in": self.images_in, "used": used, "left_out": self.images_unread},
            "annotations": self.audit.to_json(),
            "together": self.leak_groups.to_json(),
            **self.shares.to_json(),
        }


def split(
    annotations: Path,
    out: Path,
    *,
    ratios: Sequence[float] = (8, 1, 1),
    names: Sequence[str] | None = None,
    images: Path | None = None,
    groups: str | None = None,
    seed: int = 0,
    reporter: Reporter | None = None,
) -> SplitSummary:
    """Divide the COCO file ``annotations`` by ``ratios`` into files of the folder ``out``, one a part.

    Each part is a whole COCO file: its images, their annotations, all categories; every record keeps its id and every
    field. ``names`` are those of the parts, train, validation and test by default. Images stay in one part that have
    one name or address, one group (``groups`` is a CSV or JSON file or a field of the image records, see
    :func:`~maskwright.annotations.selection.image_groups.read_user_groups`), or, with their folder ``images``, nearly
    the same picture. Beside the parts lie split.csv (file_name, part, group), split.txt (the shares of the classes as a
    table) and split.json.

    Raises ``UsageError`` for ratios or names that do not fit, ``DataError`` when a part would have no image.
    """
    names = _part_names(ratios, names)
    for name in names:
        require_other_file(out / f"{name}.json", annotations)
    document = read_document(annotations)
    together = find_leak_groups(document, groups, images, reporter or Reporter())
    classes, counts = objects_of_images(document.coco)
    parts = dict(zip(names, split_ids(counts, ratios, seed, together.sets), strict=True))
    require_filled(annotations, parts, together)
    of_part = {name: _annotations_of(document, set(ids)) for name, ids in parts.items()}
    audit = audit_of_reading(document.coco)
    audit.found += len(document.coco.annotations)
    audit.used += sum(map(len, of_part.values()))
    summary = SplitSummary(
        out,
        parts,
        {name: len(ids) for name, ids in of_part.items()},
        len(document.images),
        dict(rejected_records(document.coco, "image")),
        class_shares(classes, counts, parts, ratios),
        together,
        audit,
        seed,
    )
    _write(document, summary, of_part)
    return summary


def _part_names(ratios: Sequence[float], names: Sequence[str] | None) -> list[str]:
    chosen = list(names or PART_NAMES.get(len(ratios)) or (f"part{number}" for number in range(1, len(ratios) + 1)))
    if len(chosen) != len(ratios):
        raise UsageError(
            f"--names {','.join(chosen)}: found {len(chosen)}; expected one for each of {len(ratios)} parts."
        )
    if len({name.lower() for name in chosen}) != len(chosen):
        raise UsageError(f"--names {','.join(chosen)}: a name repeats; expected one of its own for each part.")
    for name in chosen:
        if name != PurePath(name).name or "\\" in name or name.lower() in ("", "..", "split"):
            raise UsageError(
                f"--names: '{name}' cannot be the name of a part; expected a file name other than 'split'."
            )
    return chosen


def _annotations_of(document: Document, images: set[int]) -> list[int]:
    return [each.id for each in document.coco.annotations if each.image_id in images]


def _write(document: Document, summary: SplitSummary, of_part: Mapping[str, Sequence[int]]) -> None:
    """Write all files; none takes its name before all are written, lest parts of two splits lie side by side."""
    with ExitStack() as stack:
        write_json(stack.enter_context(writing(summary.folder / "split.json")), summary.to_json())
        write_text(
            stack.enter_context(writing(summary.folder / "split.txt")), "\n".join(shares_table(summary.shares)) + "\n"
        )
        write_text(stack.enter_context(writing(summary.folder / "split.csv")), _csv(document, summary))
        for name, ids in summary.images.items():
            write_coco(
                stack.enter_context(writing(summary.folder / f"{name}.json")),
                records_with_ids(document.images, ids),
                records_with_ids(document.annotations, of_part[name]),
                records_with_ids(document.categories, [category.id for category in document.coco.categories]),
                document.head,
            )


def _csv(document: Document, summary: SplitSummary) -> str:
    part_of = {image_id: name for name, ids in summary.images.items() for image_id in ids}
    names = {image.id: image.file_name for image in document.coco.images}
    groups = dict(summary.leak_groups.user_groups)
    for together in summary.leak_groups.sets:
        given = {groups[image_id] for image_id in together if image_id in groups}
        group = " + ".join(sorted(given)) or names[min(together)]
        groups.update(dict.fromkeys(together, group))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file_name", "part", "group"])
    rows.writerows([name, part_of[image_id], groups.get(image_id, "")] for image_id, name in names.items())
    return text.getvalue()
