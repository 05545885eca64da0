"""The catalogue of faults in data, and the audit whose counts add up."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning"]


class FaultKind(NamedTuple):
    """The severity and the remedy of a fault code.

    An ``error`` makes tools fail or loses an object. A ``warning`` does neither, but is worth knowing.
    """

    severity: Severity
    remedy: str


FAULTS: dict[str, FaultKind] = {
    # The file as text.
    "json_bom": FaultKind("error", "save the file as UTF-8 without a byte-order mark, or use check --fix"),
    "json_encoding": FaultKind("error", "save the file as UTF-8"),
    "json_utf16": FaultKind("error", "save the file as UTF-8, or use check --fix"),
    "json_gzip": FaultKind("warning", "decompress the file for other tools, or use check --fix"),
    "json_trailing_comma": FaultKind("error", "remove the comma before the closing bracket, or use check --fix"),
    "json_not_finite": FaultKind("error", "write finite numbers, or use check --fix to write null: JSON has no NaN"),
    "json_truncated": FaultKind("error", "download or export the file again; its end is missing"),
    "json_archive": FaultKind("error", "unpack the archive and give the JSON file in it"),
    "json_invalid": FaultKind("error", "export or download the file again"),
    "json_nesting": FaultKind("error", "export the file again; COCO nests no deeper than lists of polygons"),
    "json_top_level": FaultKind("error", "give the file the lists images, annotations and categories"),
    "json_repeated_key": FaultKind("error", "put the records into one list; a JSON object has each key once"),
    # The file as a whole: kinds of files that are no instance annotations.
    "boxes_file": FaultKind(
        "error",
        "give a file with masks, or make masks from the boxes, as Segment Anything does, and look at them; boxes alone "
        "train no mask",
    ),
    "keypoints_file": FaultKind(
        "error", "give the file with the segmentations of the same images; COCO's is called instances_….json"
    ),
    "panoptic_file": FaultKind(
        "error",
        "give the instances file of the same images, or convert the PNG files by panopticapi's "
        "panoptic2detection_coco_format.py",
    ),
    "captions_file": FaultKind("error", "give the instances file of the same images; captions have no masks"),
    "lvis_file": FaultKind(
        "error",
        "add a file_name to each image: the last two parts of its coco_url, such as val2017/000000397133.jpg, with the "
        "folder above as the images folder",
    ),
    "results_file": FaultKind(
        "error",
        "give the annotation file here; results are scored by: maskwright score instance ANNOTATIONS RESULTS",
    ),
    # Records and their references.
    "bad_annotation": FaultKind(
        "error", "correct the record's fields; COCO needs integer id, image_id and category_id"
    ),
    "bad_image": FaultKind(
        "error", "correct the record's fields; COCO needs integer id, height and width, and a file_name"
    ),
    "bad_category": FaultKind("error", "correct the record's fields; COCO needs an integer id and a name"),
    "missing_id": FaultKind("error", "give the annotation an id of its own, or use check --fix"),
    "string_id": FaultKind("error", "write ids as integers, without quotes, or use check --fix"),
    "odd_number": FaultKind("error", "write ids and sizes as integers, 640 and not 640.0, or use check --fix"),
    "duplicate_id": FaultKind("error", "give each record an id of its own, or use check --fix for annotations"),
    "negative_id": FaultKind(
        "warning", "number records from 1, or use check --fix for annotations; some tools refuse these"
    ),
    "long_id": FaultKind("warning", "number records from 1; programs that hold ids as float64 confuse long ones"),
    "id_zero": FaultKind(
        "warning", "number annotations from 1, or use check --fix: pycocotools loses the matches of id 0"
    ),
    "unknown_image": FaultKind("error", "add the image's record or remove the annotation"),
    "unknown_category": FaultKind("error", "add the category or correct category_id"),
    "no_annotations": FaultKind("warning", "give another file if objects are expected"),
    "repeated_object": FaultKind("warning", "remove one of the two, unless there are two such objects in one place"),
    # Categories.
    "category_zero": FaultKind(
        "warning", "nothing to do here, classes are matched by name; many tools use id 0 for background"
    ),
    "category_gaps": FaultKind("warning", "nothing to do here; tools that use ids as labels need them without gaps"),
    "category_over_255": FaultKind(
        "warning", "nothing to do here; tools that write ids into 8-bit masks lose such classes"
    ),
    "duplicate_name": FaultKind("warning", "merge the categories, or give each a name of its own"),
    "background_name": FaultKind(
        "error", "rename the category, or choose the other classes by name: background is the absence of a class"
    ),
    "control_in_name": FaultKind(
        "error", "write the name without line breaks and other control characters, or use check --fix"
    ),
    "odd_name": FaultKind("warning", "write the name without surrounding, invisible or control characters"),
    "unused_category": FaultKind("warning", "remove the category if no object of it is expected"),
    # Segmentations.
    "empty_segmentation": FaultKind("error", "draw the object again, or use check --fix to remove the annotation"),
    "unreadable_segmentation": FaultKind("error", "write the segmentation as polygons of finite numbers or as an RLE"),
    "flat_polygon_list": FaultKind("error", "put the polygon into a list of polygons, [[x, y, …]], or use check --fix"),
    "bad_polygon": FaultKind("error", "give each polygon at least three points, as x, y pairs"),
    "polygon_bomb": FaultKind("error", "draw the object again; its outline is longer than any image allows"),
    "dropped_parts": FaultKind(
        "error", "give each polygon at least three points, as x, y pairs, or use check --fix to remove the others"
    ),
    "no_pixels": FaultKind("warning", "nothing to do if the object is that small, else draw it again"),
    "collinear_polygon": FaultKind("warning", "draw the polygon again; its points lie on one line"),
    "crossing_polygon": FaultKind(
        "warning", "draw the polygon again; tools fill an outline that crosses itself differently"
    ),
    "outside_polygon": FaultKind("warning", "check the image's size in the file; what lies outside is cut off"),
    "dense_polygon": FaultKind("warning", "simplify the polygon; it has more points than its outline has pixels"),
    "rle_size": FaultKind("error", "write the RLE's size as [height, width] of its image"),
    "rle_counts": FaultKind("error", "encode the mask again; run lengths must add up to height × width"),
    # Boxes, areas, crowds.
    "missing_box": FaultKind("warning", "add bbox as [x, y, width, height], or use check --fix to take the mask's"),
    "bad_box": FaultKind("error", "write bbox as four finite numbers [x, y, width, height], or use check --fix"),
    "zero_box": FaultKind(
        "warning", "correct bbox, or use check --fix to take the mask's; an empty box trains no detector"
    ),
    "negative_box": FaultKind("error", "write bbox as [x, y, width, height] with positive sides, or use check --fix"),
    "outside_box": FaultKind("warning", "correct bbox, or use check --fix to take the mask's"),
    "box_disagrees": FaultKind("warning", "correct bbox (xywh, not xyxy), or use check --fix to take the mask's"),
    "missing_area": FaultKind("warning", "add area in square pixels, or use check --fix to take the mask's"),
    "bad_area": FaultKind("error", "write area as a finite number that is not negative, or use check --fix"),
    "area_disagrees": FaultKind(
        "warning", "write the mask's area if scores by object size matter: COCO assigns objects to sizes by area"
    ),
    "missing_iscrowd": FaultKind("warning", "add iscrowd: 0, or use check --fix; some tools fail without it"),
    "bad_iscrowd": FaultKind("error", "write iscrowd as 0 or 1, or use check --fix if it is a string or a float"),
    "ignore_flag": FaultKind(
        "warning", "set iscrowd to 1 for regions to ignore; COCO's tools overwrite the field ignore"
    ),
    "crowd_polygon": FaultKind("warning", "set iscrowd to 0 if it is one object; COCO marks only RLE regions as crowd"),
    "crowd_as_hole": FaultKind("warning", "cut the hole out of the object's mask as an RLE and remove this region"),
    # Image files.
    "missing_image": FaultKind("error", "put the image file into the images folder or remove its record"),
    "unreadable_image": FaultKind("error", "replace the file by a readable image"),
    "truncated_image": FaultKind("error", "download or export the image again; its end is missing"),
    "image_bomb": FaultKind("error", "replace the file; it unpacks to far more pixels than its record states"),
    "image_size": FaultKind(
        "error", "correct width and height in the JSON, or use the image file the annotations were drawn on"
    ),
    "image_orientation": FaultKind(
        "error", "store the image in the orientation it was annotated in and remove its EXIF orientation"
    ),
    "exif_orientation": FaultKind("warning", "remove the EXIF orientation; viewers rotate the image but not its masks"),
    "unreadable_exif": FaultKind("warning", "remove the EXIF or write it again; programs may turn the image or not"),
    "wrong_suffix": FaultKind("warning", "name the file by what it is; some tools go by the suffix"),
    "gray_image": FaultKind("warning", "nothing to do here: it is read as RGB; other tools may fail on one channel"),
    "alpha_image": FaultKind("warning", "nothing to do here: transparency is ignored; other tools may blend it"),
    "palette_image": FaultKind("warning", "nothing to do here: colours are looked up; other tools may read indices"),
    "deep_image": FaultKind("warning", "nothing to do here: it is read with 8 bits; check that contrast survives"),
    "cmyk_image": FaultKind("warning", "convert the image to RGB; programs disagree about the colours of CMYK"),
    "animated_image": FaultKind("warning", "nothing to do here: its first frame is read; other tools may read another"),
    "huge_image": FaultKind("warning", "cut the image into tiles; common libraries refuse so many pixels"),
    "shared_mask_file": FaultKind("error", "rename one of the images; their names must differ before the suffix"),
    "unlisted_image": FaultKind("warning", "add the image to the file, or move it away"),
    # Paths.
    "absolute_path": FaultKind("error", "write file_name relative to the images folder"),
    "outside_path": FaultKind("error", "keep images inside the images folder; nothing outside it is read"),
    "outside_link": FaultKind(
        "warning", "nothing to do where you made the links; in an archive of others, look where they lead"
    ),
    "backslash_path": FaultKind("error", "write / between folders in file_name, or use check --fix"),
    "case_differs": FaultKind("error", "write file_name in the case of the file, or use check --fix"),
    "unicode_form": FaultKind("error", "write file_name in the Unicode form of the file's name, or use check --fix"),
    # Other formats than COCO, read by convert.
    "unreadable_file": FaultKind("error", "export the file again"),
    "unnamed_class": FaultKind("error", "add the class to the data set's list of classes, or correct the label"),
    "bad_line": FaultKind("error", "write each object as its class index and at least three points from 0 to 1"),
    "box_only": FaultKind("error", "outline the object; a box is not a mask"),
    "bad_shape": FaultKind("error", "draw the shape again; it needs a label and finite coordinates"),
    "unsupported_shape": FaultKind("error", "draw the object as a polygon, a rectangle or a mask"),
    "mixed_classes": FaultKind("error", "give all pixels of an object one class"),
    "missing_mask": FaultKind("error", "add the mask of the image, or remove it from the list"),
    "repeated_image": FaultKind("error", "keep one annotation file per image"),
    "repeated_part": FaultKind("warning", "give each part images of its own; scores on training images are too high"),
    "image_not_copied": FaultKind("error", "give the folder that holds the image with --images"),
    # Two files against each other.
    "class_id_differs": FaultKind("warning", "match classes by name, as Maskwright does; never by id across files"),
    "class_only_here": FaultKind("warning", "add the class to the other file, or exclude it from the experiment"),
    "class_only_there": FaultKind("warning", "add the class to this file, or exclude it from the experiment"),
    "same_image": FaultKind("error", "remove the image from one of the two; scores on it are too high"),
    "same_file_name": FaultKind(
        "warning", "give both image folders, --images and --against-images, to compare the pictures"
    ),
    "near_duplicate": FaultKind("warning", "look at the pair; if it is one picture, keep it in one file only"),
}

# Objects, images and files with these faults are still used: they are drawn as far as possible, and evaluation counts
# them. A record with any other error is skipped.
STILL_USED = frozenset(code for code, kind in FAULTS.items() if kind.severity == "warning") | {
    *("json_bom", "json_encoding", "json_utf16", "json_trailing_comma", "json_not_finite", "string_id", "odd_number"),
    *("bad_box", "negative_box", "bad_area", "bad_iscrowd", "dropped_parts", "mixed_classes", "background_name"),
    *("shared_mask_file", "same_image", "image_not_copied"),
}


# The codes of faults of records that follow from the kind of the whole file. One fault of the file says it all.
_WITHOUT_FIELDS = frozenset({"missing_id", "bad_annotation"})
_WITHOUT_MASKS = frozenset({"empty_segmentation", "unreadable_segmentation", "bad_polygon", "rle_size"})
IMPLIED: dict[str, frozenset[str]] = {
    "boxes_file": _WITHOUT_MASKS,
    "keypoints_file": _WITHOUT_MASKS,
    "panoptic_file": _WITHOUT_FIELDS,
    "captions_file": _WITHOUT_FIELDS,
    "lvis_file": frozenset({"bad_image", "unknown_image"}),
    "results_file": frozenset(),
}


# Faults of annotations that a repair corrects in some or all cases; see :mod:`maskwright.annotations.repair`.
REPAIRABLE = frozenset(
    {
        *("json_not_finite", "bad_annotation", "missing_id", "string_id", "odd_number", "duplicate_id", "negative_id"),
        *(
            "id_zero",
            "empty_segmentation",
            "flat_polygon_list",
            "bad_polygon",
            "dropped_parts",
            "missing_box",
            "bad_box",
        ),
        *("zero_box", "negative_box", "outside_box", "box_disagrees", "missing_area", "bad_area", "missing_iscrowd"),
        "bad_iscrowd",
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its code (a key of ``FAULTS``), its place, and what was found.

    ``kind`` is ``annotation``, ``image`` or ``category``, and ``record`` the id as the file has it. For a fault of the
    file itself, ``kind`` is ``file`` and ``record`` is None. Readers of other formats than COCO also use ``line`` and
    ``shape``. A record with a fault is skipped; with a code of ``STILL_USED`` it is used as far as possible.
    """

    code: str
    kind: str
    record: Any
    message: str

    def __str__(self) -> str:
        if self.kind == "file":
            return self.message
        return f"{self.kind} {self.message}" if self.record is None else f"{self.kind} {self.record} {self.message}"


