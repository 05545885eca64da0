"""The built-in data set: deterministic, exact to the pixel by pycocotools' measure, and as varied as promised."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pycocotools import mask as oracle

from maskwright.errors import UsageError
from maskwright.synthetic.shapes import CATEGORY_IDS, CLASS_NAMES, write_shapes

Mask = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shapes(tmp_path_factory.mktemp("shapes"), 150)


@pytest.fixture(scope="module")
def dataset(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def rles(dataset: dict[str, Any]) -> list[Any]:
    """The visible mask of every annotation, as pycocotools reads it."""
    sizes = {image["id"]: (image["height"], image["width"]) for image in dataset["images"]}
    return [_rle(annotation["segmentation"], *sizes[annotation["image_id"]]) for annotation in dataset["annotations"]]


def _rle(segmentation: Any, height: int, width: int) -> Any:
    if isinstance(segmentation, list):
        return oracle.merge(oracle.frPyObjects(segmentation, height, width))
    if isinstance(segmentation["counts"], list):
        return oracle.frPyObjects(segmentation, height, width)
    return segmentation


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _read(path: Path) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert image is not None
    return image.astype(np.uint8)


def test_two_writes_give_the_same_bytes(tmp_path: Path) -> None:
    write_shapes(tmp_path / "a", 6, seed=4)
    write_shapes(tmp_path / "b", 6, seed=4)
    write_shapes(tmp_path / "c", 6, seed=5)
    assert _files(tmp_path / "a") == _files(tmp_path / "b")
    assert _files(tmp_path / "a")["images/000000.jpg"] != _files(tmp_path / "c")["images/000000.jpg"]


def test_a_longer_data_set_begins_with_the_shorter_one(tmp_path: Path, path: Path, dataset: dict[str, Any]) -> None:
    short = json.loads(write_shapes(tmp_path, 5).read_text())
    assert short["images"] == dataset["images"][:5]
    assert short["annotations"] == dataset["annotations"][: len(short["annotations"])]
    for name, content in _files(tmp_path / "images").items():
        assert content == (path.parent / "images" / name).read_bytes()


def test_area_and_box_are_those_of_the_mask(dataset: dict[str, Any], rles: list[Any]) -> None:
    for annotation, rle in zip(dataset["annotations"], rles, strict=True):
        assert annotation["area"] == oracle.area(rle) > 0
        assert annotation["bbox"] == oracle.toBbox(rle).tolist()


def test_recorded_sizes_are_the_sizes_of_the_files_and_vary(path: Path, dataset: dict[str, Any]) -> None:
    sizes = set()
    for image in dataset["images"]:
        assert _read(path.parent / "images" / image["file_name"]).shape == (image["height"], image["width"], 3)
        sizes.add((image["height"], image["width"]))
    assert len(sizes) > 100
    heights, widths = zip(*sizes, strict=True)
    assert 108 <= min(heights) < 115
    assert 148 < max(heights) <= 154
    assert 136 <= min(widths) < 143
    assert 185 < max(widths) <= 192


def test_visible_masks_of_an_image_never_overlap(dataset: dict[str, Any], rles: list[Any]) -> None:
    by_image: dict[int, list[Any]] = {}
    for annotation, rle in zip(dataset["annotations"], rles, strict=True):
        by_image.setdefault(annotation["image_id"], []).append(rle)
    for masks in by_image.values():
        assert oracle.area(oracle.merge(masks)) == sum(oracle.area(rle) for rle in masks)


def test_occluded_shapes_are_rle_and_some_exist(dataset: dict[str, Any]) -> None:
    plain = [a for a in dataset["annotations"] if a["category_id"] != CATEGORY_IDS["ring"] and not a["iscrowd"]]
    occluded = [a for a in plain if isinstance(a["segmentation"], dict)]
    assert all(isinstance(a["segmentation"]["counts"], str) for a in occluded)
    assert 0.1 < len(occluded) / len(plain) < 0.5


def test_a_ring_that_stands_free_has_one_hole(dataset: dict[str, Any], rles: list[Any]) -> None:
    free = 0
    for annotation, rle in zip(dataset["annotations"], rles, strict=True):
        if annotation["category_id"] != CATEGORY_IDS["ring"] or _is_touched(annotation, dataset["annotations"]):
            continue
        free += 1
        outside = 1 - np.pad(oracle.decode(rle), 1)
        assert isinstance(annotation["segmentation"]["counts"], str)
        assert cv2.connectedComponents(outside, connectivity=4)[0] - 1 == 2
        x, y, width, height = annotation["bbox"]
        assert oracle.decode(rle)[int(y + height / 2), int(x + width / 2)] == 0
    assert free >= 10


def _is_touched(annotation: dict[str, Any], annotations: list[dict[str, Any]]) -> bool:
    """Whether the box of another annotation of the image meets this one's."""
    others = [a for a in annotations if a["image_id"] == annotation["image_id"] and a is not annotation]
    boxes = np.array([a["bbox"] for a in others]).reshape(-1, 4)
    return bool(np.any(oracle.iou(boxes, np.array([annotation["bbox"]]), [0]))) if others else False


