"""How well classes keep their shares: a plain shuffle and Maskwright's split of the same files, over several seeds.

``python benchmarks/split.py ANNOTATIONS… [--ratios 8:1:1] [--seeds 10]`` prints, for images and for instances, by how
many percentage points the share of a class in a part differs from the one asked for: on average over classes, parts
and seeds, at worst on average over seeds, and at worst of all. Only classes count with enough images to give every part
one. A class is absent when a part has none of its images; that column counts all classes and parts, per split.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.shares import class_shares
from maskwright.annotations.selection.splitting import objects_of_images, parse_ratios, split_ids
from maskwright.annotations.selection.stratification import part_sizes


def shuffled(counts: dict, ratios: Sequence[float], seed: int) -> list[list[int]]:
    """What most projects do: shuffle, and cut."""
    order = np.random.default_rng(seed).permutation(sorted(counts))
    return [part.tolist() for part in np.split(order, np.cumsum(part_sizes(len(order), ratios))[:-1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotations", type=Path, nargs="+")
    parser.add_argument("--ratios", default="8:1:1")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    ratios = parse_ratios(arguments.ratios)
    print(f"{'':38}{'images, points':^24}{'instances, points':^24}")
    print(f"{'file':<28}{'split':<10}" + f"{'mean':>8}{'worst':>8}{'of all':>8}" * 2 + f"{'absent':>8}{'seconds':>9}")
    for path in arguments.annotations:
        names, counts = objects_of_images(read_coco(path))
        for label, method in (("shuffle", shuffled), ("maskwright", split_ids)):
            started = time.perf_counter()
            splits = [method(counts, ratios, seed) for seed in range(arguments.seeds)]
            seconds = (time.perf_counter() - started) / arguments.seeds
            parts = [{str(part): ids for part, ids in enumerate(pieces)} for pieces in splits]
            all_shares = [class_shares(names, counts, each, ratios) for each in parts]
            row = f"{'/'.join(path.parts[-2:]):<28}{label:<10}"
            for of in ("images", "instances"):
                points = np.array([[each.points for each in shares.deviations(of)] for shares in all_shares])
                row += f"{points.mean():8.1f}{points.max(axis=1).mean():8.1f}{points.max():8.1f}"
            absent = np.mean([sum(map(len, shares.absent().values())) for shares in all_shares])
            print(f"{row}{absent:8.1f}{seconds:9.3f}")


if __name__ == "__main__":
    main()
