"""Conversions there and back: what a format is said to hold comes back to the pixel, by pycocotools."""

import json
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import hotcoco
import numpy as np
import numpy.typing as npt
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as oracle

from maskwright.errors import DataError, MaskwrightError, UsageError
from maskwright.progress import Reporter
from maskwright.workflows.convert import ConvertSummary, convert
from tests.annotations.formats.examples import by_pycocotools, encode, write_blank

QUIET = Reporter(quiet=True)
CLASSES = ("person", "traffic light", "café / 猫", "a:b")
NAMES = ("1.png", "deep/er/2.png", "no.dots.in.png")
FLAT_NAMES = ("1.png", "two.png", "no.dots.in.png")

SIZES = st.tuples(st.integers(1, 16), st.integers(1, 16))
COORDINATES = st.integers(-20, 260).map(lambda tenth: tenth / 10) | st.floats(-4, 24, width=32)
POLYGONS = st.lists(
    st.lists(COORDINATES, min_size=6, max_size=16).map(lambda points: points[: len(points) // 2 * 2]),
    min_size=1,
    max_size=3,
)


def text_rle(mask: npt.NDArray[np.uint8]) -> dict[str, Any]:
    rle = encode(mask)
    return {"size": rle["size"], "counts": rle["counts"].decode()}


@st.composite
def segmentations(draw: st.DrawFn, height: int, width: int) -> Any:
    """Polygons or an RLE that cover a pixel or more."""
    if draw(st.booleans()):
        polygons = draw(POLYGONS)
        if oracle.area(oracle.merge(oracle.frPyObjects(polygons, height, width))):
            return polygons
    mask = draw(arrays(np.uint8, (height, width), elements=st.integers(0, 1)))
    mask[draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))] = 1
    return text_rle(mask)


@st.composite
def documents(draw: st.DrawFn, crowds: bool) -> dict[str, Any]:
    """A COCO file of up to three images with objects that may overlap."""
    document = empty_document()
    for identity, name in enumerate(NAMES[: draw(st.integers(1, 3))], start=1):
        height, width = draw(SIZES)
        document["images"].append({"id": identity, "file_name": name, "height": height, "width": width})
        for _ in range(draw(st.integers(0, 3))):
            crowd = crowds and draw(st.booleans())
            add(document, draw(st.integers(0, 3)), draw(segmentations(height, width)), crowd)
    return document


@st.composite
def painted_documents(draw: st.DrawFn, per_class: bool) -> dict[str, Any]:
    """A COCO file whose objects share no pixel; ``per_class``: and no class on an image."""
    document = empty_document()
    for identity, name in enumerate(FLAT_NAMES[: draw(st.integers(1, 3))], start=1):
        height, width = draw(SIZES)
        document["images"].append({"id": identity, "file_name": name, "height": height, "width": width})
        numbers = draw(arrays(np.uint8, (height, width), elements=st.integers(0, 4)))
        for number in np.unique(numbers[numbers > 0]).tolist():
            category = number - 1 if per_class else draw(st.integers(0, 3))
            add(document, category, text_rle(np.asarray(numbers == number, np.uint8)), False)
    return document


def empty_document() -> dict[str, Any]:
    categories = [{"id": 10 * i, "name": name} for i, name in enumerate(CLASSES)]
    return {"images": [], "annotations": [], "categories": categories}


def add(document: dict[str, Any], category: int, segmentation: Any, crowd: bool) -> None:
    document["annotations"].append(
        {
            "id": len(document["annotations"]) + 1,
            "image_id": len(document["images"]),
            "category_id": 10 * category,
            "segmentation": segmentation,
            "iscrowd": int(crowd),
        }
    )


