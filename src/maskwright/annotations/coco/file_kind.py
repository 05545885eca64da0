"""The kinds of files that people take for instance annotations: recognised as a whole and named by one fault.

Boxes alone, keypoints alone, panoptic segments, captions, LVIS, and a model's results. Nothing can be drawn from any of
them, so that each of their records would have a fault of its own.
"""

from collections.abc import Callable, Sequence

import msgspec

from maskwright.annotations.faults import Fault

# A segmentation without a coordinate, as exporters write it where an object has only a box.
_NOTHING = frozenset({b"", b"null", b"[]", b"[[]]", b"{}", b'""'})
_LONGEST_NOTHING = 32
_SPACE = b" \t\r\n"

_ABSENT = msgspec.Raw(b"null")


class _Peek(msgspec.Struct, gc=False):
    """The fields of an annotation or a result by which its file is recognised."""

    image_id: msgspec.Raw = _ABSENT
    category_id: msgspec.Raw = _ABSENT
    segmentation: msgspec.Raw = _ABSENT
    bbox: msgspec.Raw = _ABSENT
    keypoints: msgspec.Raw = _ABSENT
    segments_info: msgspec.Raw = _ABSENT
    caption: msgspec.Raw = _ABSENT
    score: msgspec.Raw = _ABSENT


class _ImagePeek(msgspec.Struct, gc=False):
    file_name: msgspec.Raw = _ABSENT
    neg_category_ids: msgspec.Raw = _ABSENT
    not_exhaustive_category_ids: msgspec.Raw = _ABSENT


class _Document(msgspec.Struct, gc=False):
    images: list[_ImagePeek] = []  # msgspec gives each document a list of its own
    annotations: list[_Peek] = []


_list = msgspec.json.Decoder(list[_Peek])
_document = msgspec.json.Decoder(_Document)


def is_absent(segmentation: msgspec.Raw) -> bool:
    """Return whether the raw ``segmentation`` of an annotation is null, or a list, object or text without content."""
    view = memoryview(segmentation)
    return len(view) <= _LONGEST_NOTHING and bytes(view).translate(None, _SPACE) in _NOTHING


def kind_fault(content: bytes) -> Fault | None:
    """Return the fault of the file whose JSON text is ``content`` when the file is of another kind, else None.

    Its code is a key of :data:`maskwright.annotations.faults.IMPLIED`.
    """
    try:
        if content[:64].lstrip().startswith(b"["):  # without a copy of a large file
            return _kind_of_list(_list.decode(content))
        return _kind_of_document(_document.decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _kind_of_list(records: Sequence[_Peek]) -> Fault | None:
    if not _all(records, lambda each: _has(each.image_id) and (_has(each.score) or _has(each.category_id))):
        return None
    found = f"is a list of {len(records)} results of a model (image_id, category_id, score), not annotations"
    return Fault("results_file", "file", None, found)


def _kind_of_document(document: _Document) -> Fault | None:
    images, records = document.images, document.annotations
    of = f"{len(records)} annotation{'' if len(records) == 1 else 's'}"
    if _all(records, lambda each: _has(each.segments_info)):
        return Fault("panoptic_file", "file", None, f"is panoptic: {of} of whole images, whose masks are in PNG files")
    if _all(records, lambda each: _has(each.caption) and not _has(each.category_id)):
        return Fault("captions_file", "file", None, f"holds captions: {of} of text, none of an object")
    if images and not any(_has(each.file_name) for each in images) and any(_is_of_lvis(each) for each in images):
        found = f"is of LVIS: none of its {len(images)} images has a file_name, only a coco_url"
        return Fault("lvis_file", "file", None, found)
    if not _all(records, lambda each: is_absent(each.segmentation)):
        return None
    if any(_has(each.keypoints) for each in records):
        return Fault("keypoints_file", "file", None, f"holds keypoints only: {of}, none with a segmentation")
    if any(_has(each.bbox) for each in records):
        return Fault("boxes_file", "file", None, f"holds boxes only: {of}, none with a segmentation")
    return None


def _all(records: Sequence[_Peek], fits: Callable[[_Peek], bool]) -> bool:
    """Return whether there are ``records`` and all of them fit."""
    return bool(records) and all(fits(each) for each in records)


def _is_of_lvis(image: _ImagePeek) -> bool:
    return _has(image.neg_category_ids) or _has(image.not_exhaustive_category_ids)


def _has(value: msgspec.Raw) -> bool:
    """Return whether a field is there and not null; an empty list counts, as LVIS has them."""
    return bytes(memoryview(value)[:8]) != b"null"
