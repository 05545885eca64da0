import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.errors import DataError, UsageError
from maskwright.workflows.masks import mask_files, masks
from maskwright.workflows.progress import Reporter

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
    label_map = cv2.imread(str(folder / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
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
    assert cv2.imread(str(tmp_path / "out" / "scene.png"), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    assert row(tmp_path / "out") == [255] * 6 + [65535] * 6


def test_the_classes_stand_beside_the_masks(scene: Path, tmp_path: Path):
    masks(scene, tmp_path / "out", classes=["dog", "person"], reporter=QUIET)
    assert (tmp_path / "out" / "classes.txt").read_text(encoding="utf-8") == "background\ndog\nperson\n"
    written = json.loads((tmp_path / "out" / "classes.json").read_text(encoding="utf-8"))
    assert [(c["index"], c["name"], c["source_ids"]) for c in written] == [(1, "dog", [2]), (2, "person", [1])]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["classes.json", "classes.txt", "scene.png"]


def test_binary_masks_name_every_category_they_hold(scene: Path, tmp_path: Path):
    summary = masks(scene, tmp_path / "out", mode="binary", reporter=QUIET)
    assert [(c.name, c.source_ids) for c in summary.table] == [("foreground", (1, 2))]


def test_an_image_without_annotations_gets_a_mask_of_background(coco, tmp_path: Path):
    summary = masks(coco(images=[IMAGE]), tmp_path / "out", reporter=QUIET)
    assert row(tmp_path / "out") == [0] * 12
    assert (summary.files, summary.audit.found) == (1, 0)


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


def test_a_mask_bears_the_stem_of_its_image():
    assert mask_files(["a/b/1.jpg", "c.d.png", "windows\\2.jpg", "none"]) == {
        "a/b/1.jpg": "1.png",
        "c.d.png": "c.d.png",
        "windows\\2.jpg": "2.png",
        "none": "none.png",
    }


@pytest.mark.parametrize(
    "names", [["1.jpg", "1.png"], ["a/1.jpg", "b/1.jpg"], ["Cat.jpg", "cat.jpg"], ["1.jpg", "1.jpg"]], ids=str
)
def test_two_images_that_would_share_a_mask_are_refused_before_anything_is_drawn(
    coco, tmp_path: Path, names: list[str]
):
    path = coco(images=[{"file_name": name} for name in names])
    with pytest.raises(DataError, match=rf"'{names[0]}' and '{names[1]}' would share"):
        masks(path, tmp_path / "out", reporter=QUIET)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "binery"}, "Unknown mode 'binery'. Nearest: binary"),
        ({"overlap": "highest"}, "Unknown overlap rule 'highest'. Nearest: highest-index"),
        ({"crowd": "ignored"}, "Unknown crowd rule 'ignored'. Nearest: ignore"),
        ({"classes": ["persn"]}, "'persn'. Nearest: person"),
        ({"workers": -1}, "--workers -1: expected 0"),
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


def test_the_command_prints_json_only_on_standard_output(scene: Path, tmp_path: Path, capsys):
    assert main(["masks", str(scene), "--out", str(tmp_path / "out"), "--json", "--classes", "dog,person"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["files"] == 1
    assert [c["name"] for c in printed["classes"]] == ["dog", "person"]
    assert printed["annotations"] == {"in": 3, "used": 3, "skipped": {}, "faults": []}


def test_the_command_says_where_every_annotation_went(coco, tmp_path: Path, capsys):
    path = coco({}, {"segmentation": []}, {"category_id": 2}, {"image_id": 9})
    assert main(["masks", str(path), "--out", str(tmp_path / "out"), "--classes", "person"]) == 0
    out, err = capsys.readouterr()
    assert "4 found = 1 used + 3 skipped (1 empty_segmentation, 1 other_class, 1 unknown_image)" in out
    assert f"{path}: annotation 2 (image 1) has an empty segmentation; skipped." in err
    assert f"{path}: annotation 4 refers to image 9, which the file does not list; skipped." in err


def test_quiet_leaves_the_faults_said(coco, tmp_path: Path, capsys):
    path = coco({"segmentation": []})
    assert main(["masks", str(path), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert "annotation 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("labels.json", "{", 1), ("labels.json", "[]", 1), ("other.json", "{}", 2)],
    ids=["cut", "not COCO", "missing"],
)
def test_the_command_names_the_file_it_cannot_read(tmp_path: Path, capsys, name: str, content: str, code: int):
    (tmp_path / name).write_text(content)
    assert main(["masks", str(tmp_path / "labels.json"), "--out", str(tmp_path / "out")]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert "labels.json" in err
    assert "Traceback" not in err
