"""A detector's masks to COCO's RLE by torchvision and pycocotools and by Maskwright, in one run; the bytes must agree.

``python benchmarks/prediction.py [--detections 100] [--height 1024] [--width 2048] [--rounds 5]`` invents what a mask
head gives: ``(N, 1, 28, 28)`` probabilities with a blob each, and boxes of three mixtures of sizes. The usual way
pastes every mask into a dense image (``paste_masks_in_image``), compares with ½ and encodes with pycocotools.

Each way runs in a process of its own, with one thread. The time of a round is that of all masks of an image, and the
median of the rounds counts; CPU time is what to compare on a busy machine. The peak memory is what the process grows by
after everything is imported and the input is made.
"""

import argparse
import json
import os
import subprocess
import sys

# Sides of boxes in pixels, log-uniform between the two; streets have many small objects and few large ones.
SIZES = {"small": (16, 96), "mixed": (16, 512), "large": (256, 1024)}

INPUT = """
import hashlib, json, resource, statistics, sys, time
import numpy as np
import torch
from pycocotools import mask as coco
from torchvision.models.detection.roi_heads import paste_masks_in_image
from maskwright.prediction.instance import paste_torchvision_mask as paste

torch.set_num_threads(1)
count, height, width, low, high, rounds = map(int, sys.argv[1:])
chance = np.random.default_rng(low)
sides = np.exp(chance.uniform(np.log(low), np.log(high), (count, 2)))
corners = chance.uniform(0, 1, (count, 2)) * np.maximum([width, height] - sides, 0)
boxes = torch.from_numpy(np.hstack([corners, np.minimum(corners + sides, [width, height])])).float()
blobs = torch.from_numpy(chance.normal(0.5, 1, (count, 1, 5, 5))).float()
masks = torch.sigmoid(4 * torch.nn.functional.interpolate(blobs, (28, 28), mode="bicubic"))
size = (height, width)


def dense():
    pasted = (paste_masks_in_image(masks, boxes, size) > 0.5)[:, 0].numpy().astype(np.uint8)
    return [coco.encode(np.asfortranarray(mask)) for mask in pasted]


def boxed():
    return [paste(mask[0], box, size) for mask, box in zip(masks, boxes)]


paste(masks[0, 0], boxes[0], size)  # what a first call costs is not a round's
way = WAY
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
times, used = [], []
for _ in range(rounds):
    started, busy = time.perf_counter(), time.process_time()
    rles = way()
    times.append(time.perf_counter() - started)
    used.append(time.process_time() - busy)
peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
bytes_ = b"".join(rle["counts"] for rle in rles)
share = float(sum(coco.area(rles))) / count
print(json.dumps({
    "seconds": statistics.median(times), "cpu": statistics.median(used), "mib": peak, "area": share,
    "digest": hashlib.sha256(bytes_).hexdigest(),
}))
"""


def measured(way: str, numbers: list[int]) -> dict[str, float | str]:
    """Median seconds and CPU seconds a round, peak MiB, mean area of a mask, digest of all RLEs of one ``way``."""
    program = INPUT.replace("WAY", way)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    output = subprocess.run(
        [sys.executable, "-c", program, *map(str, numbers)], capture_output=True, text=True, env=environment, check=True
    )
    return json.loads(output.stdout)


def main() -> None:
    """Run both ways on each mixture of sizes, check that all masks agree, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detections", type=int, default=100)
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.detections} detections on {options.height} × {options.width} pixels")
    print(f"{'':22} {'ms':>8} {'CPU ms':>8} {'peak MiB':>9} {'time':>7} {'CPU':>7}")
    for name, (low, high) in SIZES.items():
        numbers = [options.detections, options.height, options.width, low, high]
        usual = measured("dense", [*numbers, options.rounds])
        ours = measured("boxed", [*numbers, 4 * options.rounds])
        if usual["digest"] != ours["digest"]:
            raise SystemExit(f"{name}: the masks differ")
        print(f"{name} boxes, sides of {low} to {high} pixels, {usual['area']:.0f} pixels a mask")
        for label, row in (("torchvision", usual), ("maskwright", ours)):
            ratios = [f"1/{float(usual[key]) / float(row[key]):.0f}" for key in ("seconds", "cpu")]
            times = [f"{1000 * float(row[key]):8.1f}" for key in ("seconds", "cpu")]
            print(f"  {label:20} {' '.join(times)} {float(row['mib']):9.1f} {ratios[0]:>7} {ratios[1]:>7}")
    print("All masks are equal to the byte, hence to the pixel.")


if __name__ == "__main__":
    main()