def test_classes_are_unequal_yet_all_well_represented(dataset: dict[str, Any]) -> None:
    names = {category["id"]: category["name"] for category in dataset["categories"]}
    assert tuple(names.values()) == CLASS_NAMES
    assert sorted(names) != list(range(1, 5))
    counts = Counter(names[annotation["category_id"]] for annotation in dataset["annotations"])
    shares = {name: counts[name] / counts.total() for name in CLASS_NAMES}
    assert shares["disc"] > 1.8 * min(shares.values())
    assert min(shares.values()) >= 0.12


def test_some_images_hold_a_crowd_and_some_hold_nothing(dataset: dict[str, Any]) -> None:
    crowds = [annotation for annotation in dataset["annotations"] if annotation["iscrowd"] == 1]
    assert 0.02 < len(crowds) / len(dataset["images"]) < 0.12
    for crowd in crowds:
        assert crowd["category_id"] == CATEGORY_IDS["disc"]
        counts = crowd["segmentation"]["counts"]
        assert all(isinstance(count, int) for count in counts)
        assert sum(counts) == np.prod(crowd["segmentation"]["size"])
    filled = {annotation["image_id"] for annotation in dataset["annotations"]}
    assert 0 < len(dataset["images"]) - len(filled) < 10


def test_ids_are_unique_and_refer_to_something(dataset: dict[str, Any]) -> None:
    ids = [annotation["id"] for annotation in dataset["annotations"]]
    assert len(set(ids)) == len(ids)
    assert {a["image_id"] for a in dataset["annotations"]} <= {image["id"] for image in dataset["images"]}
    assert {a["category_id"] for a in dataset["annotations"]} == {c["id"] for c in dataset["categories"]}


def test_the_shifted_domain_has_the_same_truth_under_other_pixels(tmp_path: Path) -> None:
    clear = json.loads(write_shapes(tmp_path / "clear", 8).read_text())
    shifted = json.loads(write_shapes(tmp_path / "shifted", 8, domain="shifted").read_text())
    assert shifted["annotations"] == clear["annotations"]
    assert shifted["images"] == clear["images"]
    for image in clear["images"]:
        bright, foggy = (_read(tmp_path / domain / "images" / image["file_name"]) for domain in ("clear", "shifted"))
        assert np.abs(bright.astype(int) - foggy).mean() > 10


def test_a_second_call_touches_nothing(tmp_path: Path) -> None:
    path = write_shapes(tmp_path, 4)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    assert write_shapes(tmp_path, 4) == path
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def test_other_parameters_replace_the_data_set_and_leave_no_stray_image(tmp_path: Path) -> None:
    write_shapes(tmp_path / "a", 5)
    write_shapes(tmp_path / "a", 3, seed=1)
    write_shapes(tmp_path / "b", 3, seed=1)
    assert _files(tmp_path / "a") == _files(tmp_path / "b")


def test_a_write_that_was_cut_short_is_completed(tmp_path: Path) -> None:
    path = write_shapes(tmp_path, 4)
    whole = _files(tmp_path)
    path.unlink()
    (tmp_path / "images" / "000002.jpg").unlink()
    write_shapes(tmp_path, 4)
    assert _files(tmp_path) == whole


@pytest.mark.parametrize("name", ["annotations.json", "images/000000.jpg"])
def test_files_of_another_origin_are_not_overwritten(tmp_path: Path, name: str) -> None:
    foreign = tmp_path / name
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text('{"info": {}, "images": []}')
    with pytest.raises(UsageError, match=foreign.name):
        write_shapes(tmp_path, 2)
    assert _files(tmp_path) == {name: b'{"info": {}, "images": []}'}


@pytest.mark.parametrize("wrong", [{"images": -1}, {"seed": -1}, {"size": (128, 20)}, {"domain": "foggy"}])
def test_parameters_out_of_range_are_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        write_shapes(tmp_path, **{"images": 1, **wrong})
    assert not list(tmp_path.iterdir())


def test_other_image_sizes_are_drawn_too(tmp_path: Path) -> None:
    for size in ((64, 64), (64, 200), (200, 64)):
        dataset = json.loads(write_shapes(tmp_path / str(size), 40, size=size).read_text())
        assert dataset["annotations"]
        for annotation in dataset["annotations"]:
            assert annotation["area"] >= 20
