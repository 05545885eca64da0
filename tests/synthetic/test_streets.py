"""The built-in streets: a Cityscapes data set to our reader, converter and evaluation, exact and deterministic."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from maskwright.annotations.cityscapes_labels import FIRST_INSTANCE, INSTANCE_LABELS, LABELS, label_id_of
from maskwright.annotations.formats.cityscapes import read
from maskwright.annotations.formats.dataset import AnnotatedImage, ReadOptions
from maskwright.errors import UsageError
from maskwright.evaluation.cityscapes.layout import INSTANCE_IDS, LABEL_IDS, frame_of, truth_files
from maskwright.synthetic.streets import CITIES, StreetFiles, draw_streets
from maskwright.workflows.convert import convert
from maskwright.workflows.scoring.score_cityscapes import score_cityscapes

SIZE = (128, 256)
BY_NAME = {label.name: label for label in LABELS}
BY_ID = {label.id: label for label in LABELS}

Ids = npt.NDArray[Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streets")


@pytest.fixture(scope="module")
def files(folder: Path) -> list[StreetFiles]:
    return draw_streets(folder, 12, seed=3, size=SIZE)


def _ids(path: Path) -> Ids:
    ids = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert ids is not None
    return ids


def _objects(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text())
    assert (content["imgHeight"], content["imgWidth"]) == SIZE
    return content["objects"]


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _read(folder: Path, classes: list[str] | None = None) -> list[AnnotatedImage]:
    dataset = read(folder, ReadOptions(classes=classes))
    images = list(dataset.images)
    assert not dataset.audit.objects.faults
    return images


def _drawn_alone(polygon: list[list[int]]) -> npt.NDArray[np.bool_]:
    image = Image.new("1", (SIZE[1], SIZE[0]))
    ImageDraw.Draw(image).polygon([(x, y) for x, y in polygon], fill=1)
    return np.array(image)


def test_the_layout_is_the_official_one(folder: Path, files: list[StreetFiles]):
    assert files[0].image.relative_to(folder).as_posix() == (
        "leftImg8bit/val/dunvale/dunvale_000000_000019_leftImg8bit.png"
    )
    assert files[3].polygons.relative_to(folder).as_posix() == (
        "gtFine/val/elmsford/elmsford_000001_000019_gtFine_polygons.json"
    )
    assert truth_files(folder, None, INSTANCE_IDS) == {each.frame: each.instance_ids for each in files}
    assert truth_files(folder, None, LABEL_IDS) == {each.frame: each.label_ids for each in files}
    assert all(frame_of(path.name) == each.frame for each in files for path in each[1:])
    assert len(_bytes(folder)) == 4 * len(files)


def test_files_have_the_official_types_and_the_size_asked_for(files: list[StreetFiles]):
    for each in files:
        assert (_ids(each.image).shape, _ids(each.image).dtype) == ((*SIZE, 3), np.uint8)
        assert (_ids(each.instance_ids).shape, _ids(each.instance_ids).dtype) == (SIZE, np.uint16)
        assert (_ids(each.label_ids).shape, _ids(each.label_ids).dtype) == (SIZE, np.uint8)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_or_split_other_ones(tmp_path: Path):
    for name, seed, split in (("a", 1, "val"), ("b", 1, "val"), ("c", 2, "val"), ("d", 1, "test")):
        draw_streets(tmp_path / name, 2, seed, (64, 128), split)
    first, second, other, split = (_bytes(tmp_path / name) for name in "abcd")
    assert first == second
    assert not set(first.values()) & set(other.values())
    assert not set(first.values()) & set(split.values())


def test_a_longer_data_set_begins_with_the_shorter_one_and_may_replace_it(tmp_path: Path, files: list[StreetFiles]):
    draw_streets(tmp_path, 1, seed=3, size=SIZE)
    draw_streets(tmp_path, 2, seed=3, size=SIZE)
    for path, content in _bytes(tmp_path).items():
        assert (files[0].image.parents[3] / path).read_bytes() == content


def test_ids_follow_the_official_rule(files: list[StreetFiles]):
    for each in files:
        instances, labels = _ids(each.instance_ids), _ids(each.label_ids)
        values = np.unique(instances).tolist()
        assert np.array_equal(np.vectorize(label_id_of)(instances), labels)
        for value in values:
            assert value < FIRST_INSTANCE or BY_ID[value // FIRST_INSTANCE].has_instances
        for label in BY_ID:
            numbers = [v % FIRST_INSTANCE for v in values if v >= FIRST_INSTANCE and label_id_of(v) == label]
            assert numbers == list(range(len(numbers)))


def test_plain_ids_of_object_classes_are_the_groups(files: list[StreetFiles]):
    groups = 0
    for each in files:
        values = np.unique(_ids(each.instance_ids)).tolist()
        named = {o["label"].removesuffix("group") for o in _objects(each.polygons) if o["label"].endswith("group")}
        plain = {BY_ID[value].name for value in values if value < FIRST_INSTANCE and BY_ID[value].has_instances}
        assert plain <= named
        groups += len(plain)
    assert groups >= 3


def test_each_object_shows_where_its_polygon_lies_and_no_later_one_does(files: list[StreetFiles]):
    for each in files:
        instances = _ids(each.instance_ids)
        free = np.ones(SIZE, np.bool_)
        counts: dict[str, int] = {}
        objects = _objects(each.polygons)
        total = {name: sum(o["label"] == name for o in objects) for name in BY_NAME}
        for o in reversed(objects):
            mask = _drawn_alone(o["polygon"])
            label = BY_NAME.get(o["label"])
            if label is not None and label.has_instances:
                counts[label.name] = counts.get(label.name, 0) + 1
                shown = instances == FIRST_INSTANCE * label.id + total[label.name] - counts[label.name]
                assert shown.any()
                assert np.array_equal(shown, mask & free)
            free &= ~mask
        assert not free.any()


def test_the_reader_finds_every_object_and_all_eight_classes(folder: Path, files: list[StreetFiles]):
    images = _read(folder)
    assert {each.name for image in images for each in image.objects} == {label.name for label in INSTANCE_LABELS}
    for image, each in zip(images, sorted(files, key=lambda f: f.frame), strict=True):
        assert image.path == each.image
        values = np.unique(_ids(each.instance_ids))
        scored = {label.id for label in INSTANCE_LABELS}
        assert len(image.objects) == sum(label_id_of(int(value)) in scored for value in values)


def test_the_reader_draws_the_polygons_to_the_same_masks(folder: Path, files: list[StreetFiles], tmp_path: Path):
    shutil.copytree(folder / "gtFine", tmp_path / "gtFine", ignore=shutil.ignore_patterns("*.png"))
    classes = [label.name for label in LABELS if label.category != "void"]
    from_polygons, from_masks = _read(tmp_path, classes), _read(folder, classes)
    assert len(from_polygons) == len(files)
    assert [image.objects for image in from_polygons] == [image.objects for image in from_masks]


def test_it_converts_to_coco_with_groups_as_crowds(folder: Path, files: list[StreetFiles], tmp_path: Path):
    out = tmp_path / "streets.json"
    summary = convert(folder, out, source_format="cityscapes", target_format="coco")
    content = json.loads(out.read_text())
    objects = [each for image in _read(folder) for each in image.objects]
    assert summary.images == len(content["images"]) == len(files)
    assert sorted(each["area"] for each in content["annotations"]) == sorted(each.area for each in objects)
    assert sum(each["iscrowd"] for each in content["annotations"]) == sum(each.crowd for each in objects) > 0


def test_the_truth_scores_one_as_its_own_prediction(folder: Path, files: list[StreetFiles], tmp_path: Path):
    counted = dict.fromkeys((label.name for label in INSTANCE_LABELS), 0)
    for each in files:
        shutil.copy(each.label_ids, tmp_path / f"{each.frame}_labels.png")
        instances = _ids(each.instance_ids)
        lines = []
        for value, area in zip(*np.unique(instances, return_counts=True), strict=True):
            label = BY_ID[label_id_of(int(value))]
            if value >= FIRST_INSTANCE and label.name in counted:
                counted[label.name] += int(area >= 100)
                cv2.imwrite(str(tmp_path / f"{each.frame}_{value}.png"), np.uint8(255) * (instances == value))
                lines.append(f"{each.frame}_{value}.png {label.id} {0.5 + value / 1e5}\n")
        (tmp_path / f"{each.frame}.txt").write_text("".join(lines))
    scores = score_cityscapes(folder, tmp_path, pixel=True).scores
    assert (scores["AP"], scores["AP50"], scores["pixel"]["mIoU"]) == pytest.approx((1, 1, 1), abs=1e-12)
    assert {name: each["objects"] for name, each in scores["classes"].items()} == counted
    assert all(each["AP"] == pytest.approx(1, abs=1e-12) for name, each in scores["classes"].items() if counted[name])
    assert sum(count > 0 for count in counted.values()) == 8


@pytest.mark.parametrize(
    "wrong", [{"images": -1}, {"seed": -1}, {"size": (63, 256)}, {"split": "validation"}], ids=lambda w: next(iter(w))
)
def test_parameters_out_of_range_are_named(tmp_path: Path, wrong: dict[str, Any]):
    with pytest.raises(UsageError, match=r"Streets: found images=.*expected images and seed >= 0"):
        draw_streets(tmp_path, **{"images": 1, **wrong})
    assert not _bytes(tmp_path)


def test_streets_are_not_mixed_with_other_images(tmp_path: Path):
    draw_streets(tmp_path, 2, size=(64, 128))
    with pytest.raises(UsageError, match="not part of these 1 streets"):
        draw_streets(tmp_path, 1, size=(64, 128))
    real = tmp_path / "gtFine" / "train" / "ulm" / "ulm_000000_000019_gtFine_labelIds.png"
    real.parent.mkdir(parents=True)
    real.write_bytes(b"")
    with pytest.raises(UsageError, match="ulm_000000"):
        draw_streets(tmp_path, 1, size=(64, 128), split="train")


def test_a_city_belongs_to_one_split():
    cities = [city for each in CITIES.values() for city in each]
    assert len(cities) == len(set(cities))
