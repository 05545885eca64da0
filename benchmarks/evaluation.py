"""Scores by the official tools and by Maskwright, on the same files in one run; the numbers must agree.

``python benchmarks/evaluation.py coco TRUTH RESULTS [--repeat 15]`` repeats the images of a COCO file and of its
results under new ids and measures mask AP by pycocotools and by ``score instance --no-details``.

``python benchmarks/evaluation.py cityscapes [--images 50]`` invents streets of 2048 × 1024 pixels and measures instance
AP by the official script (needs ``pip install cityscapesscripts``), by ``score cityscapes`` from the same files, and
from the same masks as COCO results.

Each runs in a process of its own. Times are from reading the files to the numbers, without imports; the peak memory is
the process's, imports included.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from hotcoco import mask as coco_mask
from PIL import Image

PYCOCOTOOLS = """
import contextlib, io, sys, time
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

started, used = time.perf_counter(), time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    evaluation = COCOeval(truth, truth.loadRes(sys.argv[2]), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(time.perf_counter() - started, time.process_time() - used, evaluation.stats[0])
"""

OURS_COCO = """
import sys, time
from pathlib import Path
from maskwright.evaluation.coco.evaluator import run_coco_eval
from maskwright.evaluation.coco.truth import read_truth
from maskwright.evaluation.results.classes import class_index
from maskwright.evaluation.results.records import read_results

started, used = time.perf_counter(), time.process_time()
truth = read_truth(Path(sys.argv[1]))
results = read_results(Path(sys.argv[2]), truth.image_index(), class_index(Path(sys.argv[2]), truth.names))
score = run_coco_eval(truth.coco_dataset("segm"), results.of("segm"), "segm").statistics["AP"]
print(time.perf_counter() - started, time.process_time() - used, score)
"""

# The script keeps its settings in its module. NumPy 2.4 has no in1d any more; its JSON dump knows no NumPy numbers.
OFFICIAL_CITYSCAPES = """
import glob, sys, time
folder = sys.argv[1]
sys.argv = sys.argv[:1]
import numpy as np
import cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling as script

np.in1d = np.isin
script.writeDict2JSON = lambda *_: None
script.args.predictionPath = folder + "/results"
script.args.gtInstancesFile = ""
script.args.JSONOutput, script.args.quiet = False, True
started, used = time.perf_counter(), time.process_time()
truth = sorted(glob.glob(folder + "/gtFine/val/*/*_gtFine_instanceIds.png"))
predictions = [script.getPrediction(path, script.args) for path in truth]
score = script.evaluateImgLists(predictions, truth, script.args)["averages"]["allAp"]
print(time.perf_counter() - started, time.process_time() - used, score)
"""

OURS_CITYSCAPES = """
import sys, time
from pathlib import Path
from maskwright.progress import Reporter
from maskwright.workflows.scoring.score_cityscapes import score_cityscapes

folder, predictions, workers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
started, used = time.perf_counter(), time.process_time()
score = score_cityscapes(folder, predictions, workers=workers, reporter=Reporter(quiet=True)).scores["AP"]
print(time.perf_counter() - started, time.process_time() - used, score)
"""

SIZE = (1024, 2048)
LABELS = (24, 25, 26, 26, 26, 27, 28, 31, 32, 33)

Measured = tuple[float, float, float, float]


def measured(script: str, *arguments: str | Path, runs: int) -> Measured:
    """Wall seconds, CPU seconds, peak MiB and score of the fastest of ``runs`` processes."""
    found = []
    for _ in range(runs):
        command = [sys.executable, "-c", script, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"a measured process failed with status {status}")
        wall, cpu, score = (float(value) for value in printed.split()[-3:])
        found.append((wall, cpu, usage.ru_maxrss / 1024, score))
    return min(found)


def table(rows: dict[str, Measured]) -> None:
    """Print the rows, each beside the first."""
    base = next(iter(rows.values()))
    print(f"{'':44} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9} {'wall':>7} {'CPU':>7}  score")
    for name, (wall, cpu, peak, score) in rows.items():
        ratios = f"1/{base[0] / wall:4.1f}  1/{base[1] / cpu:4.1f}"
        print(f"{name:44} {wall:8.3f} {cpu:8.3f} {peak:9.0f}  {ratios}  {score:.15f}")
    apart = max(abs(row[3] - base[3]) for row in rows.values())
    print(f"largest difference of the scores: {apart:.1e}")
    if apart > 1e-12:
        raise SystemExit("the scores differ by more than 1e-12")


def repeated(truth: Path, results: Path, repeat: int, folder: Path) -> tuple[Path, Path]:
    """COCO files with ``repeat`` copies of each image, its annotations and its results, under new ids."""
    document = json.loads(truth.read_text(encoding="utf-8"))
    records = json.loads(results.read_text(encoding="utf-8"))
    steps = {name: max(each["id"] for each in document[name]) + 1 for name in ("images", "annotations")}
    copies = range(repeat)
    images = [
        {**each, "id": each["id"] + copy * steps["images"], "file_name": f"{copy}-{each['file_name']}"}
        for copy in copies
        for each in document["images"]
    ]
    annotations = [
        {
            **each,
            "id": each["id"] + copy * steps["annotations"],
            "image_id": each["image_id"] + copy * steps["images"],
        }
        for copy in copies
        for each in document["annotations"]
    ]
    records = [{**each, "image_id": each["image_id"] + copy * steps["images"]} for copy in copies for each in records]
    paths = folder / "truth.json", folder / "results.json"
    for path, value in zip(paths, ({**document, "images": images, "annotations": annotations}, records), strict=True):
        path.write_text(json.dumps(value), encoding="utf-8")
    print(f"{len(images)} images, {len(annotations)} annotations, {len(records)} detections")
    return paths


def coco(options: argparse.Namespace, folder: Path) -> None:
    """Mask AP of the repeated results."""
    files = repeated(options.truth, options.results, options.repeat, folder)
    table(
        {
            "pycocotools": measured(PYCOCOTOOLS, *files, runs=options.runs),
            "score instance --no-details": measured(OURS_COCO, *files, runs=options.runs),
        }
    )


def street(rng: np.random.Generator) -> np.ndarray:
    """An instance image: sky, road, buildings, void at the bottom, and 12 to 25 objects over each other."""
    ids = np.full(SIZE, 23, np.uint16)
    ids[400:], ids[300:420], ids[900:] = 7, 11, 1
    numbers = dict.fromkeys(LABELS, 0)
    for _ in range(rng.integers(12, 26)):
        label = int(rng.choice(LABELS))
        mask = np.zeros(SIZE, np.uint8)
        center = int(rng.integers(0, SIZE[1])), int(rng.integers(350, 850))
        axes = tuple(int(axis) for axis in rng.integers(8, 140, 2))
        cv2.ellipse(mask, center, axes, float(rng.integers(0, 180)), 0, 360, 1, -1)
        ids[mask > 0] = label * 1000 + numbers[label]
        numbers[label] += 1
    return ids


def write_city(folder: Path, images: int) -> int:
    """Streets and predictions that are off by a few pixels, as mask files and as COCO results; returns their number."""
    rng = np.random.default_rng(0)
    truth, results = folder / "gtFine" / "val" / "synth", folder / "results"
    for path in (truth, results / "masks", folder / "rle"):
        path.mkdir(parents=True)
    records = []
    for number in range(images):
        frame = f"synth_{number:06d}_000019"
        ids = street(rng)
        Image.fromarray(ids).save(truth / f"{frame}_gtFine_instanceIds.png")
        lines = []
        for position, value in enumerate(value for value in np.unique(ids).tolist() if value >= 1000):
            mask = np.roll(ids == value, tuple(rng.integers(-4, 5, 2)), (0, 1)).astype(np.uint8)
            score = float(np.round(rng.random(), 4))
            # As Detectron2 writes them.
            Image.fromarray(mask * 255).save(results / "masks" / f"{frame}_{position}.png")
            lines.append(f"masks/{frame}_{position}.png {value // 1000} {score}\n")
            rle = coco_mask.encode(np.asfortranarray(mask))
            records.append(
                {
                    "image_id": number,
                    "file_name": f"{frame}_leftImg8bit.png",
                    "category_id": value // 1000,
                    "score": score,
                    "segmentation": {"size": rle["size"], "counts": rle["counts"].decode("ascii")},
                }
            )
        (results / f"{frame}_pred.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "rle" / "instances.json").write_text(json.dumps(records), encoding="utf-8")
    return len(records)


def cityscapes(options: argparse.Namespace, folder: Path) -> None:
    """Instance AP of the invented streets."""
    predictions = write_city(folder, options.images)
    print(f"{options.images} images of {SIZE[1]} × {SIZE[0]} pixels, {predictions} predictions")
    rows = {}
    try:
        import cityscapesscripts  # noqa: F401

        rows["official script"] = measured(OFFICIAL_CITYSCAPES, folder, runs=options.runs)
    except ModuleNotFoundError:
        print("cityscapesscripts is not installed; only ours is measured")
    for workers in (1, 2):
        for name, place in (("PNG files", "results"), ("COCO results", "rle")):
            rows[f"score cityscapes, {name}, --workers {workers}"] = measured(
                OURS_CITYSCAPES, folder, folder / place, str(workers), runs=options.runs
            )
    table(rows)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="processes of each; the fastest is shown")
    kinds = parser.add_subparsers(required=True)
    of_coco = kinds.add_parser("coco")
    of_coco.add_argument("truth", type=Path)
    of_coco.add_argument("results", type=Path)
    of_coco.add_argument("--repeat", type=int, default=15)
    of_coco.set_defaults(run=coco)
    of_cityscapes = kinds.add_parser("cityscapes")
    of_cityscapes.add_argument("--images", type=int, default=50)
    of_cityscapes.set_defaults(run=cityscapes)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        options.run(options, Path(folder))


if __name__ == "__main__":
    main()
