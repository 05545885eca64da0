"""A corpus of hostile inputs: small files that ask for much memory or time, or that nothing should be read from.

Each input writes itself into a folder. ``KINDS`` has the commands that read each kind.
"""

import base64
import gzip
import json
import os
import pickle
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.limits import INPUT_LIMITS

OLD_RUN = Path(__file__).parents[1] / "runs" / "old_runs" / "semantic"
SMALL_MODEL = OLD_RUN / "checkpoints" / "best" / "model.safetensors"

SIDE = 64
# Pixels of the largest image that is accepted, and about the side of a square one.
MOST, LONG = INPUT_LIMITS["image-pixels"].default, 11_585
MANY = 100_000
BIG = 2**63

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Hostile:
    """One hostile input: its kind, a key of ``KINDS``, its name, and the function that writes it into a folder."""

    kind: str
    name: str
    write: Write

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


# The commands that read each kind. {} is the folder of the input, which holds what the kind's base wrote too. {model}
# is a small model, {suffix} that of the weights.
KINDS: dict[str, list[str]] = {
    "annotations": [
        "check {}/labels.json",
        "masks {}/labels.json --out {}/masks --workers 0 --audit",
        "check {}/labels.json --fix {}/fixed.json",
        "explore {}/labels.json --out {}/explored",
        "subset {}/labels.json --out {}/subset.json",
        "split {}/labels.json --ratios 1:1 --out {}/parts",
        "masks {}/labels.json --out {}/instances --workers 0 --mode instance",
        "convert {}/labels.json --from coco --to yolo --out {}/as-yolo",
        "convert {}/labels.json --from coco --to voc --out {}/as-voc",
        "convert {}/labels.json --from coco --to labelme --out {}/as-labelme",
        "convert {}/labels.json --from coco --to label-maps --out {}/as-label-maps",
        "init {}/labels.json --images {}/images --out {}/fitted.yaml",
        "score instance {}/labels.json {}/results.json",
        "score instance {}/labels.json {}/results.json --no-details --intervals --explain AP=0.123,AP50=0.456",
        "compare {}/results.json {}/other.json --truth {}/labels.json",
        "review {}/labels.json {}/results.json --images {}/images --out {}/review",
    ],
    "results": [
        "score instance {}/labels.json {}/results.json",
        "score instance {}/labels.json {}/results.json --json",
        "score instance {}/labels.json {}/results.json --no-details --intervals --explain AP=0.123,AP50=0.456",
        "compare {}/results.json {}/other.json --truth {}/labels.json",
        "review {}/labels.json {}/results.json --images {}/images --out {}/review",
    ],
    "image": [
        "check {}/labels.json --images {}/images",
        "explore {}/labels.json --images {}/images --out {}/explored",
        "split {}/labels.json --images {}/images --ratios 1:1 --out {}/parts",
        "convert {}/yolo --from yolo --to coco --out {}/converted.json --images {}/images",
        "predict {model} {}/images --out {}/as-predicted",
        "predict {model} {}/images --out {}/tiles --tile 8000 --precision bf16",
        "init {}/labels.json --images {}/images --out {}/fitted.yaml",
    ],
    "label map": [
        "score semantic {}/truth {}/predicted",
        "convert {}/truth --from label-maps --to coco --out {}/converted.json",
        "convert {}/voc --from voc --to coco --out {}/voc.json",
    ],
    "panoptic": ["score panoptic {}/panoptic.json {}/found.json", "score panoptic {}/found.json {}/panoptic.json"],
    "yolo": [
        "convert {}/yolo --from yolo --to coco --out {}/converted.json",
        "convert {}/yolo --from yolo --to labelme --out {}/as-labelme",
        "init {}/yolo --out {}/fitted.yaml",
    ],
    "voc": ["convert {}/voc --from voc --to coco --out {}/converted.json"],
    "labelme": ["convert {}/labelme --from labelme --to coco --out {}/converted.json"],
    "cityscapes": ["convert {}/gtFine --from cityscapes --to coco --out {}/converted.json"],
    "city results": ["score cityscapes {} {}/results"],
    "groups": ["masks {}/labels.json --out {}/masks --workers 0 --mode grouped --groups {}/groups.yaml"],
    "taxonomy": ["score instance {}/labels.json {}/results.json --taxonomy {}/taxonomy.yaml"],
    "image groups": ["split {}/labels.json --ratios 1:1 --out {}/parts --groups {}/groups.csv"],
    "recipe": ["run {}/recipe.yaml --out {}/run"],
    "weights": ["weights convert {}/weights{suffix} {}/converted.safetensors --classes a"],
    "model": [
        "predict {}/model.safetensors {}/images --out {}/as-predicted",
        "predict {}/model.safetensors {}/images --out {}/tiles --tile auto",
        "evaluate {}/model.safetensors --annotations {}/labels.json --images {}/images --tile auto",
    ],
    "run folder": ["report {}/run", "evaluate {}/run"],
}


def inputs() -> list[Hostile]:
    """Every input of the corpus."""
    return [
        *(Hostile("annotations", name, write) for name, write in _annotations()),
        *(Hostile("results", name, write) for name, write in _results()),
        *(Hostile("image", name, write) for name, write in _images()),
        *(Hostile("label map", name, write) for name, write in _label_maps()),
        *(Hostile("panoptic", name, write) for name, write in _panoptic()),
        *(Hostile(kind, name, write) for kind, name, write in _folders()),
        *(Hostile(kind, name, write) for kind, name, write in _yaml_files()),
        *(Hostile("weights", name, write) for name, write in _weights()),
        *(Hostile("model", name, write) for name, write in _models()),
        *(Hostile("run folder", name, write) for name, write in _run_folders()),
    ]


