"""Cityscapes masks against the official scripts' rules, and their own drawing of polygons where it is installed."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.annotations.cityscapes_labels import LABELS
from maskwright.annotations.formats.cityscapes import read
from maskwright.annotations.formats.dataset import ReadOptions
from maskwright.errors import DataError, UsageError
from tests.annotations.formats.examples import codes, encode, read_all
from tests.oracles.cityscapes.cases import write_cases

# A car, a group of cars, a rider, road and "static", which is void.
NUMBERS = np.array([[26001, 26001, 26, 26], [25000, 7, 7, 4]], np.uint16)


def write(root: Path, numbers: np.ndarray = NUMBERS, place: str = "gtFine/val/ulm/ulm_000000_000019") -> Path:
    path = root / f"{place}_gtFine_instanceIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), numbers)
    return root


def test_objects_are_the_eight_classes_and_a_group_is_a_crowd(tmp_path: Path):
    dataset = read(write(tmp_path), ReadOptions())
    (image,) = read_all(dataset)
    assert (image.part, image.file_name) == ("val", "ulm/ulm_000000_000019_leftImg8bit.png")
    assert [(each.name, each.crowd, each.rle) for each in image.objects] == [
        ("car", True, encode(NUMBERS == 26)),
        ("rider", False, encode(NUMBERS == 25000)),
        ("car", False, encode(NUMBERS == 26001)),
    ]
    assert len(dataset.classes) == 8
    assert dataset.audit.objects.skipped == {"other_class": 1}
    assert dataset.audit.changes == {"void_pixels": 1}


def test_a_value_that_is_no_label_is_named(tmp_path: Path):
    dataset = read(write(tmp_path, np.array([[26001, 90]], np.uint16)), ReadOptions())
    assert len(read_all(dataset)[0].objects) == 1
    (fault,) = dataset.audit.objects.faults
    assert "ulm_000000_000019_leftImg8bit.png has the value 90, which is no label" in str(fault)


def test_other_labels_are_read_when_asked_for_and_are_no_crowds(tmp_path: Path):
    (image,) = read_all(read(write(tmp_path), ReadOptions(classes=["road"])))
    assert [(each.name, each.crowd, each.area) for each in image.objects] == [("road", False, 2)]
    with pytest.raises(UsageError, match="Nearest: "):
        read(tmp_path, ReadOptions(classes=["sidewalks"]))


@pytest.mark.parametrize(
    ("place", "source", "part", "name"),
    [
        ("gtFine/train/bonn/b", "", "train", "bonn/b_leftImg8bit.png"),
        ("gtFine/train/bonn/b", "gtFine", "train", "bonn/b_leftImg8bit.png"),
        ("gtFine/train/bonn/b", "gtFine/train", None, "bonn/b_leftImg8bit.png"),
        ("gtFine/val/b", "gtFine", "val", "b_leftImg8bit.png"),
        ("b", "", None, "b_leftImg8bit.png"),
    ],
)
def test_the_depth_of_a_file_tells_part_and_city(tmp_path: Path, place: str, source: str, part: str | None, name: str):
    (image,) = read_all(read(write(tmp_path, place=place) / source, ReadOptions()))
    assert (image.part, image.file_name) == (part, name)


POINTS = st.lists(st.tuples(st.integers(-5, 25), st.integers(-5, 25)), min_size=3, max_size=6)
NAMES = st.sampled_from(
    ["car", "cargroup", "person", "road", "polegroup", "static", "license plate", "trailergroup", "out of roi", "bus"]
)
OBJECTS = st.lists(st.tuples(NAMES, POINTS, st.booleans()), max_size=6)


@settings(max_examples=40)
@given(OBJECTS)
def test_polygons_are_drawn_as_the_official_script_draws_them(tmp_path_factory: pytest.TempPathFactory, objects: list):
    official = pytest.importorskip("cityscapesscripts.preparation.json2instanceImg")
    annotation = pytest.importorskip("cityscapesscripts.helpers.annotation")
    root = tmp_path_factory.mktemp("gt")
    path = root / "a_gtFine_polygons.json"
    records = [{"label": label, "polygon": points, "deleted": int(gone)} for label, points, gone in objects]
    path.write_text(json.dumps({"imgHeight": 18, "imgWidth": 20, "objects": records}))
    expected = annotation.Annotation()
    expected.fromJsonText(path.read_text())
    numbers = np.array(official.createInstanceImage(expected, "ids"))
    (image,) = read_all(read(root, ReadOptions(classes=[label.name for label in LABELS if label.category != "void"])))
    shown = [n for n in np.unique(numbers).tolist() if n > 6]
    assert [each.rle for each in image.objects] == [encode(numbers == number) for number in shown]


def test_the_official_evaluation_sees_the_same_objects(tmp_path: Path):
    evaluation = pytest.importorskip("cityscapesscripts.evaluation.instance")
    labels = pytest.importorskip("cityscapesscripts.helpers.labels")
    write_cases(tmp_path)
    for root in (tmp_path / "random_00", tmp_path / "group_only"):
        for image in read_all(read(root, ReadOptions())):
            file = image.file_name.replace("_leftImg8bit", "_gtFine_instanceIds")
            numbers = cv2.imread(str(root / "gtFine" / (image.part or "") / file), cv2.IMREAD_UNCHANGED)
            instances = [evaluation.Instance(numbers, number) for number in np.unique(numbers)]
            expected = [
                (labels.id2label[each.labelID].name, each.pixelCount, each.instID < 1000)
                for each in instances
                if labels.id2label[each.labelID].hasInstances and not labels.id2label[each.labelID].ignoreInEval
            ]
            assert [(each.name, each.area, each.crowd) for each in image.objects] == expected


GOOD = {"imgHeight": 4, "imgWidth": 5, "objects": []}


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        json.dumps(GOOD | {"imgHeight": 10**6, "imgWidth": 10**6}),
        json.dumps(GOOD | {"imgHeight": -4, "imgWidth": -5}),
        json.dumps(GOOD | {"objects": [{"label": "ufo", "polygon": [[0, 0], [1, 1], [2, 2]]}]}),
        json.dumps(GOOD | {"objects": [{"label": "car", "polygon": [[0, 0], [1e300, 1], [2, 2]]}]}),
        json.dumps(GOOD | {"objects": [{"label": "car", "polygon": []}]}),
        json.dumps(GOOD | {"objects": [{"label": "car", "polygon": [[1]]}]}),
    ],
)
def test_polygon_files_that_cannot_be_drawn_are_named(tmp_path: Path, content: str):
    (tmp_path / "b_gtFine_polygons.json").write_text(content)
    dataset = read(write(tmp_path, place="a"), ReadOptions())
    assert len(read_all(dataset)) == 1
    assert codes(dataset) == ["unreadable_file"]
    assert "b_gtFine_polygons.json" in str(dataset.audit.objects.faults[0])


def test_a_damaged_mask_is_named(tmp_path: Path):
    path = write(tmp_path) / "gtFine/val/ulm/ulm_000000_000019_gtFine_instanceIds.png"
    path.write_bytes(path.read_bytes()[:50])
    dataset = read(tmp_path, ReadOptions())
    assert read_all(dataset) == []
    assert codes(dataset) == ["unreadable_file"]


def write_labels(root: Path, place: str = "gtFine/val/ulm/ulm_000000_000019") -> Path:
    """Label ids alone: two cars side by side, a caravan, a road and void."""
    path = root / f"{place}_gtFine_labelIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), LABEL_IDS)
    return root


LABEL_IDS = np.array([[26, 26, 0, 26], [29, 7, 7, 4]], np.uint8)


def test_label_ids_alone_are_regions_and_things_are_crowds_that_are_counted(tmp_path: Path):
    dataset = read(write_labels(tmp_path), ReadOptions(classes=["car", "road", "caravan"]))
    (image,) = read_all(dataset)
    assert (image.part, image.file_name) == ("val", "ulm/ulm_000000_000019_leftImg8bit.png")
    assert [(each.name, each.crowd, each.rle) for each in image.objects] == [
        ("road", False, encode(LABEL_IDS == 7)),
        ("car", True, encode(LABEL_IDS == 26)),
        ("caravan", True, encode(LABEL_IDS == 29)),
    ]
    assert dataset.audit.changes == {"not_told_apart": 2, "void_pixels": 1}


def test_only_wanted_things_are_said_not_to_be_told_apart(tmp_path: Path):
    dataset = read(write_labels(tmp_path), ReadOptions(classes=["road"]))
    read_all(dataset)
    assert dataset.audit.changes == {"void_pixels": 1}


def test_label_ids_are_read_only_where_there_is_nothing_that_tells_objects_apart(tmp_path: Path):
    places = [f"gtFine/val/ulm/ulm_00000{number}_000019" for number in range(3)]
    for place in places:
        write_labels(tmp_path, place)
    write(tmp_path, place=places[0])
    outline = {"label": "car", "polygon": [[0, 0], [4, 0], [4, 3], [0, 3]]}
    polygons = tmp_path / f"{places[1]}_gtFine_polygons.json"
    polygons.write_text(json.dumps({"imgHeight": 4, "imgWidth": 5, "objects": [outline]}))
    dataset = read(tmp_path, ReadOptions(classes=["car"]))
    crowds = [[each.crowd for each in image.objects] for image in read_all(dataset)]
    assert crowds == [[True, False], [False], [True]]
    # A group in a file that has objects is the annotators' own.
    assert dataset.audit.changes["not_told_apart"] == 1


def test_a_folder_without_masks_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="expected Cityscapes' gtFine folder"):
        read(tmp_path, ReadOptions())


def test_a_folder_with_other_files_of_cityscapes_names_them(tmp_path: Path):
    for ending in ("gtFine_color.png", "gtFine_labelTrainIds.png", "leftImg8bit.png"):
        (tmp_path / f"ulm_000000_000019_{ending}").touch()
    with pytest.raises(DataError, match=r"found _color\.png, _labelTrainIds\.png.*expected .* Add one of them"):
        read(tmp_path, ReadOptions())