@dataclass
class Audit:
    """The count of what became of every annotation of a file: ``found == used + sum(skipped)``.

    ``skipped`` counts annotations by reason: a fault code, or a choice such as ``other_class`` or
    ``image_without_objects``. ``source`` names the file in messages.
    """

    source: str
    found: int = 0
    used: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count ``count`` annotations as skipped for ``reason``."""
        if count:
            self.skipped[reason] += count

    def fault(self, fault: Fault) -> None:
        """Count one annotation as skipped because of ``fault``, and keep the fault."""
        self.skip(fault.code)
        self.faults.append(fault)

    def add(self, other: "Audit") -> None:
        """Add the counts and faults of another part of the same file."""
        self.found += other.found
        self.used += other.used
        self.skipped.update(other.skipped)
        self.faults += other.faults

    @property
    def adds_up(self) -> bool:
        """Return whether every annotation of the file is either used or skipped."""
        return self.found == self.used + sum(self.skipped.values())

    def to_json(self) -> dict[str, Any]:
        """Return ``{"in", "used", "skipped": {reason: n}, "faults": [{code, kind, id, message, remedy}]}``."""
        return {
            "in": self.found,
            "used": self.used,
            "skipped": dict(sorted(self.skipped.items())),
            "faults": [
                {"code": f.code, "kind": f.kind, "id": f.record, "message": str(f), "remedy": FAULTS[f.code].remedy}
                for f in self.faults
            ],
        }

    def lines(self, limit: int = 10) -> list[str]:
        """Return the faults as lines for a terminal.

        Each code has at most ``limit`` lines, and its remedy once. Records that are used despite a fault share one line
        per code. A file of another kind (see ``IMPLIED``) has one line, without those that follow from it.
        """
        lines = []
        by_code = _by_code(self.faults)
        implied = frozenset().union(*(IMPLIED[code] for code in by_code if code in IMPLIED))
        for code, faults in by_code.items():
            if code in implied:
                continue
            if code in IMPLIED:
                lines += [f"{self.source}: {faults[0]}.", f"  remedy: {FAULTS[code].remedy}."]
                continue
            if faults[0].kind == "file":
                lines += [f"{self.source}: {fault}; read all the same." for fault in faults]
                continue
            if code in STILL_USED:
                some = ", ".join(str(fault.record) for fault in faults[:limit])
                more = ", …" if len(faults) > limit else ""
                lines.append(f"{self.source}: {len(faults)} used with {code} ({faults[0].kind}s {some}{more}).")
                continue
            lines += [f"{self.source}: {fault}; skipped." for fault in faults[:limit]]
            if len(faults) > limit:
                lines.append(f"{self.source}: … and {len(faults) - limit} more of {code}.")
            lines.append(f"  remedy: {FAULTS[code].remedy}.")
        return lines


def _by_code(faults: Iterable[Fault]) -> dict[str, list[Fault]]:
    grouped: dict[str, list[Fault]] = {}
    for fault in faults:
        grouped.setdefault(fault.code, []).append(fault)
    return grouped
