"""Folders of YOLO, Pascal VOC, LabelMe, Cityscapes and label maps, one of whose files is a stranger's."""

import base64
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from maskwright.annotations.formats import READERS, WRITERS
from maskwright.annotations.formats.conversion_audit import ConversionAudit
from maskwright.annotations.formats.dataset import AnnotatedDataset, AnnotatedImage, ReadOptions, WriteOptions
from maskwright.annotations.formats.image_files import name_fault
from maskwright.errors import DataError, UsageError
from tests.fuzz import pngs
from tests.fuzz.harness import Target
from tests.fuzz.strategies import changed_lines, json_bytes

_SIDE = 32
# These hold any mask exactly, and need no image file.
_EXACT = ("coco", "labelme")
_ERRORS = (DataError, UsageError)


def _read(format: str, depth: int, path: Path) -> None:
    """Read the folder ``depth`` above the file; its objects are written in other formats and read again as the same."""
    root = path.parents[depth]
    dataset = READERS[format](root, ReadOptions())
    images = [image for image in dataset.images if name_fault(image) is None]
    dataset.audit.to_json()
    for target in _EXACT:
        out = root.parent / f"as-{target}"
        shutil.rmtree(out, ignore_errors=True)
        _write(target, out, dataset, images)
        part = Path(out) / images[0].part if images and images[0].part else out
        written = out if target == "labelme" else part / "labels.json"
        if target == "labelme" and not any(images):
            continue
        found = READERS[target](written, ReadOptions())
        if target == "coco" and len(dataset.parts) > 1:
            continue
        again = [_objects(image) for image in found.images]
        expected = [_objects(image) for image in images]
        # LabelMe has no place for a mask without pixels, and its reader goes by the names of the files.
        assert sorted(again) == sorted(expected), f"{target}: objects change by being written and read again"


def _objects(image: AnnotatedImage) -> list[tuple[str, bytes, bool]]:
    return [(each.name, each.rle["counts"], each.crowd) for each in image.objects if each.area]


def _write(target: str, out: Path, dataset: AnnotatedDataset, images: list[AnnotatedImage]) -> None:
    writer = WRITERS[target](out, dataset.classes, WriteOptions())
    for image in images:
        writer.add(image, ConversionAudit(dataset.audit.objects))
    writer.finish(list(dataset.parts))


