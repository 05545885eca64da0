"""Record what tidecv says of the invented data sets and of COCO's sample.

Run in an environment with tidecv 1.0.1, from the root of the clone: ``python -m tests.oracles.tide.record``.
"""

import json
from pathlib import Path
from typing import Any

from pycocotools import mask as coco_mask

from tests.oracles.tide.cases import CASES, invented_case

EXPECTED = Path(__file__).parent / "expected.json"


def tidecv_scores(truth: dict[str, Any], results: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return AP, the count and the cost of each error, and the costs of false positives and misses, as fractions."""
    from tidecv import TIDE, Data  # type: ignore[import-not-found] - only needed to record

    objects, found = Data("truth"), Data("results")
    for image in truth["images"]:
        objects.add_image(image["id"], image["file_name"])
    for category in truth["categories"]:
        objects.add_class(category["id"], category["name"])
    for each in truth["annotations"]:
        add = objects.add_ignore_region if each["iscrowd"] else objects.add_ground_truth
        add(each["image_id"], each["category_id"], each["bbox"], each["segmentation"])
    for each in results:
        shapes = each.get("bbox"), each.get("segmentation")
        found.add_detection(each["image_id"], each["category_id"], each["score"], *shapes)
    tide = TIDE(mode=TIDE.BOX if kind == "bbox" else TIDE.MASK)
    run = tide.evaluate(objects, found)
    return {
        "AP": run.ap / 100,
        "count": {error.short_name: count for error, count in run.count_errors().items()},
        "dAP": {error.short_name: gain / 100 for error, gain in run.fix_main_errors().items()},
        **{error.short_name: gain / 100 for error, gain in run.fix_special_errors().items()},
    }


def coco_sample(kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the truth, with RLEs and its images by id as pycocotools goes through them, and the sample results."""
    folder = EXPECTED.parent.parent / "coco"
    truth = json.loads((folder / "instances_val2014_100.json").read_text(encoding="utf-8"))
    truth["images"].sort(key=lambda image: image["id"])
    sizes = {image["id"]: (image["height"], image["width"]) for image in truth["images"]}
    for each in truth["annotations"]:
        found = coco_mask.frPyObjects(each["segmentation"], *sizes[each["image_id"]])
        each["segmentation"] = coco_mask.merge(found) if isinstance(found, list) else found
    results = (folder / f"instances_val2014_fake{kind}100_results.json").read_text(encoding="utf-8")
    return truth, json.loads(results)


def main() -> None:
    """Write ``expected.json``: the numbers by IoU type of COCO's sample, and of each invented case."""
    kinds = ("bbox", "segm")
    expected = {
        "coco": {kind: tidecv_scores(*coco_sample(kind), kind) for kind in kinds},
        "invented": [{kind: tidecv_scores(*invented_case(seed), kind) for kind in kinds} for seed in range(CASES)],
    }
    EXPECTED.write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
