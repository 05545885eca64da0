"""COCO annotations, results, panoptic files, decisions of a review, groups of images: files of records in JSON."""

import gzip
import hashlib
import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec

from maskwright.annotations.checks.examination import examine
from maskwright.annotations.coco.document import Document, read_document, write_coco
from maskwright.annotations.coco.panoptic_file import read_panoptic
from maskwright.annotations.repair.decisions import FORMAT, apply_decisions, read_decisions
from maskwright.annotations.repair.document import RepairedDocument, repair_document
from maskwright.annotations.selection.image_groups import read_user_groups
from maskwright.errors import DataError
from maskwright.evaluation.results.index import ClassIndex, ImageIndex
from maskwright.evaluation.results.records import Results, read_results
from maskwright.masks.rle import BadSegmentation, rasterise
from tests.fuzz.harness import Target
from tests.fuzz.strategies import changed_lines, json_bytes
from tests.hostile import corpus

_KEYS = (
    *("id", "image_id", "category_id", "segmentation", "bbox", "area", "iscrowd", "ignore", "images", "annotations"),
    *("categories", "file_name", "height", "width", "name", "size", "counts", "score", "licenses", "segments_info"),
    *("isthing", "supercategory", "info", "keypoints", "caption", "coco_url", "neg_category_ids"),
)
_TOKENS = (
    *(b'"%b":' % key.encode() for key in _KEYS),
    *(b",", b"[", b"]", b"{", b"}", b'"\\ud800"', b'"\\u0000"', b"NaN", b",]", b",}", b"\xef\xbb\xbf", b"/", b"\\"),
)
_RLE = {"size": [64, 64], "counts": [100, 20, 3976]}
_TRUTH = corpus.document(
    [corpus.annotation(1), corpus.annotation(2, image_id=2, segmentation=_RLE, iscrowd=1), corpus.annotation(3)]
)
_MORE = {
    **_TRUTH,
    "info": {"year": 2020},
    "licenses": [{"id": 1, "name": "CC"}],
    "categories": [{"id": 1, "name": "a", "supercategory": "b"}, {"id": 7, "name": "é"}],
}


def _records(document: Document) -> tuple[Any, ...]:
    coco = document.coco
    return coco.images, coco.annotations, coco.categories, document.head


def _read_annotations(path: Path) -> None:
    """What is read is written and read again as the same; what ``--fix`` writes has nothing left to be repaired."""
    document = read_document(path)
    sizes = {image.id: (image.height, image.width) for image in document.coco.images}
    for annotation in document.coco.annotations:
        try:
            rasterise(annotation.segmentation, *sizes[annotation.image_id])
        except BadSegmentation as bad:
            if not str(bad):
                raise AssertionError("an error without a message") from bad
    again = path.with_name("again.json")
    write_coco(again, document.images, document.annotations, document.categories, document.head)
    assert _records(read_document(again)) == _records(document)
    fixed = _fixed(document)
    write_coco(again, fixed.images, fixed.annotations, fixed.categories, fixed.head)
    left = _fixed(read_document(again)).repairs
    assert not left, f"the repaired file is repaired again: {left[0]}"


def _fixed(document: Document) -> RepairedDocument:
    return repair_document(document, examine(document.coco))


def _read_results(path: Path) -> None:
    """What can be scored is written and read again as the same."""
    index = ImageIndex({1: (64, 64), 2: (64, 64)}, {"1.png": 1, "2.png": 2})
    classes = ClassIndex({1: 1, 2: 1}, {3: "foreign"})
    results = read_results(path, index, classes)
    again = path.with_name("again.json")
    again.write_bytes(msgspec.json.encode([_as_json(record) for record in results.records]))
    second = read_results(again, index, classes)
    assert (second.records, second.rejected.counts) == (results.records, {}), "results change by being written"
    _score(results)


def _score(results: Results) -> None:
    for iou_type in ("bbox", "segm"):
        results.of(iou_type)
    results.with_boxes()
    results.rejected.lines("results.json")


def _as_json(record: Any) -> dict[str, Any]:
    mask = record.get("segmentation")
    return {**record, **({"segmentation": {**mask, "counts": mask["counts"].decode()}} if mask is not None else {})}


def _read_panoptic(path: Path) -> None:
    found = read_panoptic(path)
    again = path.with_name("again.json")
    content = {"annotations": found.records, "images": found.images, "categories": found.categories}
    again.write_bytes(msgspec.json.encode(content))
    second = read_panoptic(again)
    assert (second.records, second.images, second.categories) == (found.records, found.images, found.categories)


@cache
def _truth(path: Path) -> Document:
    return read_document(path)


def _write_truth(folder: Path) -> None:
    (folder / "labels.json").write_text(json.dumps(_TRUTH))


