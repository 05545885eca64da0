"""The masks of a query model at an image's own size to COCO's RLE, all at once and in chunks, in one run.

``python benchmarks/query_masks.py [--queries 300] [--height 1024] [--width 2048]`` invents logits ``(Q, H/4, W/4)``
of blobs. The dense way resizes all of them to the image and encodes them with pycocotools; the bytes must agree. Each
way runs in a process of its own, with one thread. The peak memory is what the process grows by after everything is
imported and the input is made; CPU time is what to compare on a busy machine.
"""

import argparse
import json
import os
import subprocess
import sys

CODE = """
import hashlib, json, resource, sys, time
import numpy as np
import torch
from pycocotools import mask as coco
from torch.nn.functional import interpolate
from maskwright.prediction.query_masks import encode_queries

torch.set_num_threads(1)
count, height, width = map(int, sys.argv[2:])
made = torch.Generator().manual_seed(0)
coarse = torch.randn(count, 1, 6, 10, generator=made)
logits = interpolate(coarse, (height // 4, width // 4), mode="bicubic")[:, 0] * 4
found = {
    "labels": torch.ones(count, dtype=torch.int64),
    "scores": torch.linspace(1, 0.5, count),
    "queries": torch.arange(count),
    "boxes": torch.tensor([[0.0, 0.0, 1.0, 1.0]]).repeat(count, 1),
    "mask_logits": logits,
    "seen": torch.tensor([height, width]),
    "padded": torch.tensor([height, width]),
}


def dense():
    masks = interpolate(logits[:, None], (height, width), mode="bilinear", align_corners=False)
    masks = interpolate(masks, (height, width), mode="bilinear", align_corners=False)[:, 0] > 0
    return [coco.encode(np.asfortranarray(mask.numpy().view(np.uint8))) for mask in masks]


def chunks():
    return encode_queries(found, (height, width)).masks


before, busy = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
rles = {"dense": dense, "chunks": chunks}[sys.argv[1]]()
used = time.process_time() - busy
peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
bytes_ = b"".join(rle["counts"] for rle in rles)
print(json.dumps({"cpu": used, "peak": peak, "hash": hashlib.sha256(bytes_).hexdigest()}))
"""


def measured(way: str, numbers: list[int]) -> dict[str, float | str]:
    """Return the CPU seconds, the peak MiB and the hash of the masks that ``way`` encodes."""
    call = [sys.executable, "-c", CODE, way, *map(str, numbers)]
    threads = {**os.environ, "OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True, env=threads).stdout)


def main() -> None:
    """Print both ways side by side; end with an error when their masks differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("queries", 300), ("height", 1024), ("width", 2048)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    ways = {way: measured(way, [given.queries, given.height, given.width]) for way in ("dense", "chunks")}
    print(f"{given.queries} queries at {given.width} × {given.height}    CPU s  peak MiB")
    for way, found in ways.items():
        print(f"  {way:<26} {found['cpu']:6.1f}  {found['peak']:8.1f}")
    if ways["dense"]["hash"] != ways["chunks"]["hash"]:
        raise SystemExit("the masks differ")


if __name__ == "__main__":
    main()
