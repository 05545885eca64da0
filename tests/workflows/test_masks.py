import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.errors import DataError, UsageError
from maskwright.label_maps.options import MaskOptions
from maskwright.masks.png import read_label_map
from maskwright.progress import Reporter
from maskwright.workflows.masks import masks

QUIET = Reporter(quiet=True)
# The classes and who is where, on an image of 4 × 12 pixels: person 0-5, dog 3-8, a crowd of dogs 6-11 (columns).
PERSON, DOG, CROWD = ([[a, 0, b, 0, b, 4, a, 4]] for a, b in ((0, 6), (3, 9), (6, 12)))
SCENE = (
    {"id": 1, "segmentation": PERSON},
    {"id": 2, "segmentation": DOG, "category_id": 2},
    {"id": 3, "segmentation": CROWD, "category_id": 2, "iscrowd": 1},
)
IMAGE = {"height": 4, "width": 12, "file_name": "scene.jpg"}


@pytest.fixture
def scene(coco) -> Path:
    return coco(*SCENE, images=[IMAGE])


def row(folder: Path, stem: str = "scene") -> list[int]:
    """The labels of the top row, after seeing that all rows are alike."""
    label_map = read_label_map(folder / f"{stem}.png")
    assert (label_map == label_map[0]).all()
    return label_map[0].tolist()


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ({}, [1, 1, 1, 2, 2, 2, 2, 2, 2, 255, 255, 255]),
        ({"overlap": "first"}, [1, 1, 1, 1, 1, 1, 2, 2, 2, 255, 255, 255]),
        ({"crowd": "include"}, [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]),
        ({"crowd": "skip"}, [1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0, 0]),
        ({"mode": "binary"}, [1, 1, 1, 1, 1, 1, 1, 1, 1, 255, 255, 255]),
        ({"mode": "binary", "classes": ["person"]}, [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]),
        ({"classes": ["dog", "person"]}, [2, 2, 2, 1, 1, 1, 1, 1, 1, 255, 255, 255]),
        ({"classes": ["dog", "person"], "overlap": "highest-index"}, [2, 2, 2, 2, 2, 2, 1, 1, 1, 255, 255, 255]),
        ({"classes": ["person"]}, [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]),
        ({"priorities": {"person": 2.0}}, [1, 1, 1, 1, 1, 1, 2, 2, 2, 255, 255, 255]),
        ({"priorities": {"person": -2.0}}, [1, 1, 1, 2, 2, 2, 2, 2, 2, 255, 255, 255]),
        ({"mode": "grouped"}, [1, 1, 1, 1, 1, 1, 1, 1, 1, 255, 255, 255]),
        ({"ignore_classes": ["dog"]}, [1, 1, 1, 1, 1, 1, 255, 255, 255, 255, 255, 255]),
        ({"ignore_classes": ["person"], "crowd": "skip"}, [255, 255, 255, 1, 1, 1, 1, 1, 1, 0, 0, 0]),
        ({"mode": "binary", "ignore_classes": ["person"]}, [255, 255, 255, 1, 1, 1, 1, 1, 1, 255, 255, 255]),
        ({"mode": "instance"}, [1, 1, 1, 2, 2, 2, 2, 2, 2, 65535, 65535, 65535]),
    ],
    ids=str,
)
def test_options_decide_what_is_drawn(scene: Path, tmp_path: Path, options, labels: list[int]):
    summary = masks(scene, tmp_path / "out", reporter=QUIET, **options)
    assert row(tmp_path / "out") == labels
    assert summary.audit.adds_up


def test_255_classes_are_drawn_in_sixteen_bits_with_65535_ignored(coco, tmp_path: Path):
    annotations = (
        {"category_id": 255, "segmentation": PERSON},
        {"category_id": 7, "segmentation": CROWD, "iscrowd": 1},
    )
    path = coco(*annotations, images=[IMAGE], categories={i: f"class {i}" for i in range(1, 256)})
    masks(path, tmp_path / "out", reporter=QUIET)
    assert read_label_map(tmp_path / "out" / "scene.png").dtype == np.uint16
    assert row(tmp_path / "out") == [255] * 6 + [65535] * 6


def test_the_classes_stand_beside_the_masks(scene: Path, tmp_path: Path):
    masks(scene, tmp_path / "out", classes=["dog", "person"], reporter=QUIET)
    assert (tmp_path / "out" / "classes.txt").read_text(encoding="utf-8") == "background\ndog\nperson\n"
    written = json.loads((tmp_path / "out" / "classes.json").read_text(encoding="utf-8"))
    assert [(c["index"], c["name"], c["source_ids"]) for c in written] == [(1, "dog", [2]), (2, "person", [1])]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".masks.jsonl",
        ".maskwright-masks",
        "classes.json",
        "classes.txt",
        "scene.png",
    ]


def test_binary_masks_name_every_category_they_hold(scene: Path, tmp_path: Path):
    summary = masks(scene, tmp_path / "out", mode="binary", reporter=QUIET)
    assert [(c.name, c.source_ids) for c in summary.table] == [("foreground", (1, 2))]


