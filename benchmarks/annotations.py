"""Reading and checking a file as large as COCO's training set, by the usual ways and by Maskwright.

``python benchmarks/annotations.py ANNOTATIONS`` makes a file of 118,287 images and 860,001 annotations (as many as
instances_train2017.json has, and about its 450 MB) from a COCO file: copies of its images, each with part of its
annotations, every second edge of a polygon divided once. Each way runs in a process of its own; wall and CPU time are
those of the call, without the start of Python and the imports, the peak memory is that of the process and, if it has
any, of its workers together. ``--file FILE`` measures a file as it is.
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGES, ANNOTATIONS = 118_287, 860_001


def main() -> None:
    """Make the file, measure every way, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--file", action="store_true", help="measure ANNOTATIONS itself")
    parser.add_argument("--runs", type=int, default=1, help="of each way; the median by wall time is shown")
    parser.add_argument("--only", choices=WAYS, action="append")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(WAYS[options.measure], options.annotations)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.annotations if options.file else Path(folder) / "annotations.json"
        if not options.file:
            write_large(options.annotations, path)
        print(f"{path.stat().st_size / 1e6:.0f} MB")
        print(f"{'':22}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}   found")
        for name in options.only or WAYS:
            command = [sys.executable, __file__, str(path), "--measure", name]
            runs = sorted(json.loads(subprocess.check_output(command)) for _ in range(options.runs))
            wall, cpu, peak, found = runs[options.runs // 2]
            print(f"{name:22}{wall:8.2f}{cpu:8.2f}{peak:10.0f}   {found}")


def measured(way: Callable[[], Callable[[Path], str]], path: Path) -> tuple[float, float, float, str]:
    """Wall seconds, CPU seconds, peak MiB of this process and its children, and what ``way`` found in ``path``."""
    call = way()
    wall, cpu = time.perf_counter(), cpu_seconds()
    found = call(path)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return wall, cpu, sum(peaks) / 1024, found


def cpu_seconds() -> float:
    """CPU seconds of this process and the children it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def with_pycocotools() -> Callable[[Path], str]:
    """What most programs call."""
    import contextlib

    from pycocotools.coco import COCO

    def call(path: Path) -> str:
        with contextlib.redirect_stdout(sys.stderr):
            coco = COCO(str(path))
        return f"{len(coco.imgs)} images, {len(coco.anns)} annotations"

    return call


def with_json() -> Callable[[Path], str]:
    """The standard library's JSON, and an object a record."""

    @dataclass
    class Image:
        id: int
        file_name: str
        height: int
        width: int

    @dataclass
    class Annotation:
        id: int
        image_id: int
        category_id: int
        segmentation: Any
        bbox: list[float]
        area: float
        iscrowd: int

    def made(kind: type, records: list[dict[str, Any]]) -> list[Any]:
        names = kind.__dataclass_fields__
        return [kind(**{name: record[name] for name in names}) for record in records]

    def call(path: Path) -> str:
        with path.open(encoding="utf-8") as file:
            document = json.load(file)
        images, annotations = made(Image, document["images"]), made(Annotation, document["annotations"])
        return f"{len(images)} images, {len(annotations)} annotations"

    return call


def with_read_coco() -> Callable[[Path], str]:
    """Maskwright's reader."""
    from maskwright.annotations.coco.file import read_coco

    def call(path: Path) -> str:
        coco = read_coco(path)
        return f"{len(coco.images)} images, {len(coco.annotations)} annotations"

    return call


def with_check() -> Callable[[Path], str]:
    """Maskwright's check, which decodes and measures every segmentation."""
    from maskwright.workflows.check import check

    def call(path: Path) -> str:
        counts = check(path).to_json()["counts"]
        return f"{counts['used']} of {counts['in']} used, {counts['errors']} errors, {counts['warnings']} warnings"

    return call


WAYS = {
    "pycocotools COCO()": with_pycocotools,
    "json and objects": with_json,
    "maskwright read_coco": with_read_coco,
    "maskwright check": with_check,
}


def write_large(source: Path, path: Path, images: int = IMAGES, annotations: int = ANNOTATIONS) -> None:
    """Write a COCO file of ``images`` images and ``annotations`` annotations made of those in ``source``."""
    document = json.loads(source.read_text(encoding="utf-8"))
    copies = -(-images // len(document["images"]))
    share = annotations / (images / len(document["images"]) * len(document["annotations"]))
    rank = {image["id"]: position for position, image in enumerate(document["images"])}
    with path.open("wb") as file:
        head = {key: value for key, value in document.items() if key not in ("images", "annotations")}
        file.write(json.dumps(head).encode()[:-1] + b', "images": [')
        records = ({**image, "file_name": "{}-" + image["file_name"]} for image in document["images"])
        tails = [json.dumps({key: value for key, value in each.items() if key != "id"})[1:] for each in records]
        numbered = (
            f'{{"id": {number + 1}, {tail.replace("{}", str(number), 1)}'
            for number, tail in zip(range(images), itertools.cycle(tails))
        )
        write_joined(file, numbered)
        file.write(b'], "annotations": [')
        write_joined(file, chosen(document["annotations"], rank, copies, images, annotations, share))
        file.write(b"]}")


def chosen(
    records: list[dict[str, Any]], rank: dict[int, int], copies: int, images: int, annotations: int, share: float
) -> Iterator[str]:
    """``annotations`` records as JSON, of each copy of the images about ``share`` of them."""
    tails = []
    for record in records:
        kept = {key: value for key, value in record.items() if key not in ("id", "image_id", "segmentation")}
        tails.append(json.dumps({"segmentation": divided(record["segmentation"]), **kept})[1:])
    written = considered = 0
    for copy in range(copies):
        for record, tail in zip(records, tails, strict=True):
            image = copy * len(rank) + rank[record["image_id"]]
            considered += image < images
            if image < images and written < min(annotations, considered * share):
                written += 1
                yield f'{{"id": {written}, "image_id": {image + 1}, {tail}'


def divided(segmentation: Any) -> Any:
    """Polygons with every second edge divided in the middle; an RLE as it is."""
    if isinstance(segmentation, dict):
        return segmentation
    return [[coordinate for edge in edges(polygon) for coordinate in edge] for polygon in segmentation]


def edges(polygon: list[float]) -> Iterator[list[float]]:
    """Each point, and after every second one the middle of the edge that follows it."""
    points = [polygon[i : i + 2] for i in range(0, len(polygon), 2)]
    for number, ((x, y), (to_x, to_y)) in enumerate(zip(points, points[1:] + points[:1], strict=True)):
        yield [x, y] if number % 2 else [x, y, (x + to_x) / 2, (y + to_y) / 2]


def write_joined(file: Any, records: Iterator[str]) -> None:
    """Write ``records`` with commas between them."""
    for number, record in enumerate(records):
        file.write((", " if number else "").encode() + record.encode())


if __name__ == "__main__":
    main()
