"""Label maps by the usual pycocotools script and by Maskwright, on the same files in one run.

``python benchmarks/masks.py ANNOTATIONS [--repeat 10]`` repeats the images and annotations of a COCO file so many times
under new ids, draws all of them both ways, compares every pixel, and prints wall time, CPU time (children included) and
the peak memory of the largest process. ``--repeat 1`` shows what start-up costs.

The script writes its PNG files with Pillow, as most do, and once more with OpenCV, which is faster; the shares are of
the first. Label maps go to ``--folder``: on a slow or busy disk, creating files takes longer than drawing them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

# What most projects do: read, one dense mask per annotation, paint it, write a PNG.
USUAL_SCRIPT = """
import sys
import cv2
import numpy as np
from PIL import Image
from pycocotools.coco import COCO

def write(path, label_map):
    WRITE

annotations, out = sys.argv[1:]
coco = COCO(annotations)
labels = {category: label for label, category in enumerate(sorted(coco.getCatIds()), start=1)}
for image in coco.loadImgs(coco.getImgIds()):
    label_map = np.zeros((image["height"], image["width"]), np.uint8)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
        if annotation["segmentation"]:
            label_map[coco.annToMask(annotation) == 1] = labels[annotation["category_id"]]
    write(f"{out}/{image['file_name'].rsplit('.', 1)[0]}.png", label_map)
"""
WRITERS = {
    "script": "Image.fromarray(label_map).save(path)",
    "with OpenCV": "cv2.imwrite(path, label_map)",
}


def repeated(source: Path, repeat: int, target: Path) -> Path:
    """A COCO file with ``repeat`` copies of each image of ``source`` and of its annotations, under new ids."""
    document = json.loads(source.read_text(encoding="utf-8"))
    images, annotations = document["images"], document["annotations"]
    image_step = max(image["id"] for image in images) + 1
    annotation_step = max(annotation["id"] for annotation in annotations) + 1
    document["images"] = [
        {**image, "id": image["id"] + copy * image_step, "file_name": f"{copy}-{image['file_name']}"}
        for copy in range(repeat)
        for image in images
    ]
    document["annotations"] = [
        {
            **annotation,
            "id": annotation["id"] + copy * annotation_step,
            "image_id": annotation["image_id"] + copy * image_step,
        }
        for copy in range(repeat)
        for annotation in annotations
    ]
    target.write_text(json.dumps(document), encoding="utf-8")
    return target


def measured(command: list[str], out: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB (of the largest process) of ``command``, which writes into ``out``."""
    out.mkdir()
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{command} failed with status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def different(first: Path, second: Path) -> int:
    """How many label maps of ``first`` are not in ``second`` pixel for pixel."""
    read = [
        (cv2.imread(str(path), cv2.IMREAD_UNCHANGED), labels_of(second / path.name)) for path in first.glob("*.png")
    ]
    return sum(other is None or one.shape != other.shape or bool((one != other).any()) for one, other in read)


def labels_of(path: Path):
    """The labels in ``path`` by Maskwright's own reader, which keeps palette indices."""
    from maskwright.masks.png import read_label_map

    return read_label_map(path) if path.is_file() else None


def main() -> None:
    """Run both, check that the pixels agree, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--runs", type=int, default=1, help="calls of each; the one of median wall time is shown")
    parser.add_argument("--folder", help="where the label maps go [default: the system's temporary folder]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        annotations = repeated(options.annotations, options.repeat, folder / "annotations.json")
        ours = [sys.executable, "-m", "maskwright", "masks", str(annotations), "--crowd", "include", "--quiet"]
        commands = {
            name: [sys.executable, "-c", USUAL_SCRIPT.replace("WRITE", writer), str(annotations)]
            for name, writer in WRITERS.items()
        }
        commands |= {
            "1 process": [*ours, "--workers", "0", "--out"],
            "2 workers": [*ours, "--workers", "2", "--out"],
        }
        rows = {
            name: sorted(
                measured([*command, str(folder / f"{name}-{run}")], folder / f"{name}-{run}")
                for run in range(options.runs)
            )[options.runs // 2]
            for name, command in commands.items()
        }
        base = rows["script"]
        print(f"{'':12} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9} {'wall':>7} {'CPU':>7}")
        for name, (wall, cpu, peak) in rows.items():
            print(f"{name:12} {wall:8.2f} {cpu:8.2f} {peak:9.0f}  1/{base[0] / wall:4.1f}  1/{base[1] / cpu:4.1f}")
        for name in ("1 process", "2 workers"):
            wrong = different(folder / "script-0", folder / f"{name}-0")
            print(f"{name}: {wrong} of {len(list((folder / 'script-0').glob('*.png')))} label maps differ")


if __name__ == "__main__":
    main()
