"""The masks of 600 COCO images, and of 100 others, against what pycocotools draws: each pixel in each mode and rule."""

import contextlib
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from pycocotools import mask as oracle
from pycocotools.coco import COCO

from maskwright.annotations import groups
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.faults import Audit
from maskwright.annotations.objects import ImageObjects, draw_objects
from maskwright.cli.main import main
from maskwright.label_maps.drawing import render_label_map
from maskwright.label_maps.options import MaskOptions
from maskwright.label_maps.plan import mask_plan
from maskwright.masks.png import read_label_map
from maskwright.structures import normalise_name

EMPTY = {"train-300": [], "validation-300": [2463, 3040]}
MODES = ("multiclass", "binary", "grouped", "instance")
RULES = ("last", "first", "smallest", "highest-index", "priority")
CROWDS = ("ignore", "include", "skip")

COCO9 = yaml.safe_load((Path(groups.__file__).parent / "groupings" / "coco9.yaml").read_text(encoding="utf-8"))
PRIORITIES = {"person": 4.0, "car": 1.5, "bicycle": 1.5, "dining table": -1.0}


@dataclass
class Object:
    """What pycocotools makes of one annotation; ``mask`` is the part of the image at ``here``."""

    id: int
    name: str
    crowd: bool
    area: int
    here: tuple[slice, slice]
    mask: npt.NDArray[np.bool_]


@dataclass
class Part:
    """A file, and the objects of each image in file order."""

    path: Path
    name: str
    coco: COCO
    objects: dict[int, list[Object]]

    @property
    def class_names(self) -> list[str]:
        """By ascending id: the ids of a file are its own."""
        return [self.coco.cats[category_id]["name"] for category_id in sorted(self.coco.cats)]


@cache
def part_of(path: Path, name: str) -> Part:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(path))
    objects: dict[int, list[Object]] = {image_id: [] for image_id in coco.imgs}
    for annotation in coco.dataset["annotations"]:
        if annotation["segmentation"] != []:
            objects[annotation["image_id"]].append(object_of(coco, annotation))
    return Part(path, name, coco, objects)


def object_of(coco: COCO, annotation: dict[str, Any]) -> Object:
    rle = coco.annToRLE(annotation)
    x, y, width, height = (int(side) for side in oracle.toBbox(rle))
    here = (slice(y, y + height), slice(x, x + width))
    name = coco.cats[annotation["category_id"]]["name"]
    mask = oracle.decode(rle)[here].astype(np.bool_)
    return Object(annotation["id"], name, bool(annotation["iscrowd"]), int(oracle.area(rle)), here, mask)


@pytest.fixture(scope="module", params=sorted(EMPTY))
def part(request: pytest.FixtureRequest, shared: Path) -> Part:
    return part_of(shared / "data" / "coco300" / request.param / "labels.json", request.param)


def labels_of(
    part: Part, mode: str, classes: Sequence[str] | None, ignored: Sequence[str]
) -> tuple[dict[str, int], Sequence[str]]:
    """The label of each class name, and the names of the labels from 1."""
    if mode == "grouped":
        labels = {name: label for label, group in enumerate(COCO9.values(), 1) for name in group["classes"]}
        return {name: label for name, label in labels.items() if name not in ignored}, list(COCO9)
    names = classes or [name for name in part.class_names if name not in ignored]
    if mode == "binary":
        return dict.fromkeys(names, 1), ["foreground"]
    return {name: label for label, name in enumerate(names, 1)}, names


def rendering(
    part: Part,
    image_id: int,
    mode: str = "multiclass",
    rule: str = "last",
    crowd: str = "ignore",
    classes: Sequence[str] | None = None,
    ignored: Sequence[str] = (),
    priorities: Mapping[str, float] = PRIORITIES,
) -> npt.NDArray[np.uint16]:
    """The label map by asking, at each pixel, whether an object beats the best one so far; of equals the later wins."""
    image = part.coco.imgs[image_id]
    labels, names = labels_of(part, mode, classes, ignored)
    weights = [COCO9[name]["weight"] if mode == "grouped" else priorities.get(name, 0.0) for name in names]
    drawn = np.zeros((image["height"], image["width"]), np.uint16)
    best = np.full(drawn.shape, -np.inf, np.float32)
    value = 0
    for position, each in enumerate(part.objects[image_id]):
        if each.name not in labels or (each.crowd and crowd != "include"):
            continue
        label, value = labels[each.name], value + 1
        rank = {
            "last": position,
            "first": -position,
            "smallest": -each.area,
            "highest-index": label,
            "priority": weights[label - 1],
        }[rule]
        wins = each.mask & (best[each.here] <= rank)
        drawn[each.here][wins] = value if mode == "instance" else label
        best[each.here][wins] = rank
    for each in part.objects[image_id]:
        if each.name in ignored or (each.crowd and crowd == "ignore" and each.name in labels):
            drawn[each.here][each.mask & (drawn[each.here] == 0)] = 65535 if mode == "instance" else 255
    return drawn


def run(part: Part, out: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, Any], str]:
    """Run the command; returns what it printed as JSON, and standard error."""
    assert main(["masks", str(part.path), "--out", str(out), "--quiet", "--json", "--workers", "0", *options]) == 0
    printed = capsys.readouterr()
    return json.loads(printed.out), printed.err