def test_an_image_without_annotations_gets_a_mask_of_background(coco, tmp_path: Path):
    path = coco({"image_id": 2}, images=[IMAGE, {}])
    summary = masks(path, tmp_path / "out", reporter=QUIET)
    assert row(tmp_path / "out") == [0] * 12
    assert (summary.files, summary.audit.found) == (2, 1)


def test_the_images_themselves_are_not_needed(scene: Path, tmp_path: Path):
    assert not list(tmp_path.rglob("*.jpg"))
    assert masks(scene, tmp_path / "out", reporter=QUIET).files == 1


def test_several_processes_draw_what_one_draws(coco, tmp_path: Path):
    rng = np.random.default_rng(0)
    images = [{"file_name": f"{i}.jpg"} for i in range(1, 13)]
    annotations = [
        {"image_id": int(rng.integers(1, 13)), "category_id": int(rng.integers(1, 3)), "segmentation": segmentation}
        for segmentation in [[(rng.random(8) * 48).round(1).tolist()] for _ in range(40)] + [[]]
    ]
    path = coco(*annotations, images=images)
    one = masks(path, tmp_path / "one", workers=0, reporter=QUIET)
    two = masks(path, tmp_path / "two", workers=2, reporter=QUIET)
    assert one.audit == two.audit
    for image in images:
        name = image["file_name"].replace("jpg", "png")
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_two_images_that_would_share_a_mask_are_refused_before_anything_is_drawn(coco, tmp_path: Path):
    path = coco(images=[{"file_name": "1.jpg"}, {"file_name": "a/1.png"}])
    with pytest.raises(DataError, match=r"'1\.jpg' and 'a/1\.png' would share"):
        masks(path, tmp_path / "out", allow_empty_classes=True, reporter=QUIET)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "binery"}, "Unknown mode 'binery'. Nearest: binary"),
        ({"classes": ["persn"]}, "'persn'. Nearest: person"),
        ({"workers": -1}, "--workers -1: expected 0"),
        ({"engine": "raay"}, "Unknown engine 'raay'. Nearest: ray"),
        ({"address": "auto"}, "--address auto: goes with --engine ray, not with --engine local"),
        ({"mode": "grouped", "groups": "coco8"}, "Unknown grouping 'coco8'. Shipped: "),
    ],
    ids=str,
)
def test_wrong_options_are_answered_with_the_nearest_before_anything_is_drawn(
    scene: Path, tmp_path: Path, options, message
):
    with pytest.raises(UsageError) as caught:
        masks(scene, tmp_path / "out", reporter=QUIET, **options)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_instances_are_numbered_in_sixteen_bits_and_listed_beside_the_masks(scene: Path, tmp_path: Path):
    masks(scene, tmp_path / "out", mode="instance", crowd="include", overlap="first", reporter=QUIET)
    assert read_label_map(tmp_path / "out" / "scene.png").dtype == np.uint16
    assert row(tmp_path / "out") == [1] * 6 + [2] * 3 + [3] * 3
    listed = json.loads((tmp_path / "out" / "instances.json").read_text(encoding="utf-8"))
    assert [(o["value"], o["annotation"], o["index"], o["name"]) for o in listed["scene.png"]] == [
        (1, 1, 1, "person"),
        (2, 2, 2, "dog"),
        (3, 3, 2, "dog"),
    ]


def test_a_palette_shows_the_colours_of_the_classes_unless_grey_is_asked_for(scene: Path, tmp_path: Path):
    colored = masks(scene, tmp_path / "colored", reporter=QUIET)
    masks(scene, tmp_path / "grey", palette=False, reporter=QUIET)
    with Image.open(tmp_path / "colored" / "scene.png") as image:
        assert image.convert("RGB").getpixel((0, 0)) == colored.table.classes[0].color
    with Image.open(tmp_path / "grey" / "scene.png") as image:
        assert image.mode == "L"
    assert row(tmp_path / "colored") == row(tmp_path / "grey")


def test_images_without_a_chosen_object_are_counted_with_their_annotations(coco, tmp_path: Path):
    path = coco({}, {"category_id": 2, "image_id": 2}, {"category_id": 2, "image_id": 2}, images=[{}, {}, {}])
    summary = masks(path, tmp_path / "out", classes=["person"], only_with_objects=True, reporter=QUIET)
    assert (summary.files, summary.without_objects) == (1, 2)
    assert summary.audit.skipped == {"image_without_objects": 2}
    assert summary.audit.adds_up
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["1.png"]


def test_an_image_of_ignored_objects_alone_counts_as_one_without(coco, tmp_path: Path):
    path = coco({}, {"category_id": 2, "image_id": 2}, images=[{}, {}])
    summary = masks(path, tmp_path / "out", ignore_classes=["dog"], only_with_objects=True, reporter=QUIET)
    assert (summary.files, summary.without_objects) == (1, 1)


