import contextlib
import io
import json
from pathlib import Path

import msgspec
import pytest
from pycocotools.coco import COCO

from maskwright.annotations.coco.file import read_coco
from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.workflows.subset import subset

# Spacing, number formats, escapes and unknown fields as other programs write them.
WRITTEN = """{"info" : {"year": 2024 , "version": 1.0e0, "note": "caf\\u00e9"},
 "licenses": [{"id": 1,  "url": "http://example.org"}], "x-tool": [1.50, null],
 "images": [{"id": 4, "file_name": "a.jpg", "height": 48, "width":64, "license": 1, "date": "d"},
            {"id": "5", "file_name": "b.jpg", "height": 48, "width": 64}, {"id": 6}],
 "categories": [{"id": 7, "name": "cat", "keypoints": ["nose"]}, {"id": 8, "name": "dog"}, {"id": 8, "name": "cow"}],
 "annotations": [{"id": 1, "image_id": 4, "category_id": 7, "iscrowd": 1,  "area": 1.00e2, "score": 0.10,
                  "segmentation": {"counts": [0, 100 , 2972], "size": [48, 64]}},
                 {"id": "2", "image_id": "5", "category_id": 8, "segmentation": [[1.50, 2, 3, 4, 5, 6]], "iscrowd": 0},
                 {"id": 3, "image_id": 4, "category_id": 8, "segmentation": [], "attributes": {"occluded": true}},
                 {"id": 3, "image_id": 4, "category_id": 7}, {"id": 9, "image_id": 99, "category_id": 7}]}"""

Raw = dict[str, msgspec.Raw]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "written.json"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def raw(path: Path) -> tuple[Raw, dict[str, list[bytes]]]:
    """The top level of a file undecoded, and the bytes of each record of its lists."""
    top = msgspec.json.decode(path.read_bytes(), type=Raw)
    lists = {key: top.pop(key) for key in ("images", "annotations", "categories")}
    return top, {
        key: [bytes(r) for r in msgspec.json.decode(value, type=list[msgspec.Raw])] for key, value in lists.items()
    }


def test_records_go_out_byte_for_byte(written: Path, tmp_path: Path):
    summary = subset(written, tmp_path / "out.json")
    (head_in, lists_in), (head_out, lists_out) = raw(written), raw(tmp_path / "out.json")
    assert {key: bytes(value) for key, value in head_out.items()} == {key: bytes(v) for key, v in head_in.items()}
    assert lists_out["images"] == lists_in["images"][:2]
    assert lists_out["annotations"] == lists_in["annotations"][:3]
    assert lists_out["categories"] == lists_in["categories"][:2]
    assert summary.images == {"in": 3, "used": 2, "left_out": {"bad_image": 1}}
    assert summary.categories == {"in": 3, "used": 2, "left_out": {"duplicate_id": 1}}
    assert summary.to_json()["annotations"]["skipped"] == {"duplicate_id": 1, "unknown_image": 1}
    assert summary.audit.found == 5
    assert summary.audit.adds_up


def test_a_class_takes_its_records_along_and_no_others(written: Path, tmp_path: Path):
    summary = subset(written, tmp_path / "out.json", classes=["dog"], drop_crowd=True)
    _, lists_in = raw(written)
    assert raw(tmp_path / "out.json")[1] == {
        "images": lists_in["images"][:2],
        "annotations": lists_in["annotations"][1:3],
        "categories": lists_in["categories"][1:2],
    }
    assert summary.classes == {"dog": {"images": 2, "instances": 2}}
    assert summary.categories["left_out"] == {"other_class": 1, "duplicate_id": 1}
    for counts in (summary.images, summary.categories):
        assert counts["in"] == counts["used"] + sum(counts["left_out"].values())


def test_the_thirty_images_of_four_classes_with_a_dog(shared: Path, tmp_path: Path):
    source = shared / "data" / "coco300" / "train-300" / "labels.json"
    names = ["person", "car", "dog", "cake"]
    summary = subset(source, tmp_path / "30.json", classes=names, at_least={"dog": 1}, max_images=30, seed=4)
    with contextlib.redirect_stdout(io.StringIO()):
        oracle, whole = COCO(str(tmp_path / "30.json")), COCO(str(source))
    assert len(oracle.imgs) == 30
    assert len(oracle.getImgIds(catIds=oracle.getCatIds(catNms=["dog"]))) >= 1
    assert {category["name"] for category in oracle.cats.values()} == set(names)
    for image_id, image in oracle.imgs.items():
        assert image == whole.imgs[image_id]
        wanted = whole.getAnnIds(imgIds=[image_id], catIds=whole.getCatIds(catNms=names))
        assert oracle.getAnnIds(imgIds=[image_id]) == wanted
        assert oracle.loadAnns(wanted) == whole.loadAnns(wanted)
    assert summary.audit.found == 3870
    assert summary.audit.adds_up
    again = tmp_path / "again.json"
    subset(source, again, classes=names, at_least={"dog": 1}, max_images=30, seed=4)
    assert again.read_bytes() == (tmp_path / "30.json").read_bytes()


def test_a_subset_of_a_subset_by_the_same_choice_is_the_subset(shared: Path, tmp_path: Path):
    source = shared / "data" / "coco300" / "validation-300" / "labels.json"
    choice = {"classes": ["dog", "cat"], "drop_crowd_images": True, "max_instances": 3}
    subset(source, tmp_path / "one.json", **choice)
    subset(tmp_path / "one.json", tmp_path / "two.json", **choice)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert read_coco(tmp_path / "one.json").faults == []


def test_a_choice_that_leaves_no_image_writes_nothing_and_says_why(coco, tmp_path: Path):
    path = coco({}, {"image_id": 2}, images=[{}, {}])
    with pytest.raises(DataError, match=r"no image is left \(2 image_without_objects\)"):
        subset(path, tmp_path / "out.json", classes=["dog"])
    assert not (tmp_path / "out.json").exists()


def test_fewer_images_than_asked_for_is_said(coco, tmp_path: Path):
    heard = io.StringIO()
    subset(coco({}), tmp_path / "out.json", max_images=3, reporter=Reporter(quiet=True, stream=heard))
    assert "images that fit the choice: 1; --max-images asks for 3. All are kept." in heard.getvalue()


def test_the_file_that_is_read_is_never_overwritten(coco):
    path = coco({})
    before = path.read_bytes()
    with pytest.raises(UsageError, match="it is the file that is read"):
        subset(path, path)
    assert path.read_bytes() == before


def test_the_json_is_json(written: Path, tmp_path: Path):
    value = json.loads(json.dumps(subset(written, tmp_path / "out.json", max_images=1).to_json(), allow_nan=False))
    assert value["images"]["left_out"] == {"image_beyond_max_images": 1, "bad_image": 1}
    assert [len(ids) for ids in value["images_left_out"].values()] == [1]