def weights(priorities: Mapping[str, float]) -> list[str]:
    return ["--priority", ",".join(f"{name}={weight}" for name, weight in priorities.items())]


DOG_PERSON = ["dog", "person"]


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, []),
        ({"rule": "first"}, ["--overlap", "first"]),
        ({"rule": "smallest", "crowd": "include"}, ["--overlap", "smallest", "--crowd", "include"]),
        ({"rule": "highest-index", "crowd": "skip"}, ["--overlap", "highest-index", "--crowd", "skip"]),
        ({"rule": "priority"}, ["--overlap", "priority", *weights(PRIORITIES)]),
        ({"mode": "binary"}, ["--mode", "binary", "--gray"]),
        ({"mode": "grouped", "rule": "priority"}, ["--mode", "grouped"]),
        ({"mode": "instance"}, ["--mode", "instance"]),
        ({"classes": DOG_PERSON, "ignored": ["car"]}, ["--classes", "dog, person", "--ignore-classes", "car"]),
    ],
    ids=lambda value: " ".join(value) or "default" if isinstance(value, list) else "",
)
def test_every_label_map_equals_the_rendering_of_pycocotools(
    part: Part, settings: dict[str, Any], options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result, _ = run(part, tmp_path, capsys, *options)
    assert result["files"] == len(list(tmp_path.glob("*.png"))) == 300
    for image_id, image in part.coco.imgs.items():
        drawn = read_label_map((tmp_path / image["file_name"]).with_suffix(".png"))
        assert drawn.dtype == (np.uint16 if settings.get("mode") == "instance" else np.uint8)
        assert np.array_equal(drawn, rendering(part, image_id, **settings)), image["file_name"]
    names = labels_of(part, settings.get("mode", "multiclass"), settings.get("classes"), settings.get("ignored", []))[1]
    assert [c["name"] for c in result["classes"]] == [normalise_name(name) for name in names]


CHOICES = {"all": (None, ()), "some ignored": (None, ("person", "chair")), "some chosen": (("chair", "cup"), ("car",))}
# Groups are themselves a choice of classes.
PRODUCT = [each for each in itertools.product(MODES, CHOICES, RULES, CROWDS) if each[:2] != ("grouped", "some chosen")]


@pytest.fixture(scope="module")
def hundred(shared: Path) -> Part:
    return part_of(shared / "oracles" / "coco" / "instances_val2014_100.json", "val2014")


@pytest.mark.parametrize(("mode", "choice", "rule", "crowd"), PRODUCT, ids=str)
def test_a_hundred_more_images_are_equal_whatever_the_settings(
    hundred: Part, mode: str, choice: str, rule: str, crowd: str
):
    classes, ignored = CHOICES[choice]
    priorities = {} if mode == "grouped" or rule != "priority" else {"cup": 4.0, "dining table": -1.0}
    if classes:
        priorities.pop("dining table", None)
    drawing = mask_plan(
        read_coco(hundred.path), MaskOptions(mode, classes, ignored, None, rule, priorities, crowd)
    ).drawing
    for image_id, objects in drawn_objects(hundred.path, mode, classes, ignored).items():
        if crowd != "ignore" and not any(objects.crowd):
            continue  # the same as with "ignore"
        expected = rendering(hundred, image_id, mode, rule, crowd, classes, ignored, priorities)
        assert np.array_equal(render_label_map(objects, drawing), expected), image_id


@cache
def drawn_objects(
    path: Path, mode: str, classes: tuple[str, ...] | None, ignored: tuple[str, ...]
) -> dict[int, ImageObjects]:
    coco = read_coco(path)
    labels, by_image = mask_plan(coco, MaskOptions(mode, classes, ignored)).labels, coco.by_image()
    return {image.id: draw_objects(image, by_image[image.id], labels, Audit("")) for image in coco.images}


def test_the_numbers_of_instances_lead_back_to_their_annotations(
    part: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    run(part, tmp_path, capsys, "--mode", "instance", "--overlap", "smallest", "--crowd", "include")
    listed = json.loads((tmp_path / "instances.json").read_text(encoding="utf-8"))
    assert len(listed) == 300
    for image_id, image in part.coco.imgs.items():
        file = f"{Path(image['file_name']).stem}.png"
        objects = part.objects[image_id]
        assert [(o["value"], o["annotation"], o["name"]) for o in listed[file]] == [
            (value, each.id, each.name) for value, each in enumerate(objects, start=1)
        ]


def test_chosen_classes_keep_the_ids_of_the_file_and_the_others_are_counted(
    part: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result, _ = run(part, tmp_path, capsys, "--classes", "dog, person", "--only-with-objects")
    by_name = {category["name"]: category_id for category_id, category in part.coco.cats.items()}
    assert [(c["name"], c["source_ids"]) for c in result["classes"]] == [(n, [by_name[n]]) for n in DOG_PERSON]
    used = sum(each.name in DOG_PERSON for objects in part.objects.values() for each in objects)
    shown = [i for i, objects in part.objects.items() if any(each.name in DOG_PERSON for each in objects)]
    assert (result["annotations"]["in"], result["annotations"]["used"]) == (len(part.coco.anns), used)
    assert result["annotations"]["in"] == used + sum(result["annotations"]["skipped"].values())
    assert (result["files"], result["images_without_objects_left_out"]) == (len(shown), 300 - len(shown))


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