def _read_decisions(path: Path) -> None:
    """Decisions that are accepted give a file whose records are read again as the same."""
    annotations = path.with_name("labels.json")
    decided = apply_decisions(_truth(annotations), read_decisions(path, annotations)).document
    again = path.with_name("again.json")
    write_coco(again, decided.images, decided.annotations, decided.categories, decided.head)
    assert _records(read_document(again)) == _records(decided)


def _read_groups(path: Path) -> None:
    groups = read_user_groups(_truth(path.with_name("labels.json")), str(path))
    assert groups.sets()


def _decisions() -> dict[str, Any]:
    box = {"segmentation": {"size": [64, 64], "counts": "T1<Y1"}, "bbox": [1, 1, 4, 4], "area": 9}
    changes: list[list[dict[str, Any]]] = [
        [{"do": "remove", "annotation": 1}],
        [{"do": "class", "annotation": 2, "category_id": 1}],
        [{"do": "outline", "annotation": 3, **box}, {"do": "add", "image_id": 1, "category_id": 1, **box}],
    ]
    decided = [
        {"suspect": f"s{i}", "kind": "missed", "decision": "accept", "changes": each, "image": "1.png"}
        for i, each in enumerate(changes)
    ]
    digest = hashlib.sha256(json.dumps(_TRUTH).encode()).hexdigest()
    return {"format": FORMAT, "annotations": {"sha256": digest, "file": "labels.json"}, "decisions": decided}


def _texts(*values: Any) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


def _annotation_seeds() -> list[bytes]:
    plain = json.dumps(_TRUTH)
    sorts = [corpus.document([corpus.annotation(1, segmentation=each)]) for each in (_RLE, [], None, {"counts": "P"})]
    texts = [gzip.compress(plain.encode()), plain.encode("utf-16"), b"\xef\xbb\xbf" + plain.encode()]
    return [*_texts(_TRUTH, _MORE, *sorts, [], corpus.panoptic()), *texts, plain.replace("400", "NaN").encode()]


_RESULTS: list[dict[str, Any]] = [
    {"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": corpus.square()},
    {"image_id": 2, "category_id": 2, "score": 1, "segmentation": _RLE, "bbox": [1, 2, 3, 4]},
    {"image_id": 9, "category_id": 1, "score": 0.1, "bbox": [1, 2, 3, 4], "file_name": "x/1.png"},
    {"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": {"size": [64, 64], "counts": "Xn0^O0O2O"}},
]
_GROUPS = "file_name,group\n1.png,a\n2.png,b\n"
_GROUP_PIECES = ('"', ",", "\n", "\r", "\0", '"1.png"', "1.png,", '"a\\u0000"', "=1", ";", "\ufeff", "'", '""')
_JSON_GROUPS = {"1.png": "a", "2.png": 3}

TARGETS = [
    Target(
        name="annotations",
        read=_read_annotations,
        errors=(DataError,),
        seeds=_annotation_seeds,
        strategy=json_bytes([_TRUTH, _MORE]),
        tokens=_TOKENS,
    ),
    Target(
        name="results",
        read=_read_results,
        errors=(DataError,),
        seeds=lambda: _texts(_RESULTS, *([each] for each in _RESULTS), _TRUTH, []),
        strategy=json_bytes([_RESULTS]),
        tokens=_TOKENS,
    ),
    Target(
        name="panoptic",
        read=_read_panoptic,
        errors=(DataError,),
        seeds=lambda: _texts(corpus.panoptic(), _TRUTH),
        strategy=json_bytes([corpus.panoptic()]),
        tokens=_TOKENS,
    ),
    Target(
        name="decisions",
        read=_read_decisions,
        errors=(DataError,),
        seeds=lambda: _texts(_decisions()),
        strategy=lambda: json_bytes([_decisions()])(),
        prepare=_write_truth,
        tokens=(*_TOKENS, b'"do":', b'"add"', b'"remove"', b'"accept"', b'"changes":', b'"annotation":'),
    ),
    Target(
        name="image-groups-csv",
        file="groups.csv",
        read=_read_groups,
        errors=(DataError,),
        seeds=lambda: [_GROUPS.encode(), _GROUPS.replace("b", '"c\nd"').encode(), b"1.png,a"],
        strategy=partial(changed_lines, [_GROUPS], _GROUP_PIECES),
        prepare=_write_truth,
        tokens=tuple(piece.encode() for piece in _GROUP_PIECES),
    ),
    Target(
        name="image-groups-json",
        file="groups.json",
        read=_read_groups,
        errors=(DataError,),
        seeds=lambda: _texts(_JSON_GROUPS),
        strategy=json_bytes([_JSON_GROUPS]),
        prepare=_write_truth,
    ),
]
