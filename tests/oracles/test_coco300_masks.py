"""The masks of 600 COCO images against what pycocotools draws, pixel by pixel, under every rule."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as oracle
from pycocotools.coco import COCO

from maskwright.cli.main import main

EMPTY = {"train-300": [], "validation-300": [2463, 3040]}


@dataclass
class Object:
    """What pycocotools makes of one annotation; ``mask`` is the part of the image at ``rows`` and ``columns``."""

    label: int
    crowd: bool
    area: int
    rows: slice
    columns: slice
    mask: npt.NDArray[np.bool_]


@dataclass
class Part:
    """One of the two files, and the objects of each image in file order."""

    path: Path
    name: str
    coco: COCO
    objects: dict[int, list[Object]]


@pytest.fixture(scope="module", params=sorted(EMPTY))
def part(request: pytest.FixtureRequest, shared: Path) -> Part:
    path = shared / "data" / "coco300" / request.param / "labels.json"
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    # The ids of a file are its own: the label is the rank of the id, from 1.
    labels = {category_id: label for label, category_id in enumerate(sorted(coco.cats), start=1)}
    objects: dict[int, list[Object]] = {image_id: [] for image_id in coco.imgs}
    for annotation in coco.dataset["annotations"]:
        if annotation["segmentation"] == []:
            continue
        rle = coco.annToRLE(annotation)
        x, y, width, height = (int(side) for side in oracle.toBbox(rle))
        rows, columns = slice(y, y + height), slice(x, x + width)
        mask = oracle.decode(rle)[rows, columns].astype(np.bool_)
        label, crowd = labels[annotation["category_id"]], bool(annotation["iscrowd"])
        objects[annotation["image_id"]].append(Object(label, crowd, int(oracle.area(rle)), rows, columns, mask))
    return Part(path, request.param, coco, objects)


def rendering(part: Part, image_id: int, rule: str, crowd: str) -> npt.NDArray[np.int64]:
    """The label map by asking, at each pixel, whether an object beats the best one so far; of equals the later wins."""
    image = part.coco.imgs[image_id]
    labels = np.zeros((image["height"], image["width"]), np.int64)
    best = np.full(labels.shape, -np.inf)
    for position, each in enumerate(part.objects[image_id]):
        if each.crowd and crowd != "include":
            continue
        rank = {"last": position, "first": -position, "smallest": -each.area, "highest-index": each.label}[rule]
        here = (each.rows, each.columns)
        wins = each.mask & (rank >= best[here])
        labels[here][wins] = each.label
        best[here][wins] = rank
    for each in part.objects[image_id]:
        if each.crowd and crowd == "ignore":
            here = (each.rows, each.columns)
            labels[here][each.mask & (labels[here] == 0)] = 255
    return labels


def run(part: Part, out: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, Any], str]:
    """Run the command; returns what it printed as JSON, and standard error."""
    assert main(["masks", str(part.path), "--out", str(out), "--quiet", "--json", "--workers", "0", *options]) == 0
    printed = capsys.readouterr()
    return json.loads(printed.out), printed.err


@pytest.mark.parametrize(
    ("rule", "crowd"),
    [
        ("last", "ignore"),
        ("first", "ignore"),
        ("smallest", "ignore"),
        ("highest-index", "ignore"),
        ("last", "include"),
        ("last", "skip"),
    ],
)
def test_every_label_map_equals_the_rendering_of_pycocotools(
    part: Part, rule: str, crowd: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result, _ = run(part, tmp_path, capsys, "--overlap", rule, "--crowd", crowd)
    assert result["files"] == len(list(tmp_path.glob("*.png"))) == 300
    for image_id, image in part.coco.imgs.items():
        drawn = cv2.imread(str((tmp_path / image["file_name"]).with_suffix(".png")), cv2.IMREAD_UNCHANGED)
        assert drawn.dtype == np.uint8
        np.testing.assert_array_equal(drawn, rendering(part, image_id, rule, crowd), err_msg=image["file_name"])


def test_chosen_classes_get_their_labels_in_the_order_given(
    part: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result, _ = run(part, tmp_path, capsys, "--classes", "dog, person")
    by_name = {category["name"]: category_id for category_id, category in part.coco.cats.items()}
    ranks = {category_id: label for label, category_id in enumerate(sorted(part.coco.cats), start=1)}
    wanted = {ranks[by_name["dog"]]: 1, ranks[by_name["person"]]: 2}
    assert [(c["name"], c["source_ids"]) for c in result["classes"]] == [
        ("dog", [by_name["dog"]]),
        ("person", [by_name["person"]]),
    ]
    chosen = Part(
        part.path,
        part.name,
        part.coco,
        {
            image_id: [
                Object(wanted[o.label], o.crowd, o.area, o.rows, o.columns, o.mask)
                for o in objects
                if o.label in wanted
            ]
            for image_id, objects in part.objects.items()
        },
    )
    for image_id, image in part.coco.imgs.items():
        drawn = cv2.imread(str((tmp_path / image["file_name"]).with_suffix(".png")), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(drawn, rendering(chosen, image_id, "last", "ignore"), err_msg=image["file_name"])
    used = sum(len(objects) for objects in chosen.objects.values())
    assert (result["annotations"]["in"], result["annotations"]["used"]) == (len(part.coco.anns), used)
    assert result["annotations"]["in"] == used + sum(result["annotations"]["skipped"].values())


def test_every_annotation_is_accounted_for_and_the_empty_ones_are_named(
    part: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result, errors = run(part, tmp_path, capsys)
    audit = result["annotations"]
    assert audit["in"] == len(part.coco.dataset["annotations"]) == audit["used"] + sum(audit["skipped"].values())
    assert audit["skipped"].get("empty_segmentation", 0) == len(EMPTY[part.name]) == sum(audit["skipped"].values())
    assert [f["id"] for f in audit["faults"] if f["code"] == "empty_segmentation"] == EMPTY[part.name]
    for annotation_id in EMPTY[part.name]:
        assert f"labels.json: annotation {annotation_id} " in errors
        assert "has an empty segmentation; skipped." in errors
