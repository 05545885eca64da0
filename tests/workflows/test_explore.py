import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.workflows.explore import explore

QUIET = Reporter(quiet=True)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with 1.png and 2.png of 48 × 64 pixels (height × width)."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in (1, 2):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((48, 64, 3), 90, np.uint8))
    return folder


def test_without_a_folder_nothing_is_written(coco, tmp_path):
    path = coco({}, {"category_id": 2})
    before = set(tmp_path.rglob("*"))
    found = explore(path, reporter=QUIET)
    assert set(tmp_path.rglob("*")) == before
    assert (found.statistics.instances, found.page) == (2, None)


def test_page_numbers_and_figures_are_written(coco, tmp_path, images):
    path = coco({}, {"category_id": 2}, {"image_id": 2}, images=[{}, {}])
    found = explore(path, images=images, out=tmp_path / "out", reporter=QUIET)
    assert found.page == tmp_path / "out" / "explore.html"
    files = {str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()}
    names = {Path(file).stem for file in files if file.endswith(".svg")}
    assert {"instances_per_class", "object_sizes", "co_occurrence", "overlap"} <= names
    figures = {f"figures/{name}.{suffix}" for name in names for suffix in ("svg", "png")}
    assert files == {".maskwright-explore", "explore.html", "statistics.json", "figures/contact_sheet.png", *figures}
    assert json.loads((tmp_path / "out" / "statistics.json").read_text()) == found.to_json()


def test_every_annotation_is_used_or_skipped_for_a_reason(coco):
    path = coco(
        {},
        {"segmentation": []},
        {"segmentation": [[1, 2]]},
        {"category_id": 2},
        {"image_id": 99},
        {"category_id": 99},
        {"id": 1},
        {"iscrowd": 1},
        images=[{}, {"id": 1}],
    )
    found = explore(path, classes=["person"], reporter=QUIET).to_json()
    audit = found["annotations"]
    assert audit["in"] == 8 == audit["used"] + sum(audit["skipped"].values())
    assert audit["used"] == found["instances"] + found["crowds"] == 2
    assert audit["skipped"]["other_class"] == 1
    assert found["unread"] == {"images": {"duplicate_id": 1}, "categories": {}}


def test_classes_are_matched_in_unicode_form_nfc(coco):
    path = coco({"category_id": 3}, categories={3: "cafe\u0301 table", 5: "dog"})
    found = explore(path, classes=["caf\u00e9 table"], reporter=QUIET)
    assert found.statistics.table.names == ["caf\u00e9 table"]
    assert found.statistics.instances == 1


def test_an_unknown_class_is_refused_with_the_nearest(coco, tmp_path):
    with pytest.raises(UsageError, match=r"Unknown class .* 'persn'.*Nearest: person"):
        explore(coco({}), classes=["persn"], out=tmp_path / "out", reporter=QUIET)
    assert not (tmp_path / "out").exists()


def test_pictures_need_a_folder_to_go_to_and_one_to_come_from(coco, tmp_path, images):
    with pytest.raises(UsageError, match=r"--images .* --out"):
        explore(coco({}), images=images, reporter=QUIET)
    with pytest.raises(UsageError, match=r"imagse: it does not exist.*Nearest.*images"):
        explore(coco({}), images=tmp_path / "imagse", out=tmp_path / "out", reporter=QUIET)


def test_a_file_that_is_no_coco_is_refused(tmp_path):
    (tmp_path / "labels.json").write_text("[]")
    with pytest.raises(DataError, match=r"labels\.json"):
        explore(tmp_path / "labels.json", reporter=QUIET)


def test_a_second_call_leaves_no_figure_of_the_first_and_no_file_of_others(coco, tmp_path, images):
    out = tmp_path / "out"
    explore(coco({}, {"category_id": 2}), images=images, out=out, reporter=QUIET)
    (out / "figures" / "mine.png").write_bytes(b"mine")
    (out / "notes.txt").write_text("mine")
    explore(coco(name="none.json"), out=out, reporter=QUIET)
    assert {file.name for file in (out / "figures").iterdir()} == {
        "mine.png",
        *(f"{name}.{s}" for name in ("instances_per_image", "image_sizes", "aspect_ratios") for s in ("svg", "png")),
    }
    assert (out / "notes.txt").read_text() == "mine"


def test_the_page_names_the_data_set_and_no_folder_of_the_machine(coco, tmp_path, images):
    path = coco({}, {"segmentation": []}, {"image_id": 2}, images=[{}, {}, {}])
    (images / "2.png").unlink()
    html = explore(path, images=images, out=tmp_path / "out", reporter=QUIET).page.read_text()
    assert f"<h1>{tmp_path.name}/labels.json</h1>" in html
    assert "empty_segmentation" in html
    assert str(tmp_path) not in html


def test_masks_are_not_kept(coco, monkeypatch):
    """The objects of an image are gone before the next but one is drawn."""
    import gc
    import weakref

    from maskwright.workflows import explore as workflow

    alive, draw = [], workflow.draw_objects

    def drawing(*arguments):
        gc.collect()
        assert sum(reference() is not None for reference in alive) <= 1
        objects = draw(*arguments)
        alive.append(weakref.ref(objects))
        return objects

    monkeypatch.setattr(workflow, "draw_objects", drawing)
    explore(coco(*[{"image_id": i} for i in range(1, 9)], images=[{}] * 8), reporter=QUIET)
    assert len(alive) == 8