def test_the_audit_lies_beside_the_masks_and_in_the_summary(scene: Path, tmp_path: Path):
    summary = masks(scene, tmp_path / "out", audit=True, priorities={"person": 2.0}, reporter=QUIET)
    written = json.loads((tmp_path / "out" / "overlap_audit.json").read_text(encoding="utf-8"))
    assert summary.to_json()["overlaps"] == written
    assert {rule: found["moved_pixels"] for rule, found in written["rules"].items()} == {
        "first": 12,
        "smallest": 0,
        "highest-index": 0,
        "priority": 12,
    }
    assert summary.shared_pixels == written["shared_pixels"] == 12
    assert (tmp_path / "out" / "overlap_audit.png").is_file()


def test_the_same_job_again_keeps_what_is_there(scene: Path, tmp_path: Path):
    first = masks(scene, tmp_path / "out", reporter=QUIET)
    again = masks(scene, tmp_path / "out", reporter=QUIET)
    assert (first.kept, again.kept) == (0, 1)
    assert {**first.to_json(), "kept": 1} == again.to_json()


def test_another_job_is_refused_until_it_is_told_to_overwrite(scene: Path, tmp_path: Path):
    masks(scene, tmp_path / "out", mode="instance", audit=True, reporter=QUIET)
    with pytest.raises(UsageError, match=r"out: .*\(mode 'instance', now 'multiclass'"):
        masks(scene, tmp_path / "out", reporter=QUIET)
    assert masks(scene, tmp_path / "out", overwrite=True, reporter=QUIET).kept == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ".masks.jsonl",
        ".maskwright-masks",
        "classes.json",
        "classes.txt",
        "scene.png",
    }


def test_other_annotations_are_another_job(coco, tmp_path: Path):
    masks(coco(*SCENE, images=[IMAGE]), tmp_path / "out", reporter=QUIET)
    with pytest.raises(UsageError, match="other annotations"):
        masks(coco(*SCENE[:2], images=[IMAGE]), tmp_path / "out", reporter=QUIET)


@pytest.mark.parametrize("name", ["1.png", "1.jpg", "photos/1.jpg"])
def test_nothing_is_written_into_the_folder_of_the_images(coco, tmp_path: Path, name: str):
    photo = tmp_path / "images" / Path(name).name
    photo.parent.mkdir()
    photo.write_bytes(b"a photo")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=rf"images: .*\(1, such as {photo.name}\)"):
            masks(coco({}, images=[{"file_name": name}]), photo.parent, overwrite=overwrite, reporter=QUIET)
    assert photo.read_bytes() == b"a photo"
    assert list(photo.parent.iterdir()) == [photo]


def test_progress_counts_images_on_a_terminal_and_leaves_forking_possible(coco, tmp_path: Path, monkeypatch):
    seen = []

    def drawn(function, parts, **named):
        for part in parts:
            seen.append(threading.active_count())
            yield function(part)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("maskwright.workflows.masks.parallel_map", drawn)
    before = threading.active_count()
    stream = Terminal()
    masks(coco({}, images=[{}] * 70), tmp_path / "out", reporter=Reporter(stream=stream))
    assert "70/70" in stream.getvalue()
    assert seen == [before] * 3


def test_options_may_be_given_as_one_and_changed(scene: Path, tmp_path: Path):
    masks(scene, tmp_path / "out", options=MaskOptions(crowd="skip"), overlap="first", reporter=QUIET)
    assert row(tmp_path / "out") == [1] * 6 + [2] * 3 + [0] * 3


def test_a_file_of_boxes_is_refused_before_a_label_map_is_written(coco, tmp_path: Path):
    path = coco(*[{"bbox": [1, 1, 5, 5], "segmentation": []} for _ in range(5)])
    with pytest.raises(DataError, match="holds boxes only: 5 annotations, none with a segmentation"):
        masks(path, tmp_path / "out", reporter=QUIET)
    with pytest.raises(DataError, match="holds boxes only"):
        masks(path, tmp_path / "out", allow_empty_classes=True, reporter=QUIET)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "annotations", [(), ({"category_id": 2},), ({"segmentation": []}, {"category_id": 2})], ids=len
)
def test_empty_label_maps_are_drawn_only_where_they_are_meant(coco, tmp_path: Path, annotations):
    path = coco(*annotations)
    with pytest.raises(DataError, match=r"no object of person, so.*--allow-empty-classes"):
        masks(path, tmp_path / "out", classes=["person"], reporter=QUIET)
    assert not (tmp_path / "out").exists()
    summary = masks(path, tmp_path / "out", classes=["person"], allow_empty_classes=True, reporter=QUIET)
    assert row(tmp_path / "out", "1") == [0] * 64
    assert summary.audit.adds_up


def test_a_file_whose_objects_have_no_image_or_no_category_is_refused(coco, tmp_path: Path):
    with pytest.raises(DataError, match="no object of person, dog, so"):
        masks(coco({}, images=()), tmp_path / "out", reporter=QUIET)
    with pytest.raises(DataError, match="no object of any category, because it lists none that can be used, so"):
        masks(coco({}, categories={}), tmp_path / "out", reporter=QUIET)
    assert not (tmp_path / "out").exists()
