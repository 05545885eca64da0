"""What `explore` counts in 600 COCO images against pycocotools."""

import contextlib
import io
import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from pycocotools import mask as oracle
from pycocotools.coco import COCO
from pycocotools.cocoeval import Params

from maskwright.progress import Reporter
from maskwright.workflows.explore import explore

# Of each file; dense masks of all 300 take some seconds.
IMAGES = 60


@pytest.fixture(scope="module", params=["train-300", "validation-300"])
def part(request, shared):
    path = shared / "data" / "coco300" / request.param / "labels.json"
    with contextlib.redirect_stdout(io.StringIO()):
        return path, COCO(str(path))


def drawable(coco: COCO, image_id: int | None = None):
    wanted = coco.anns.values() if image_id is None else coco.imgToAnns[image_id]
    return [annotation for annotation in wanted if annotation["segmentation"] != []]


def test_images_instances_crowds_pixels_and_sizes_of_every_class(part):
    path, coco = part
    found = explore(path, reporter=Reporter(quiet=True)).to_json()
    ranges = dict(zip(Params("segm").areaRngLbl, Params("segm").areaRng, strict=True))
    for category in coco.cats.values():
        objects = [a for a in drawable(coco) if a["category_id"] == category["id"]]
        single = [a for a in objects if not a["iscrowd"]]
        counts = found["classes"][category["name"]]
        assert counts["instances"] == len(single)
        assert counts["crowds"] == len(objects) - len(single)
        assert counts["images"] == len({a["image_id"] for a in single})
        assert counts["pixels"] == sum(int(oracle.area(coco.annToRLE(a))) for a in single)
        # No object of these files lies on a border, where the closed ranges would count it twice.
        for size in ("small", "medium", "large"):
            low, high = ranges[size]
            assert counts[size] == sum(low <= a["area"] <= high for a in single)
    audit = found["annotations"]
    assert audit["in"] == len(coco.anns) == audit["used"] + sum(audit["skipped"].values())


def test_company_and_overlaps_equal_counting_dense_masks(part, tmp_path):
    path, coco = part
    document = json.loads(path.read_text())
    document["images"] = document["images"][:IMAGES]
    kept = {image["id"] for image in document["images"]}
    document["annotations"] = [a for a in document["annotations"] if a["image_id"] in kept]
    (tmp_path / "labels.json").write_text(json.dumps(document))
    found = explore(tmp_path / "labels.json", reporter=Reporter(quiet=True)).to_json()

    together, shared, covered = Counter(), Counter(), Counter()
    objects_total = contested = crowd_only = 0
    for image_id in kept:
        image = coco.imgs[image_id]
        size = (image["height"], image["width"])
        depth, crowds = {}, np.zeros(size, bool)
        for annotation in drawable(coco, image_id):
            mask = coco.annToMask(annotation).astype(bool)
            if annotation["iscrowd"]:
                crowds |= mask
                continue
            name = coco.cats[annotation["category_id"]]["name"]
            depth.setdefault(name, np.zeros(size, np.uint8))[mask] += 1
        for name, layers in depth.items():
            covered[name] += int((layers > 0).sum())
            together[name, name] += 1
            shared[name, name] += int((layers > 1).sum())
        for a, b in combinations(depth, 2):
            both = int(((depth[a] > 0) & (depth[b] > 0)).sum())
            for pair in ((a, b), (b, a)):
                together[pair] += 1
                shared[pair] += both
        everything = sum(depth.values(), np.zeros(size, np.uint8))
        objects_total += int((everything > 0).sum())
        contested += int((everything > 1).sum())
        crowd_only += int((crowds & (everything == 0)).sum())

    def flat(table):
        return {(a, b): amount for a, row in table.items() for b, amount in row.items()}

    assert flat(found["co_occurrence_images"]) == together
    assert flat(found["overlap_pixels"]) == {pair: pixels for pair, pixels in shared.items() if pixels}
    assert {name: c["covered_pixels"] for name, c in found["classes"].items() if c["instances"]} == covered
    pixels = found["pixels"]
    assert (pixels["objects"], pixels["contested"], pixels["crowd_only"]) == (objects_total, contested, crowd_only)
    total = sum(image["height"] * image["width"] for image in document["images"])
    assert pixels["background"] == total - objects_total - crowd_only