def _place(root: Path, files: dict[str, bytes | str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _prepare(root: str, files: Callable[[], dict[str, bytes | str]]) -> Callable[[Path], None]:
    return lambda folder: _place(folder / root, files())


def _image() -> bytes:
    return pngs.labels_png(_SIDE, _SIDE)


# YOLO

_DATA_YAML = "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: a\n  1: b\n"
_LINES = "0 0.1 0.1 0.5 0.1 0.5 0.5\n1 0.2 0.2 0.4 0.2 0.4 0.4 0.2 0.4\n"
_LIST = "images/train/1.png\n./images/train/2.png\n"


def _yolo() -> dict[str, bytes | str]:
    return {
        "data.yaml": _DATA_YAML,
        "images/train/1.png": _image(),
        "images/train/2.png": _image(),
        "labels/train/1.txt": _LINES,
    }


def _listed_yolo() -> dict[str, bytes | str]:
    return {**_yolo(), "data.yaml": "train: train.txt\nnames: [a, b]\n", "train.txt": _LIST}


_YOLO_PIECES = (
    "nan",
    "inf",
    "1e999",
    "-0.005",
    "1.01",
    "1_0",
    "٣",
    "2 ",
    "0 ",
    "9" * 500,
    "\0",
    "\x85",
    "\u2028",
    "0x1 ",
)
_PLACES = (
    "../",
    "/etc/",
    ".",
    "..",
    "\\",
    "\0",
    "images",
    "labels",
    "x" * 300,
    "C:\\",
    "~",
    "%2e",
    "train",
    "\u202e",
    "//",
)
_YAML_PIECES = (
    *_PLACES,
    "names: []",
    "[a, b]",
    "{0: a}",
    "{a: b}",
    "&a",
    "*a",
    "train: [1, 2]",
    "path: /",
    "nc: 3",
    "!!x ",
)

# Pascal VOC

_XML = (
    '<?xml version="1.0"?><annotation><filename>1.jpg</filename><object><name>a</name><pose>Left</pose>'
    "<difficult>1</difficult><bndbox><xmin>1</xmin></bndbox></object></annotation>"
)
_XML_PIECES = (
    *("<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "&#0;", "&#x110000;", "<![CDATA[x]]>", "<!-- -->", "<?pi?>", "<object>"),
    *('encoding="utf-16"', 'encoding="x"', "<filename>", "</filename>", "../1.jpg", "\0", "\ufffe", "<a" * 50),
    *("1.", "/1.png"),
)  # fmt: skip


def _voc() -> dict[str, bytes | str]:
    masks: dict[str, bytes | str] = {
        f"{place}/1.png": _image() for place in ("SegmentationClass", "SegmentationObject")
    }
    return {**masks, "Annotations/1.xml": _XML}


def _listed_voc() -> dict[str, bytes | str]:
    return {**_voc(), "ImageSets/Segmentation/train.txt": "1\n2\n"}


# LabelMe


def _labelme() -> dict[str, Any]:
    mask = base64.b64encode(pngs.labels_png(4, 3)).decode()
    shapes = [
        {"label": "a", "points": [[1, 1], [20, 1], [20, 20]], "shape_type": "polygon", "group_id": 1, "flags": {}},
        {"label": "a", "points": [[1, 1], [9, 9]], "shape_type": "rectangle", "group_id": 1, "description": "d"},
        {"label": "b", "points": [[2, 2], [5, 4]], "shape_type": "mask", "mask": mask, "flags": {"crowd": True}},
        {"label": 7, "points": [[1, 1]], "shape_type": "point", "group_id": "x"},
    ]
    size = {"imageHeight": _SIDE, "imageWidth": _SIDE}
    return {"version": "5", "imagePath": "1.png", **size, "flags": {"x": True}, "shapes": shapes, "imageData": None}


# Cityscapes


def _city() -> dict[str, Any]:
    objects = [
        {"label": "car", "polygon": [[1, 1], [9, 1], [9, 9]]},
        {"label": "cargroup", "polygon": [[10, 10], [20, 10], [20, 20]], "deleted": 0},
        {"label": "license plate", "polygon": [[1, 1], [2, 2]]},
    ]
    return {"imgHeight": _SIDE, "imgWidth": _SIDE, "objects": objects}


_CITY = "gtFine/val/town/town_000000_000019_gtFine"
_CLASSES = [{"index": 1, "name": "a", "color": [1, 2, 3], "source_ids": []}, {"index": 2, "name": "b"}]


def _text_target(
    name: str, file: str, format: str, depth: int, text: str, pieces: tuple[str, ...], prepare: Callable[[Path], None]
) -> Target:
    return Target(
        name=name, file=file, read=partial(_read, format, depth), errors=_ERRORS, seeds=lambda: [text.encode()],
        strategy=partial(changed_lines, [text], pieces), prepare=prepare,
        tokens=tuple(piece.encode() for piece in pieces),
    )  # fmt: skip


def _json_target(
    name: str, file: str, format: str, depth: int, value: Any, prepare: Callable[[Path], None] = lambda folder: None
) -> Target:
    return Target(
        name=name, file=file, read=partial(_read, format, depth), errors=_ERRORS,
        seeds=lambda: [json.dumps(value).encode()], strategy=lambda: json_bytes([value])(), prepare=prepare,
        tokens=(b'"label":', b'"points":', b'"mask"', b'"polygon"', b'"group_id":', b'"imagePath":', b"[", b"{", b","),
    )  # fmt: skip


def _png_target(name: str, file: str, format: str, depth: int, prepare: Callable[[Path], None]) -> Target:
    sizes = [(_SIDE, _SIDE, 8), (_SIDE, _SIDE, 16), (4, 3, 8)]
    return Target(
        name=name, file=file, read=partial(_read, format, depth), errors=_ERRORS,
        seeds=lambda: [pngs.labels_png(*size) for size in sizes], strategy=_maps, prepare=prepare,
        tokens=pngs.TOKENS, mend=pngs.mended,
    )  # fmt: skip


@st.composite
def _maps(draw: st.DrawFn) -> bytes:
    """Maps of any values in the size of the others, or other PNG files."""
    if draw(st.integers(0, 3)) == 0:
        return draw(pngs.pngs())
    depth = draw(st.sampled_from([8, 16]))
    values = draw(st.lists(st.sampled_from([0, 1, 2, 3, 7, 24, 255, 256, 2400, 26001, 65535]), min_size=1, max_size=9))
    cells = [values[(x // 5 + y // 7) % len(values)] % (1 << depth) for y in range(_SIDE) for x in range(_SIDE)]
    width = _SIDE * depth // 8
    content = b"".join(cell.to_bytes(depth // 8, "big") for cell in cells)
    rows = b"".join(b"\0" + content[y * width : (y + 1) * width] for y in range(_SIDE))
    return pngs.png_of(_SIDE, _SIDE, depth, 0, rows)


_YOLO_FOLDER, _VOC_FOLDER = _prepare("yolo", _yolo), _prepare("voc", _voc)
_CLASS_FILE = _prepare("maps", lambda: {"classes.json": json.dumps(_CLASSES)})

TARGETS = [
    _text_target("yolo-yaml", "yolo/data.yaml", "yolo", 0, _DATA_YAML, _YAML_PIECES, _YOLO_FOLDER),
    _text_target("yolo-labels", "yolo/labels/train/1.txt", "yolo", 2, _LINES, _YOLO_PIECES, _YOLO_FOLDER),
    _text_target("yolo-list", "yolo/train.txt", "yolo", 0, _LIST, _PLACES, _prepare("yolo", _listed_yolo)),
    _text_target("voc-xml", "voc/Annotations/1.xml", "voc", 1, _XML, _XML_PIECES, _VOC_FOLDER),
    _text_target(
        "voc-list", "voc/ImageSets/Segmentation/train.txt", "voc", 2, "1\n2\n", _PLACES, _prepare("voc", _listed_voc)
    ),
    _text_target(
        "voc-names", "voc/labelmap.txt", "voc", 0, "# a\nbackground:0,0,0::\ncat:1,2,3::\ndog\n", _PLACES, _VOC_FOLDER
    ),
    _png_target("voc-class-mask", "voc/SegmentationClass/1.png", "voc", 1, _VOC_FOLDER),
    _png_target("voc-object-mask", "voc/SegmentationObject/1.png", "voc", 1, _VOC_FOLDER),
    _json_target("labelme", "labelme/1.json", "labelme", 0, _labelme()),
    _json_target("cityscapes-polygons", f"{_CITY}_polygons.json", "cityscapes", 3, _city()),
    _png_target("cityscapes-instances", f"{_CITY}_instanceIds.png", "cityscapes", 3, lambda folder: None),
    _png_target("label-map", "maps/1.png", "label-maps", 0, _CLASS_FILE),
    _json_target(
        "label-map-classes",
        "maps/classes.json",
        "label-maps",
        0,
        _CLASSES,
        _prepare("maps", lambda: {"1.png": _image()}),
    ),
]