def commands(hostile: Hostile, folder: Path) -> Iterator[list[str]]:
    """Write ``hostile`` with the sound files around it into ``folder``, and yield the commands that read it."""
    write_sound_files(folder)
    hostile.write(folder)
    suffix = next((path.suffix for path in folder.glob("weights.*")), "")
    for command in KINDS[hostile.kind]:
        words = (part.replace("{suffix}", suffix).replace("{model}", str(SMALL_MODEL)) for part in command.split())
        yield [word.replace("{}", str(folder)) for word in words]


# Sound files, which a hostile input replaces one of.


def square(x: float = 4, y: float = 4, side: float = 20) -> list[list[float]]:
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


def annotation(number: int, **fields: Any) -> dict[str, Any]:
    own = {"id": number, "image_id": 1, "category_id": 1, "segmentation": square(), "bbox": [4, 4, 20, 20]}
    return {**own, "area": 400, "iscrowd": 0, **fields}


def document(
    annotations: list[dict[str, Any]] | None = None,
    images: list[dict[str, Any]] | None = None,
    categories: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    image = {"file_name": "1.png", "height": SIDE, "width": SIDE}
    return {
        "images": images if images is not None else [{"id": 1, **image}, {"id": 2, **image, "file_name": "2.png"}],
        "annotations": annotations if annotations is not None else [annotation(1)],
        "categories": categories if categories is not None else [{"id": 1, "name": "a"}],
    }


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def png(
    width: int, height: int, value: int = 0, rows: int | None = None, depth: int = 8, pattern: bytes = b""
) -> bytes:
    """A grey PNG whose header may promise more pixels than it holds ``rows`` of."""
    row = (
        b"\0" + (pattern * (width // max(len(pattern), 1) + 1))[:width]
        if pattern
        else b"\0" + bytes([value]) * (width * depth // 8)
    )
    return png_of_data(width, height, row * (height if rows is None else rows), depth)


def png_of_data(width: int, height: int, data: bytes, depth: int = 8, *extra: tuple[bytes, bytes]) -> bytes:
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)), *extra]
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def rgb_png(width: int, height: int, pattern: bytes, rows: int | None = None) -> bytes:
    """A PNG of colours, whose header may promise more pixels than it holds ``rows`` of."""
    row = b"\0" + (pattern * (3 * width // len(pattern) + 1))[: 3 * width]
    content = png_of_data(width, height, row * (height if rows is None else rows))
    header = content[12:24] + struct.pack(">BBBBB", 8, 2, 0, 0, 0)
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def panoptic(*infos: Any, **fields: Any) -> dict[str, Any]:
    own = {"id": 1, "category_id": 1, "area": SIDE * SIDE, "iscrowd": 0}
    record = {"image_id": 1, "file_name": "1.png", "segments_info": list(infos) or [own]}
    category = {"id": 1, "name": "a", "isthing": 1}
    image = {"id": 1, "file_name": "1.jpg", "height": SIDE, "width": SIDE}
    return {"images": [image], "annotations": [record], "categories": [category], **fields}


def write_sound_files(folder: Path) -> None:
    write_json(folder / "labels.json", document())
    for name in ("results", "other"):
        found = [{"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": square()}]
        write_json(folder / f"{name}.json", found)
    for name in ("1.png", "2.png"):
        write(folder / "images" / name, png(SIDE, SIDE, 90 if name == "1.png" else 30))
        write(folder / "truth" / name, png(SIDE, SIDE, 1))
        write(folder / "predicted" / name, png(SIDE, SIDE, 1))
        write(folder / "yolo" / "images" / "train" / name, png(SIDE, SIDE))
    for place in ("panoptic", "found"):
        write_json(folder / f"{place}.json", panoptic())
        write(folder / place / "1.png", rgb_png(SIDE, SIDE, b"\1\0\0"))
    for place in ("truth", "predicted", "voc"):
        write_json(folder / place / "classes.json", [{"index": 1, "name": "a", "color": [1, 2, 3], "source_ids": []}])
    write(folder / "yolo" / "data.yaml", "train: images/train\nnames: [a]\n")
    write(folder / "yolo" / "labels" / "train" / "1.txt", "0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    for place in ("SegmentationClass", "SegmentationObject"):
        write(folder / "voc" / place / "1.png", png(SIDE, SIDE, 1))
    write(folder / "voc" / "Annotations" / "1.xml", "<annotation><filename>1.jpg</filename></annotation>")
    write_json(folder / "labelme" / "1.json", labelme())
    city = folder / "gtFine" / "val" / "town"
    write(city / "town_000000_000019_gtFine_instanceIds.png", png(SIDE, SIDE, 7))
    write(folder / "results" / "town_000000_000019.txt", "mask.png 26 0.5\n")
    write(folder / "results" / "mask.png", png(SIDE, SIDE, 1))


def labelme(**fields: Any) -> dict[str, Any]:
    shape = {"label": "a", "points": [[1, 1], [20, 1], [20, 20]], "shape_type": "polygon"}
    own = {"version": "5.0", "imagePath": "1.png", "imageHeight": SIDE, "imageWidth": SIDE, "shapes": [shape]}
    return {**own, **fields}


# COCO annotation files.


def labels(value: Any) -> Write:
    return lambda folder: write_json(folder / "labels.json", value)


def text(content: bytes | str) -> Write:
    return lambda folder: write(folder / "labels.json", content)


def of_segmentation(segmentation: Any) -> Write:
    return labels(document([annotation(1, segmentation=segmentation)]))


def rle(counts: Any, height: Any = SIDE, width: Any = SIDE) -> dict[str, Any]:
    return {"size": [height, width], "counts": counts}


def spread(count: int, classes: int, side: int = 4) -> Write:
    """Objects over an image of 1,000² pixels, of so many classes."""

    def object_of(number: int) -> dict[str, Any]:
        x, y = number * 7 % 950, number * 13 % 950
        category = 1 + number % classes
        return annotation(number + 1, category_id=category, segmentation=square(x, y, side), bbox=[x, y, side, side])

    names = [{"id": i + 1, "name": f"class {i}"} for i in range(classes)]
    image = [{"id": 1, "file_name": "1.png", "height": 1000, "width": 1000}]
    return lambda folder: write_json(folder / "labels.json", document([*map(object_of, range(count))], image, names))


def sized(height: Any, width: Any) -> Write:
    return labels(document(images=[{"id": 1, "file_name": "1.png", "height": height, "width": width}]))


def _annotations() -> Iterator[tuple[str, Write]]:
    for height, width in [(65_535, 65_535), (1, MOST), (MOST, 1), (LONG, LONG), (BIG, BIG), (0, 5), (-4, 4), (1e30, 2)]:
        yield f"an image record of {height} × {width}", sized(height, width)
    yield "an image size of 10,000 digits", text(json.dumps(document()).replace("64", "6" * 10_000))
    numbers = {"NaN": "NaN", "infinity": "1e999", "an id beyond 64 bits": "9" * 30, "a million digits": "1" * 1_000_000}
    for name, number in numbers.items():
        yield f"{name} as an id", text(json.dumps(document()).replace('"image_id": 1', f'"image_id": {number}'))
        yield f"{name} as a coordinate", text(json.dumps(document()).replace("24", number))
    yield (
        "depth in a segmentation",
        text(json.dumps(document()).replace("[[", "[" * MANY, 1).replace("]]", "]" * MANY, 1)),
    )
    for opening in ("[", '{"a":'):
        yield f"a hundred thousand {opening}", text(opening * MANY)
    for start, unit in [('{"a": "', '\\"'), ("[", ","), ("[", '"\\'), ('{"a": NaN', " "), ("[NaN", ",NaN"), ("[", "-")]:
        yield f"{unit!r} a hundred thousand times after {start}", text(start + unit * MANY)
    yield "trailing commas", text('{"images": [' + "," * MANY + '], "annotations": [], "categories": []}')
    yield "a gzip bomb", lambda folder: write(folder / "labels.json", gzip.compress(bytes(200 << 20), 9))
    yield "a gzip in a gzip", text(gzip.compress(gzip.compress(json.dumps(document()).encode())))
    yield "nothing", text(b"")
    yield "zeros", text(bytes(1 << 20))
    yield "half of UTF-16", text(b"\xff\xfe" + b"{" + b"\0")
    yield "not UTF-8", text(b"\xff" * 1000)
    yield "a list", text("[]")
    yield "lists of nulls", labels({"images": [None] * 50, "annotations": [None] * 50, "categories": [None] * 50})
    yield "objects in place of lists", labels({"images": {}, "annotations": {}, "categories": {}})
    yield "no lists", labels({})
    for name, value in {"a class": "n" * MANY, "marks": "e" + "\u0301" * 900, "wide letters": "\u732b" * 900}.items():
        yield f"a name of {name}", labels(document(categories=[{"id": 1, "name": value}]))
    for value in ("\x1b[2J\x07", "a\nb", "\u202egnp", "", "background", "[/y]", "../../a", "\0", "<script>"):
        yield f"the class name {value!r}", labels(document(categories=[{"id": 1, "name": value}]))
    for value in (
        "/etc/passwd",
        "../" * 200 + "etc/passwd",
        "n" * MANY,
        "a" * 300 + ".png",
        "",
        ".",
        "\x1b[2J.png",
        "C:\\a",
    ):
        images = [{"id": 1, "file_name": value, "height": SIDE, "width": SIDE}]
        yield f"the file name {value[:40]!r}", labels(document(images=images))
    yield "1,500 classes on an image", spread(1500, 1500)
    yield "900 classes on an image", spread(900, 900)
    yield "5,000 objects on an image", spread(5000, 3, 40)
    yield (
        "1,500 objects on each other",
        labels(document([annotation(i + 1, segmentation=square(0.1 * (i % 9), 1, 50)) for i in range(1500)])),
    )
    categories = [{"id": i + 1, "name": f"category {i}"} for i in range(20_000)]
    yield "20,000 categories", labels(document(categories=categories))
    yield "20,000 categories of one name", labels(document(categories=[{**each, "name": "a"} for each in categories]))
    yield "20,000 annotations of one id", labels(document([annotation(1)] * 20_000))
    yield "a polygon of 200,000 points", of_segmentation([[i * 37 % SIDE for i in range(400_000)]])
    yield "50,000 polygons", of_segmentation(square() * 50_000)
    yield "an outline to the end of the world", of_segmentation([[0, 0, 1e300, 0, 1e300, 1e300, 0, 1e300]])
    yield "an outline of a billion pixels", of_segmentation([[0, 0, 1e9, 0, 1e9, 1e9, 0, 1e9]])
    yield "a polygon of text", of_segmentation([["a", "b", "c", "d", "e", "f"]])
    counts: dict[str, Any] = {
        "runs of 2**31": [2**31] * 2**10,
        "a run of 2**32": [2**32],
        "a negative run": [-1, SIDE * SIDE + 1],
        "half a run": "o",
        "groups without an end": "o" * 5000,
        "nothing": "",
        "letters of no coding": "\u00e9\u732b\x00",
        "a mask of stripes": [1] * (SIDE * SIDE),
        "a million empty runs": [0] * 1_000_000 + [SIDE * SIDE],
        "a number": 5,
        "objects": [{}],
    }
    for name, value in counts.items():
        yield f"an RLE of {name}", of_segmentation(rle(value))
    yield "an RLE whose sum wraps", of_segmentation(rle(wrapping(SIDE * SIDE)))
    for size in ([2**31, 2**31], [BIG, 4], ["a", "b"], [SIDE], None):
        yield f"an RLE of the size {size}", of_segmentation({"size": size, "counts": "PP1"})
    yield (
        "a large mask of one run",
        labels(
            document(
                [annotation(1, segmentation=rle([0, LONG * LONG], LONG, LONG))],
                [{"id": 1, "file_name": "1.png", "height": LONG, "width": LONG}],
            )
        ),
    )
    for height, width in [(LONG, LONG), (1, MOST), (MOST, 1)]:
        whole, half = (
            rle([0, height * width], height, width),
            rle([0, height * width // 2, height * width - height * width // 2], height, width),
        )
        masks = [annotation(1, segmentation=whole), annotation(2, segmentation=half, category_id=2)]
        names = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
        image = [{"id": 1, "file_name": "1.png", "height": height, "width": width}]
        yield f"large masks on each other on an image of {height} × {width}", labels(document(masks, image, names))
    for box in ([1e308] * 4, ["a"] * 4, [], [-1, -1, -5, -5], {}):
        yield f"the box {box}", labels(document([annotation(1, bbox=box)]))
    yield "a FIFO", special(lambda path: os.mkfifo(path), "labels.json")
    yield "a device", special(lambda path: path.symlink_to("/dev/zero"), "labels.json")
    yield "a folder", special(lambda path: path.mkdir(), "labels.json")
    yield "a link to itself", special(lambda path: path.symlink_to(path), "labels.json")


def wrapping(pixels: int) -> str:
    """COCO's coding of runs whose sum is ``pixels`` plus 2⁶⁴."""
    step = 2**34 - 1
    runs = [step * i for i in range(46_341)]
    share, rest = divmod(2**64 + pixels - sum(runs), len(runs))
    both = [run for pair in zip(runs, [share] * (len(runs) - 1) + [share + rest], strict=True) for run in pair]
    coded = bytearray()
    for i, run in enumerate(both):
        value, more = run - (both[i - 2] if i > 2 else 0), True
        while more:
            group, value = value & 0x1F, value >> 5
            more = value != (-1 if group & 0x10 else 0)
            coded.append(group + 48 + 0x20 * more)
    return coded.decode()


def special(make: Callable[[Path], None], name: str) -> Write:
    """Put what ``make`` makes in the place of the file ``name``."""

    def put(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        make(path)

    return put


# Results of a detector.


def _results() -> Iterator[tuple[str, Write]]:
    sound = {"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": square()}

    def results(value: Any) -> Write:
        return lambda folder: write_json(folder / "results.json", value)

    yield "an object", results({})
    yield "nulls", results([None] * 100)
    for score in (1e308, -5, "a", None, [], True):
        yield f"the score {score}", results([{**sound, "score": score}])
    yield "NaN", lambda folder: write(folder / "results.json", json.dumps([sound]).replace("0.5", "NaN"))
    for counts in ("o" * 5000, "", [2**31] * 1000, wrapping(SIDE * SIDE), [0] * 500_000 + [SIDE * SIDE]):
        yield f"an RLE of {counts[:8]!r}", results([{**sound, "segmentation": rle(counts)}])
    yield "the size 2**31 squared", results([{**sound, "segmentation": rle("PP1", 2**31, 2**31)}])
    yield "an id beyond 64 bits", results([{**sound, "image_id": 10**30}])
    yield "20,000 results of one image", results([{**sound, "score": i / 20_000} for i in range(20_000)])
    yield "270 classes with an object and a result each", scored_with(270, 270, 60)
    yield "600 classes with an object and a result each", scored_with(600, 600, 60)
    yield "1,250 classes with an object and a result each", scored_with(1_250, 1_250, 800)
    yield "4,000 classes with an object and a result each", scored_with(4_000, 4_000, 800)
    yield "8,000 classes with an object and a result each", scored_with(8_000, 8_000, 800)
    yield "20,000 classes with an object and a result each", scored_with(20_000, 20_000, 800)
    yield "3,000 results on 3,000 objects that all overlap", scored_with(3_000, 1, 1)
    yield "20,000 results on 20,000 objects of one image", scored_with(20_000, 1, 1)
    yield "2,000 objects of different outlines that all overlap", different_outlines(2_000)
    yield "9,000 objects of different outlines that all overlap", different_outlines(9_000)
    yield "depth", lambda folder: write(folder / "results.json", "[" * MANY)
    yield "quotes", lambda folder: write(folder / "results.json", '[{"a": "' + '\\"' * MANY)
    for name, make in SPECIAL.items():
        yield name, special(make, "results.json")


def scored_with(count: int, classes: int, images: int) -> Write:
    """So many objects of so many classes on so many images, and a result on each."""

    def put(folder: Path) -> None:
        numbers = range(1, count + 1)
        places = [{"image_id": 1 + number % images, "category_id": 1 + number % classes} for number in numbers]
        objects = [annotation(number, **place) for number, place in zip(numbers, places, strict=True)]
        size = {"height": SIDE, "width": SIDE}
        records = [{"id": i, "file_name": f"{i}.png", **size} for i in range(1, images + 1)]
        names = [{"id": i, "name": f"class {i}"} for i in range(1, classes + 1)]
        write_json(folder / "labels.json", document(objects, records, names))
        found = [{**place, "score": number / count, "segmentation": square()} for number, place in enumerate(places)]
        write_json(folder / "results.json", found)
        write_json(folder / "other.json", found[::-1])

    return put


def different_outlines(count: int) -> Write:
    """So many rectangles on one image, no two of which are alike, and a result on each hundredth."""

    def put(folder: Path) -> None:
        outlines = [
            [[x, y, x + width, y, x + width, y + height, x, y + height]]
            for x in range(10) for y in range(10) for width in range(40, 50) for height in range(40, 50)
        ]  # fmt: skip
        objects = [annotation(number, segmentation=each) for number, each in enumerate(outlines[:count], start=1)]
        write_json(folder / "labels.json", document(objects))
        sound = {"image_id": 1, "category_id": 1}
        found = [{**sound, "score": i / count, "segmentation": outlines[i]} for i in range(0, count, 100)]
        write_json(folder / "results.json", found)

    return put


# Images and label maps.


def _pictures() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "a signature", b"\x89PNG\r\n\x1a\n"
    for width, height in [(32_000, 32_000), (2**31 - 1, 2**31 - 1), (65_500, 65_500), (1, MOST + 1), (0, 5)]:
        yield (
            f"a header of {width}×{height}",
            png(min(width, 1), 1).replace(png(min(width, 1), 1)[8:33], png_of_data(width, height, b"")[8:33]),
        )
    yield "a whole PNG of 11,585²", png_of_data(LONG, LONG, bytes((LONG + 1) * LONG))
    yield "a narrow PNG", png(1, 100_000, 1)
    yield "a wide PNG", png(100_000, 1, 1)
    yield "stripes", png(6_000, 6_000, pattern=b"\0\1\2\3", rows=6_000)
    bomb = zlib.compress(bytes(50 << 20))
    yield "a text of 50 MiB", png_of_data(SIDE, SIDE, bytes(65 * SIDE), 8, (b"zTXt", b"a\0\0" + bomb))
    yield "a profile of 50 MiB", png_of_data(SIDE, SIDE, bytes(65 * SIDE), 8, (b"iCCP", b"a\0\0" + bomb))
    yield "more rows than promised", png(SIDE, SIDE, rows=500_000)
    yield "fewer rows than promised", png(SIDE, SIDE, rows=3)
    yield (
        "a BMP of 20,000²",
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 20_000, 20_000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield "a program in PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in [(256, 40_000), (257, 40_000), (258, 8)])
    yield "a TIFF of 40,000²", b"II*\0\x08\0\0\0" + struct.pack("<H", 3) + tags + bytes(4)
    yield "a TIFF that goes in a circle", b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + tags[:12] + struct.pack("<I", 8)
    yield (
        "a GIF of 65,535²",
        b"GIF89a"
        + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
        + b"\x02\x02L\x01\0;",
    )
    yield (
        "a JPEG of 65,500²",
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xdc\xff\xdc\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9",
    )
    yield "a WebP without an end", b"RIFF\xff\xff\xff\x7fWEBPVP8 "
    yield "HTML", b"<!doctype html><script>alert(1)</script>"


def _images() -> Iterator[tuple[str, Write]]:
    for name, content in _pictures():
        yield (
            name,
            lambda folder, content=content: [  # type: ignore[misc]
                write(folder / place / "1.png", content) for place in ("images", "yolo/images/train")
            ],
        )
    for name, make in SPECIAL.items():
        yield name, special(make, "images/1.png")


SPECIAL: dict[str, Callable[[Path], None]] = {
    "a FIFO": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "a link to itself": lambda path: path.symlink_to(path),
}


def _label_maps() -> Iterator[tuple[str, Write]]:
    places = ("truth", "voc/SegmentationClass", "voc/SegmentationObject")
    pictures = dict(_pictures()) | {
        "16 bits": png(SIDE, SIDE, 255, depth=16),
        "thin stripes": png(4_000, 4_000, pattern=b"\0\1", rows=4_000),
        "all labels": png(4_000, 4_000, pattern=bytes(range(256)), rows=4_000),
    }
    for name, content in pictures.items():
        yield (
            name,
            lambda folder, content=content: [  # type: ignore[misc]
                write(folder / place / "1.png", content) for place in places
            ],
        )
    for name, make in SPECIAL.items():
        yield name, special(make, "truth/1.png")
    for number in (2_000, 60_000):
        table = [{"index": i, "name": f"class {i}", "color": [1, 2, 3], "source_ids": []} for i in range(1, number)]
        yield (
            f"{number:,} classes with background",
            lambda folder, table=table: [  # type: ignore[misc]
                write_json(folder / place / "classes.json", table) for place in ("truth", "predicted", "voc")
            ],
        )
    for value in ("[" * MANY, "{}", '[{"index": 99999999999999999999}]', "[]", '[{"index": 1, "name": 5}]'):
        yield f"the classes {value[:20]}", lambda folder, value=value: write(folder / "truth" / "classes.json", value)  # type: ignore[misc]


# Panoptic JSON files and their PNG files.


def _panoptic() -> Iterator[tuple[str, Write]]:
    pictures = dict(_pictures()) | {
        "colours of 13000×13000": rgb_png(13_000, 13_000, b"\1\0\0", rows=9),
        "colours of 4900×4900": rgb_png(4_900, 4_900, b"\1\0\0"),
        "colours that end early": rgb_png(4_000, 4_000, b"\1\0\0", rows=7),
        "coloured stripes": rgb_png(2_200, 2_200, b"\1\0\0\2\0\0"),
        "thousands of ids": rgb_png(4_000, 1_000, bytes(i % 251 for i in range(12_000))),
    }
    for name, content in pictures.items():
        yield name, lambda folder, content=content: write(folder / "found" / "1.png", content)  # type: ignore[misc]
    for name, make in SPECIAL.items():
        yield name, special(make, "found/1.png")
        yield f"{name} as JSON", special(make, "found.json")

    def found(value: Any) -> Write:
        return lambda folder: write_json(folder / "found.json", value)

    sound = panoptic()["annotations"][0]
    for number in (0, -1, 2**24, BIG, 10**30, 1.5, "1", None, []):
        yield f"the id {number}", found(panoptic({"id": number, "category_id": 1}))
        yield f"the class {number}", found(panoptic({"id": 1, "category_id": number}))
        yield f"the image {number}", found(panoptic(annotations=[{**sound, "image_id": number}]))
        yield f"the height {number}", found(panoptic(images=[{"id": 1, "height": number, "width": 7}]))
    for area in (-1, 0, 1e308, 10**30, "1"):
        yield f"the area {area}", found(panoptic({"id": 1, "category_id": 1, "area": area}))
    for name in ("", "../panoptic/1.png", "/dev/zero", "a\0b", "a" * MANY, "\n", "."):
        yield f"the file {name[:12]!r}", found(panoptic(annotations=[{**sound, "file_name": name}]))
    yield "100,000 segments", found(panoptic(*({"id": i, "category_id": 1} for i in range(MANY))))
    yield "100,000 records", found(panoptic(annotations=[{**sound, "image_id": i} for i in range(MANY)]))
    yield "100,000 categories", found(panoptic(categories=[{"id": i, "name": str(i)} for i in range(MANY)]))
    yield "one class twice", found(panoptic(categories=[{"id": 1, "name": "a"}] * 2))
    yield "crowds alone", found(panoptic({"id": 1, "category_id": 1, "iscrowd": 1}))
    yield "no records", found(panoptic(annotations=[]))
    yield "a list", found([panoptic()])
    yield "depth", lambda folder: write(folder / "found.json", '{"annotations":' * MANY)
    yield "brackets", lambda folder: write(folder / "found.json", "[" * MANY)
    yield "quotes", lambda folder: write(folder / "found.json", '[{"a": "' + '\\"' * MANY)


# Folders of other formats.


def _folders() -> Iterator[tuple[str, str, Write]]:
    def at(place: str, content: bytes | str) -> Write:
        return lambda folder: write(folder / place, content)

    lines = {
        "a number of 100,000 digits": "0 " + "9" * MANY + " 0.1 0.5 0.1 0.5 0.5",
        "a class of 100,000 digits": "9" * MANY + " 0.1 0.1 0.5 0.1 0.5 0.5",
        "a fraction of 100,000 digits": "0 0." + "1" * MANY + " 0.1 0.5 0.1 0.5 0.5",
        "NaN": "0 nan nan inf inf 0.5 0.5",
        "words": "a b c d e f g",
        "400,000 coordinates": "0 " + "0.1 0.9 " * 200_000,
        "50,000 lines": "0 0.1 0.1 0.5 0.1 0.5 0.5\n" * 50_000,
        "zeros": "\0" * MANY,
        "a class of infinity": "1e999 0.1 0.1 0.5 0.1 0.5 0.5",
    }
    for name, line in lines.items():
        yield "yolo", name, at("yolo/labels/train/1.txt", line)
    for name, content in {**_yaml_bombs(), "names by large numbers": "names: {0x" + "f" * 5000 + ": a}"}.items():
        yield "yolo", f"data.yaml with {name}", at("yolo/data.yaml", content)
    yield "yolo", "a part outside", at("yolo/data.yaml", "train: ../../../../../etc\nnames: [a]\n")
    for name, make in SPECIAL.items():
        yield "yolo", f"{name} as data.yaml", special(make, "yolo/data.yaml")
        yield "yolo", f"{name} as labels", special(make, "yolo/labels/train/1.txt")
        yield "voc", f"{name} as XML", special(make, "voc/Annotations/1.xml")
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    xml = {
        "entities": f'<!DOCTYPE a [<!ENTITY a0 "a">{entities}]><annotation>&a11;</annotation>',
        "a file of the machine": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>',
        "depth": "<a>" * MANY,
        "100,000 objects": "<annotation>" + "<object><pose>x</pose></object>" * MANY + "</annotation>",
        "no XML": "\0\1\2",
    }
    for name, content in xml.items():
        yield "voc", f"XML with {name}", at("voc/Annotations/1.xml", content)
    yield (
        "voc",
        "a list of names that lead outside",
        at("voc/ImageSets/Segmentation/train.txt", "../../1\n/etc/passwd\n" * 500),
    )
    yield "voc", "a FIFO as a list", special(SPECIAL["a FIFO"], "voc/ImageSets/Segmentation/other.txt")
    embedded = base64.b64encode(png(20_000, 20_000, rows=1)).decode()
    shape = {"label": "a", "shape_type": "mask", "points": [[0, 0], [63, 63]], "mask": embedded}
    shapes: dict[str, Any] = {
        "a mask of 20,000²": labelme(shapes=[shape]),
        "an image of 65,535²": labelme(imageHeight=65_535, imageWidth=65_535),
        "an image beyond 64 bits": labelme(imageHeight=BIG, imageWidth=BIG),
        "points of infinity": labelme(shapes=[{**shape, "shape_type": "polygon", "points": [[1e308, 1]] * 4}]),
        "20,000 shapes": labelme(shapes=labelme()["shapes"] * 20_000),
        "a name of 100,000 letters": labelme(shapes=[{**labelme()["shapes"][0], "label": "n" * MANY}]),
        "a list": [],
        "null": None,
    }
    for name, value in shapes.items():
        yield "labelme", name, at("labelme/1.json", json.dumps(value))
    yield "labelme", "depth", at("labelme/1.json", '{"shapes": ' + "[" * MANY)
    for name, make in SPECIAL.items():
        yield "labelme", name, special(make, "labelme/1.json")
    stem = "gtFine/val/town/town_000000_000019_gtFine"
    polygons: dict[str, Any] = {
        "60,000²": {"imgHeight": 60_000, "imgWidth": 60_000, "objects": []},
        "a far point": {"imgHeight": 9, "imgWidth": 9, "objects": [{"label": "car", "polygon": [[1e300, 1]] * 3}]},
        "20,000 cars": {
            "imgHeight": 9,
            "imgWidth": 9,
            "objects": [{"label": "car", "polygon": [[1, 1], [2, 2]]}] * 20_000,
        },
        "an unknown label": {"imgHeight": 9, "imgWidth": 9, "objects": [{"label": "n" * MANY, "polygon": []}]},
    }
    for name, value in polygons.items():

        def put(folder: Path, value: Any = value) -> None:
            (folder / f"{stem}_instanceIds.png").unlink()
            write_json(folder / f"{stem}_polygons.json", value)

        yield "cityscapes", f"polygons of {name}", put
    for name, make in SPECIAL.items():
        yield "cityscapes", name, special(make, f"{stem}_instanceIds.png")
    for name, line in {
        "outside": "../../../etc/passwd 26 0.5",
        "large numbers": "mask.png 1e308 1e308",
        "a long line": "a" * MANY,
    }.items():
        yield "city results", name, at("results/town_000000_000019.txt", line)
    for name, content in dict(_pictures()).items():
        yield "city results", name, at("results/mask.png", content)
    for name, make in SPECIAL.items():
        yield "city results", name, special(make, "results/mask.png")
        yield "image groups", name, special(make, "groups.csv")
    yield "image groups", "a field of 10 MB", at("groups.csv", "1.png," + "a" * 10_000_000)


# YAML.


def _yaml_bombs() -> dict[str, str]:
    levels = "".join(f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 9)}]\n" for i in range(1, 12))
    merges = "".join(f"m{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 12))
    return {
        "lists of lists": "b0: &b0 [x]\n" + levels,
        "merges": "m0: &m0 {a: 1, b: 2}\n" + merges,
        "a list that holds itself": "names: &a [*a]",
        "depth": "names: " + "[" * 5000,
        "100,000 names": "names: [" + "a," * MANY + "]",
        "a word of 5 MB": "names: " + "x" * 5_000_000,
        "many digits": "names: " + "9" * MANY,
        "an object of Python": "names: !!python/object/apply:os.system ['touch hostile-code-ran']",
        "a date that is none": "names: 2001-99-99",
        "tabs": "\t" * 1000,
        "a list": "- a\n- b\n",
        "nothing": "",
        "zeros": "\0" * 100,
    }


def _yaml_files() -> Iterator[tuple[str, str, Write]]:
    for kind, file in {"groups": "groups.yaml", "taxonomy": "taxonomy.yaml", "recipe": "recipe.yaml"}.items():
        for name, content in _yaml_bombs().items():
            yield kind, name, lambda folder, file=file, content=content: write(folder / file, content)  # type: ignore[misc]
        yield kind, "not UTF-8", lambda folder, file=file: write(folder / file, b"\xff\xfe\0")  # type: ignore[misc]
        for name, make in SPECIAL.items():
            yield kind, name, special(make, file)


# Weights and models.


def _weights() -> Iterator[tuple[str, Write]]:
    def at(suffix: str, content: bytes) -> Write:
        return lambda folder: write(folder / f"weights{suffix}", content)

    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, ("touch hostile-code-ran",)

    bombs = {
        "nothing": b"",
        "code": pickle.dumps(Runs()),
        "a million sets": b"\x80\x04" + b"\x8f" * 1_000_000 + b".",
        "a million dictionaries": b"\x80\x04" + b"}" * 1_000_000 + b".",
        "a far place in the memo": b"\x80\x02]r\xff\xff\xff\x7f.",
        "a long text that is not there": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"a.",
        "depth": b"\x80\x04" + b"]" * 50_000 + b"a" * 49_999 + b".",
        "a number of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
    }
    for name, content in bombs.items():
        yield f"a pickle of {name}", at(".pkl", content)
        yield f"a checkpoint of {name}", at(".pth", content)

    def archive(folder: Path) -> None:
        with zipfile.ZipFile(folder / "weights.pth", "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("a/data.pkl", pickle.dumps({}))
            file.writestr("a/data/0", bytes(100 << 20))

    yield "a checkpoint that unpacks", archive
    for name, make in SPECIAL.items():
        for suffix in (".pkl", ".pth", ".safetensors"):
            yield f"{name} as {suffix}", special(make, f"weights{suffix}")
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    yield "safetensors beyond its end", at(".safetensors", struct.pack("<Q", len(header)) + header)
    yield "safetensors of a large header", at(".safetensors", struct.pack("<Q", 2**62) + b"{}")


def card(**fields: Any) -> dict[str, Any]:
    classes = [{"index": 1, "name": "a", "color": [1, 2, 3], "source_ids": []}]
    own = {"name": "residual_attention_unet", "task": "semantic", "options": {"widths": [4, 8], "bottleneck": 8}}
    return {**own, "classes": classes, "input": {"size": 32}, "epoch": 1, "scores": {}, "recipe": "", **fields}


def trained_on(figures: dict[str, Any]) -> Write:
    """A model that is sound but for what its card says of the training images, by which ``--tile auto`` chooses."""
    content = SMALL_MODEL.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    own = json.loads(header["__metadata__"]["maskwright"]) | {"training_images": figures}
    header["__metadata__"]["maskwright"] = json.dumps(own)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return lambda folder: write(folder / "model.safetensors", len(text).to_bytes(8, "little") + text + content[start:])


def model_of(text_of_card: str) -> Write:
    metadata = {
        "__metadata__": {"maskwright": text_of_card},
        "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    }
    header = json.dumps(metadata).encode()
    return lambda folder: write(folder / "model.safetensors", struct.pack("<Q", len(header)) + header + bytes(4))


def _models() -> Iterator[tuple[str, Write]]:
    wrong: dict[str, dict[str, Any]] = {
        "a name of a number": {"name": 5},
        "an unknown name": {"name": "n" * 1000},
        "another task": {"task": "instance"},
        "no task": {"task": "x"},
        "classes of text": {"classes": "abc"},
        "a class without a name": {"classes": [{"index": 1}]},
        "colours of text": {"classes": [{"index": 1, "name": "a", "color": "red"}]},
        "options of a list": {"options": []},
        "a network of terabytes": {"options": {"widths": [10**6, 10**6]}},
        "a network of a negative size": {"options": {"widths": [-4, 8]}},
        "a thousand layers": {"options": {"widths": [4] * 5000}},
        "an input of text": {"input": {"size": "x"}},
        "an unknown input": {"input": {"sise": 32}},
        "an input of a million pixels": {"input": {"size": 10**6}},
        "scores of text": {"scores": {"a": "b"}},
        "an epoch of text": {"epoch": "x"},
        "a recipe of a number": {"recipe": 5},
        "another field": {"more": 1},
    }
    for name, fields in wrong.items():
        yield f"a card with {name}", model_of(json.dumps(card(**fields)))
    for name, content in {
        "depth": "[" * MANY,
        "a list": "[]",
        "text": "abc",
        "nothing": "",
        "deep options": None,
    }.items():
        nested: Any = {}
        for _ in range(500):
            nested = {"a": nested}
        yield f"a card of {name}", model_of(json.dumps(card(options=nested)) if content is None else content)
    yield "a sound card and other weights", model_of(json.dumps(card()))
    for name, figures in {
        "of text": {"short_side": "x", "density": "y"},
        "of 10**300 pixels": {"short_side": 10**300, "density": 0.0},
        "of 10**400 pixels": {"short_side": 10**400, "density": 0.0},
        "of a negative size": {"short_side": -(10**9), "density": -1.0},
        "of no density": {"short_side": 64, "density": float("nan")},
        "of too many objects": {"short_side": 64, "density": 1e300},
    }.items():
        yield f"a sound model with training images {name}", trained_on(figures)
    for name, make in SPECIAL.items():
        yield name, special(make, "model.safetensors")


# Run folders.


def _run_folders() -> Iterator[tuple[str, Write]]:
    def at(place: str, content: bytes | str) -> Write:
        def put(folder: Path) -> None:
            shutil.copytree(OLD_RUN, folder / "run")
            write(folder / "run" / place, content)

        return put

    def instead(place: str, make: Callable[[Path], None]) -> Write:
        def put(folder: Path) -> None:
            shutil.copytree(OLD_RUN, folder / "run")
            special(make, f"run/{place}")(folder)

        return put

    table = "epoch,train/loss\n"
    contents: dict[str, str | bytes] = {
        "depth": "[" * MANY,
        "a list": "[]",
        "a number": "5",
        "nothing": "",
        "zeros": bytes(1000),
        "an object of lists": '{"validation": [], "classes": 5, "train": {}}',
    }
    for name, content in contents.items():
        for place in ("card.json", "scores.json", "stages.json", "statistics.json", "audit.json"):
            yield f"{place} of {name}", at(place, content)
    for name, content in {
        "a field of 10 MB": table + "1," + "9" * 10_000_000,
        "words": table + "a,b\n",
        "an epoch of 100,000 digits": table + "9" * MANY + ",1\n",
        "NaN": table + "1,nan\n2,1e999\n",
        "a million columns": "epoch" + ",a" * 1_000_000 + "\n1" + ",1" * 1_000_000 + "\n",
        "zeros": bytes(1000),
    }.items():
        yield f"metrics.csv of {name}", at("metrics.csv", content)
    for name, content in _yaml_bombs().items():
        yield f"a recipe of {name}", at("recipe.yaml", content)
    for name, make in SPECIAL.items():
        for place in ("card.json", "scores.json", "metrics.csv", "recipe.yaml"):
            yield f"{name} as {place}", instead(place, make)
