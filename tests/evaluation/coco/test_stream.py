"""Scores gathered image by image are those of all images at once, and nothing large is kept of an image."""

import pickle
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hotcoco import mask as coco_mask
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.annotations.coco.file import CocoImage
from maskwright.annotations.objects import ImageObjects
from maskwright.evaluation.coco.evaluator import STATISTICS, ground_truth
from maskwright.evaluation.coco.stream import CocoStream
from maskwright.masks.rle import rasterise
from maskwright.structures import ClassTable
from tests.evaluation.all_at_once import coco_scores
from tests.evaluation.invented_coco import SIDE, datasets, pycocotools_scores, same

TABLE = ClassTable.from_names(["person", "dog", "cat", "bird", "cake"])


def images_of(truth: dict[str, Any]) -> list[ImageObjects]:
    images = {
        each["id"]: ImageObjects(CocoImage(each["id"], f"{each['id']}.png", SIDE, SIDE)) for each in truth["images"]
    }
    for each in truth["annotations"]:
        objects = images[each["image_id"]]
        objects.ids.append(each["id"])
        objects.labels.append(each["category_id"])
        objects.drawn.append(rasterise(each["segmentation"], SIDE, SIDE))
        objects.crowd.append(bool(each["iscrowd"]))
        objects.areas.append(each["area"])
        objects.outlines.append(None)
        objects.boxes.append(each["bbox"])
    return list(images.values())


def results_on(objects: ImageObjects, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in results if each["image_id"] == objects.image.id]


def gathered(images: list[ImageObjects], results: list[dict[str, Any]]) -> CocoStream:
    stream = CocoStream(TABLE)
    for objects in images:
        stream.add(objects, results_on(objects, results))
    return stream


@settings(max_examples=60)
@given(dataset=datasets(), chance=st.randoms(use_true_random=False))
def test_the_scores_are_those_of_all_images_at_once_in_any_order(dataset: Any, chance: random.Random) -> None:
    images, results = images_of(dataset[0]), dataset[1]
    expected = coco_scores(ground_truth(images, TABLE), results, "mask")
    assert gathered(chance.sample(images, len(images)), results).scores() == expected


@settings(max_examples=30)
@given(dataset=datasets())
def test_the_scores_are_those_that_detectron2_gets_of_pycocotools(dataset: Any) -> None:
    images, results = images_of(dataset[0]), dataset[1]
    scores, truth = gathered(images, results).scores(), ground_truth(images, TABLE)
    # Detectron2 drops the boxes of results before it scores masks.
    bare = [{key: value for key, value in each.items() if key != "bbox"} for each in results]
    for kind, found in {"bbox": results, "segm": bare}.items():
        theirs = pycocotools_scores(truth, found, kind)
        assert all(same(scores[kind][name], theirs[name]) for name in STATISTICS)


@settings(max_examples=20)
@given(dataset=datasets(), shares=st.integers(1, 4))
def test_the_shares_of_processes_add_up_to_the_whole(dataset: Any, shares: int) -> None:
    images, results = images_of(dataset[0]), dataset[1]
    streams = [gathered(images[number::shares], results) for number in range(shares)]
    sent = [pickle.loads(pickle.dumps(stream)) for stream in streams]
    expected = gathered(images, results).scores()
    assert CocoStream.merged(sent).scores() == expected
    assert CocoStream.merged(sent).scores() == expected, "the shares stay as they are"


def test_without_an_image_nothing_is_defined() -> None:
    scores = CocoStream(TABLE).scores()
    assert set(scores["bbox"].values()) == set(scores["segm"].values()) == {None}
    assert scores["classes"]["dog"] == {"instances": 0, "bbox": None, "bbox50": None, "segm": None, "segm50": None}


def noisy(rng: np.random.Generator, side: int, **fields: Any) -> dict[str, Any]:
    """A record whose mask is noise, which no run length makes short."""

    rle = coco_mask.encode(np.asfortranarray(rng.integers(0, 2, (side, side), np.uint8)))
    text = {"size": [side, side], "counts": rle["counts"].decode()}
    return {"bbox": [0.0, 0.0, side, side], "segmentation": text, "category_id": int(rng.integers(1, 6)), **fields}


@pytest.mark.parametrize("side", [16, 160])
def test_an_image_of_100_detections_leaves_5_kb_however_large_its_masks(side: int) -> None:
    rng = np.random.default_rng(0)
    truth = rasterise(msgspec.json.encode([[1, 1, side - 1, 1, side - 1, side - 1]]), side, side)
    stream, sizes, came = CocoStream(TABLE), [], 0
    for number in range(1, 21):
        image = CocoImage(number, f"{number}.png", side, side)
        objects = ImageObjects(
            image, [1] * 7, [1, 2, 3, 4, 5, 1, 2], [truth] * 7, [False] * 7, [9.0] * 7, [None] * 7, [None] * 7
        )
        found = [noisy(rng, side, image_id=number, score=float(rng.random())) for _ in range(100)]
        came += len(pickle.dumps(found))
        stream.add(objects, found)
        sizes.append(len(pickle.dumps(stream)))
    assert (sizes[-1] - sizes[4]) / 15 < 5000
    if side == 160:
        assert came / 20 > 1_000_000, "as much as the masks are"