def there_and_back(document: dict[str, Any], target: str) -> tuple[Any, Any, ConvertSummary]:
    """What pycocotools reads of ``document``, and of what comes back of it; the books of the way there."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source, images = root / "labels.json", root / "images"
        source.write_text(json.dumps(document), encoding="utf-8")
        for image in document["images"]:
            write_blank(images / image["file_name"], image["height"], image["width"])
        there = convert(source, root / "there", source_format="coco", target_format=target, reporter=QUIET)
        back = root / "back.json"
        convert(root / "there", back, source_format=target, target_format="coco", images=[images], reporter=QUIET)
        hotcoco.COCO(str(back))
        return by_pycocotools(source), by_pycocotools(back), there


@settings(max_examples=25)
@given(documents(crowds=False))
def test_yolo_brings_back_holes_parts_and_overlaps_to_the_pixel(document: dict[str, Any]):
    before, after, summary = there_and_back(document, "yolo")
    assert after == before
    assert all(change["exact"] for change in summary.changes)


@settings(max_examples=25)
@given(documents(crowds=True))
def test_labelme_brings_back_crowds_too(document: dict[str, Any]):
    before, after, summary = there_and_back(document, "labelme")
    assert after == before
    assert all(change["exact"] for change in summary.changes)


@settings(max_examples=20)
@given(painted_documents(per_class=False))
def test_voc_brings_back_objects_that_share_no_pixel(document: dict[str, Any]):
    before, after, summary = there_and_back(document, "voc")
    assert after == before
    assert summary.changes == []


@settings(max_examples=20)
@given(painted_documents(per_class=True))
def test_label_maps_bring_back_one_object_of_a_class_an_image(document: dict[str, Any]):
    before, after, summary = there_and_back(document, "label-maps")
    assert {name: (*size, sorted(objects)) for name, (*size, objects) in after.items()} == {
        name: (*size, sorted(objects)) for name, (*size, objects) in before.items()
    }
    assert summary.changes == []


SQUARE = [[10, 10, 20, 10, 20, 20, 10, 20]]
CROWD = {"size": [48, 64], "counts": [0, 100, 48 * 64 - 100]}


@pytest.fixture
def two_files(coco) -> list[Path]:
    """A training and a validation file that number their classes differently."""
    return [
        coco({}, images=[{"file_name": "a.jpg"}], categories={1: "person", 2: "dog"}, name="train.json"),
        coco({"category_id": 2}, images=[{"file_name": "b.jpg"}], categories={1: "cat", 2: "person"}, name="val.json"),
    ]


def test_two_sources_become_two_parts_that_share_their_class_indices(two_files: list[Path], tmp_path: Path):
    out = tmp_path / "yolo"
    options = {"source_format": "coco", "target_format": "yolo", "parts": ["train", "val"], "reporter": QUIET}
    summary = convert(two_files, out, **options)
    assert yaml.safe_load((out / "data.yaml").read_text()) == {
        "train": "images/train",
        "val": "images/val",
        "names": {0: "person", 1: "dog", 2: "cat"},
    }
    assert (out / "labels/train/a.txt").read_text().startswith("0 ")
    assert (out / "labels/val/b.txt").read_text().startswith("0 ")
    assert [account.objects.used for account in summary.audits] == [1, 1]


def test_the_parts_of_a_source_become_a_file_each(two_files: list[Path], tmp_path: Path):
    parts = {"parts": ["train", "val"], "reporter": QUIET}
    convert(two_files, tmp_path / "labelme", source_format="coco", target_format="labelme", **parts)
    back = tmp_path / "back"
    convert(tmp_path / "labelme", back, source_format="labelme", target_format="coco", reporter=QUIET)
    assert list(by_pycocotools(back / "train" / "labels.json")) == ["a.jpg"]
    assert list(by_pycocotools(back / "val" / "labels.json")) == ["b.jpg"]
    with pytest.raises(UsageError, match=r"one file for the parts train, val"):
        convert(
            tmp_path / "labelme", tmp_path / "one.json", source_format="labelme", target_format="coco", reporter=QUIET
        )


def test_chosen_classes_are_numbered_in_the_order_given(coco, tmp_path: Path):
    source = coco({}, {"category_id": 2}, {"category_id": 2})
    summary = convert(
        source, tmp_path / "out", source_format="coco", target_format="yolo", classes=["dog"], reporter=QUIET
    )
    assert (tmp_path / "out/labels/train/1.txt").read_text().count("0 ") == 2
    assert summary.audits[0].objects.skipped == {"other_class": 1}
    with pytest.raises(UsageError, match=r"'dgo'\. Nearest: dog"):
        convert(source, tmp_path / "no", source_format="coco", target_format="yolo", classes=["dgo"], reporter=QUIET)


def test_what_the_target_cannot_hold_is_counted_by_kind(coco, tmp_path: Path):
    source = coco(
        {"area": 100, "score": 0.5, "note": "unsure"}, {"segmentation": CROWD, "iscrowd": 1}, {"segmentation": []}
    )
    document = json.loads(source.read_text())
    document["licenses"] = [{"id": 1}]
    document["info"] = {}
    document["images"][0]["coco_url"] = None
    document["categories"][0]["supercategory"] = "living"
    source.write_text(json.dumps(document))
    summary = convert(source, tmp_path / "out", source_format="coco", target_format="yolo", reporter=QUIET)
    audit = summary.audits[0].objects
    assert (audit.found, audit.used, dict(audit.skipped)) == (3, 1, {"crowd": 1, "empty_segmentation": 1})
    assert summary.fields == {
        "annotation.area": 1,
        "annotation.note": 1,
        "annotation.score": 1,
        "category.supercategory": 1,
        "file.licenses": 1,
    }


@pytest.mark.parametrize("name", ["../up.jpg", "/etc/passwd.jpg", "a/../../b.jpg", "C:\\x.jpg", "..\\up.jpg", "a/.."])
@pytest.mark.parametrize("target", ["yolo", "labelme", "voc", "label-maps"])
def test_a_name_that_leads_out_of_the_target_is_left_out_and_named(coco, tmp_path: Path, name: str, target: str):
    source = coco({}, {"image_id": 2}, images=[{"file_name": name}, {"file_name": "good.jpg"}])
    before = set(tmp_path.rglob("*"))
    out = tmp_path / "deep" / "out"
    summary = convert(source, out, source_format="coco", target_format=target, reporter=QUIET)
    account = summary.audits[0]
    assert (account.images_found, account.images_written, account.objects.used) == (2, 1, 1)
    assert account.objects.adds_up
    assert [f.record for f in account.objects.faults] == [name]
    assert all(path.is_relative_to(tmp_path / "deep") for path in set(tmp_path.rglob("*")) - before)
    assert {path.stem for path in out.rglob("*") if path.is_file()} <= {
        *("good", "data", "classes", "labelmap", "train")
    }


@pytest.mark.parametrize("target", ["yolo", "labelme", "voc", "label-maps"])
def test_two_images_that_would_share_a_file_end_the_conversion_and_leave_nothing(coco, tmp_path: Path, target: str):
    source = coco(images=[{"file_name": "cat.jpg"}, {"file_name": "Cat.png"}])
    with pytest.raises(DataError, match=r"'cat\.jpg' and 'Cat\.png' would share"):
        convert(source, tmp_path / "out", source_format="coco", target_format=target, reporter=QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.json"]


@pytest.mark.parametrize("target", ["yolo", "labelme", "voc", "label-maps"])
def test_images_are_copied_and_found_again(coco, tmp_path: Path, target: str):
    folder = tmp_path / "photos"
    photo = write_blank(folder / "1.png").read_bytes()
    source = coco({}, {"image_id": 2}, images=[{}, {"file_name": "gone.png"}])
    options: dict[str, Any] = {"images": [folder], "copy_images": True, "reporter": QUIET}
    out = tmp_path / "out"
    summary = convert(source, out, source_format="coco", target_format=target, **options)
    assert [(f.code, f.record) for f in summary.audits[0].objects.faults] == [("image_not_copied", "gone.png")]
    copies = [path for path in out.rglob("1.png") if path.read_bytes() == photo]
    assert len(copies) == 1
    convert(out, tmp_path / "back", source_format=target, target_format="coco", copy_images=True, reporter=QUIET)
    assert len([path for path in (tmp_path / "back").rglob("1.png") if path.read_bytes() == photo]) == 1


def test_nothing_is_overwritten(coco, tmp_path: Path):
    source = coco({})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("precious")
    (tmp_path / "empty").mkdir()
    options: dict[str, Any] = {"source_format": "coco", "target_format": "yolo", "reporter": QUIET}
    with pytest.raises(UsageError, match="exists and is not empty"):
        convert(source, tmp_path / "full", **options)
    assert convert(source, tmp_path / "empty", **options).images == 1
    with pytest.raises(UsageError, match="exists and is not empty"):
        convert(tmp_path / "empty", source, source_format="yolo", target_format="coco", reporter=QUIET)
    assert (tmp_path / "full" / "mine.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source_format": "cocos"}, "Unknown format to convert from 'cocos'. Nearest: coco"),
        ({"target_format": "yollo"}, "Unknown format to convert to 'yollo'. Nearest: yolo"),
        ({"target_format": "cityscapes"}, "Unknown format to convert to 'cityscapes'."),
        ({"target_format": "coco"}, "--from coco --to coco: expected two formats"),
        ({"holes": "keyhole"}, "Unknown rule for holes 'keyhole'"),
        ({"holes": "fill", "target_format": "voc"}, "with --to yolo or labelme"),
        ({"overlap": "priority", "target_format": "voc"}, "Unknown overlap rule 'priority'"),
        ({"overlap": "first"}, "with --to voc or label-maps"),
        ({"components": True}, "with --from voc or label-maps"),
        ({"parts": ["train", "val"]}, "--parts: 2 names for 1 sources"),
        ({"parts": ["../x"]}, "--parts '../x'"),
        ({"images": [Path("nowhere")]}, "nowhere: it does not exist"),
        ({"images": [Path(), Path()]}, "--images: 2 folders for 1 sources"),
    ],
    ids=str,
)
def test_wrong_options_are_answered_before_anything_is_written(coco, tmp_path: Path, options, message: str):
    given_options = {"source_format": "coco", "target_format": "yolo", "reporter": QUIET} | options
    with pytest.raises(UsageError) as caught:
        convert(coco({}), tmp_path / "out", **given_options)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_out_inside_the_source_is_refused(coco, tmp_path: Path):
    convert(coco({}), tmp_path / "yolo", source_format="coco", target_format="yolo", reporter=QUIET)
    with pytest.raises(UsageError, match="lies inside the source"):
        convert(tmp_path / "yolo", tmp_path / "yolo" / "out", source_format="yolo", target_format="voc", reporter=QUIET)


def test_parts_are_refused_for_a_source_that_has_its_own(coco, tmp_path: Path):
    convert(coco({}), tmp_path / "yolo", source_format="coco", target_format="yolo", reporter=QUIET)
    with pytest.raises(UsageError, match=r"has parts of its own \(train\)"):
        convert(
            tmp_path / "yolo", tmp_path / "o", source_format="yolo", target_format="coco", parts=["a"], reporter=QUIET
        )


def test_any_two_formats_meet(coco, tmp_path: Path):
    formats = ["voc", "labelme", "label-maps", "voc"]
    convert(coco({}, images=[{"file_name": "1.jpg"}]), tmp_path / "0", source_format="coco", target_format="voc")
    for number, (source, target) in enumerate(pairwise(formats)):
        convert(
            tmp_path / str(number),
            tmp_path / str(number + 1),
            source_format=source,
            target_format=target,
            reporter=QUIET,
        )
    convert(tmp_path / "3", tmp_path / "last.json", source_format="voc", target_format="coco", reporter=QUIET)
    ((height, width, [(name, _, counts)]),) = by_pycocotools(tmp_path / "last.json").values()
    assert (height, width, name) == (48, 64, "person")
    assert oracle.area({"size": [48, 64], "counts": counts}) == 100


@pytest.fixture(scope="module")
def every_format(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set in each format that can be read."""
    root = tmp_path_factory.mktemp("formats")
    document = empty_document()
    document["images"].append({"id": 1, "file_name": "1.png", "height": 48, "width": 64})
    add(document, 0, SQUARE, False)
    hollow = np.zeros((48, 64), np.uint8)
    hollow[5:40, 5:60] = 1
    hollow[10:20, 10:20] = 0
    add(document, 1, text_rle(hollow), False)
    (root / "coco").mkdir()
    (root / "coco" / "labels.json").write_text(json.dumps(document))
    write_blank(root / "images" / "1.png")
    options: dict[str, Any] = {"images": [root / "images"], "copy_images": True, "reporter": QUIET}
    for target in ("yolo", "voc", "labelme", "label-maps"):
        convert(root / "coco/labels.json", root / target, source_format="coco", target_format=target, **options)
    city = root / "cityscapes" / "gtFine" / "val" / "ulm"
    city.mkdir(parents=True)
    (city / "a_gtFine_instanceIds.png").write_bytes((root / "voc/SegmentationObject/1.png").read_bytes())
    polygons = {"imgHeight": 9, "imgWidth": 9, "objects": [{"label": "car", "polygon": [[1, 1], [5, 1], [5, 5]]}]}
    (city / "b_gtFine_polygons.json").write_text(json.dumps(polygons))
    return root


DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([b"", b"\0", b"\xff", b"null", b"-1", b"1e999", b"[", b'"x"', b"..", b"9" * 20]),
        st.sampled_from([0, 1, 8, 10**6]),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("source", ["coco", "yolo", "voc", "labelme", "cityscapes", "label-maps"])
@settings(max_examples=15)
@given(damage=DAMAGE)
def test_damaged_files_end_in_a_message_or_in_books_that_balance(every_format: Path, source: str, damage: list):
    with tempfile.TemporaryDirectory() as folder:
        work = Path(shutil.copytree(every_format / source, Path(folder) / "work"))
        files = sorted(path for path in work.rglob("*") if path.is_file())
        for number, place, inserted, removed in damage:
            path = files[number % len(files)]
            content = path.read_bytes()
            start = int(place * len(content))
            path.write_bytes(content[:start] + inserted + content[start + removed :])
        try:
            summary = convert(
                work / "labels.json" if source == "coco" else work,
                Path(folder) / "out",
                source_format=source,
                target_format="yolo" if source == "coco" else "coco",
                reporter=QUIET,
            )
        except MaskwrightError:
            return
        (account,) = summary.audits
        assert account.objects.adds_up
        assert account.images_found == account.images_written + sum(account.skipped_images.values())
        assert sum(account.skipped_images.values()) <= len(account.objects.faults)
