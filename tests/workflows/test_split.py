import contextlib
import csv
import io
import json
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from maskwright.errors import DataError, UsageError
from maskwright.progress import Reporter
from maskwright.workflows.split import split

TEN = [{}] * 10


def records(path: Path, key: str) -> dict[int, dict]:
    return {record["id"]: record for record in json.loads(path.read_text(encoding="utf-8"))[key]}


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "split.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def part_of(folder: Path) -> dict[str, str]:
    return {row["file_name"]: row["part"] for row in rows(folder)}


@pytest.mark.parametrize("part", ["train-300", "validation-300"])
def test_parts_of_coco_hold_every_record_once_and_unchanged(shared: Path, tmp_path: Path, part: str):
    source = shared / "data" / "coco300" / part / "labels.json"
    summary = split(source, tmp_path)
    assert [len(ids) for ids in summary.images.values()] == [240, 30, 30]
    for key in ("images", "annotations"):
        parts = [records(tmp_path / f"{name}.json", key) for name in summary.images]
        assert sum(map(len, parts)) == len({i for records in parts for i in records})
        assert {i: r for records in parts for i, r in records.items()} == records(source, key)
    whole = json.loads(source.read_text(encoding="utf-8"))
    for name, ids in summary.images.items():
        written = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert {key: written[key] for key in ("categories", "info", "licenses")} == {
            key: whole[key] for key in ("categories", "info", "licenses")
        }
        with contextlib.redirect_stdout(io.StringIO()):
            oracle = COCO(str(tmp_path / f"{name}.json"))
        assert sorted(oracle.imgs) == ids
        assert {annotation["image_id"] for annotation in oracle.anns.values()} <= set(ids)
    assert summary.audit.found == len(whole["annotations"])
    assert summary.audit.adds_up


def test_the_files_beside_the_parts_say_where_every_image_went(coco, tmp_path: Path):
    path = coco(*({"image_id": i} for i in range(1, 9)), images=TEN)
    summary = split(path, tmp_path / "out", ratios=(0.5, 0.5))
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        *("train.json", "validation.json", "split.csv", "split.json", "split.txt", ".maskwright-split")
    }
    assert [row["file_name"] for row in rows(tmp_path / "out")] == [f"{i}.png" for i in range(1, 11)]
    for name, ids in summary.images.items():
        assert sorted(records(tmp_path / "out" / f"{name}.json", "images")) == ids
        assert {f"{i}.png" for i in ids} == {f for f, part in part_of(tmp_path / "out").items() if part == name}
    saved = json.loads((tmp_path / "out" / "split.json").read_text(encoding="utf-8"))
    assert saved == summary.to_json()
    assert saved["parts"]["train"] == {"file": "train.json", "images": 5, "annotations": 4, "share": 0.5, "asked": 0.5}
    assert saved["images"] == {"in": 10, "used": 10, "left_out": {}}
    assert (tmp_path / "out" / "split.txt").read_text(encoding="utf-8").splitlines()[-1].startswith("all images")


def test_the_seed_alone_decides(coco, tmp_path: Path):
    path = coco(*({"image_id": i} for i in range(1, 11)), images=TEN)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        split(path, tmp_path / name, ratios=(1, 1), seed=seed)
    assert part_of(tmp_path / "a") == part_of(tmp_path / "b") != part_of(tmp_path / "c")


def test_images_of_a_field_stay_together_and_the_csv_names_their_group(coco, tmp_path: Path):
    images = [{"patient": f"p{i // 3}"} if i < 9 else {} for i in range(12)]
    heard = io.StringIO()
    reporter = Reporter(quiet=True, stream=heard)
    for seed in range(5):
        split(coco({}, images=images), tmp_path, ratios=(1, 1), groups="patient", seed=seed, reporter=reporter)
        found = rows(tmp_path)
        assert [row["group"] for row in found] == [image.get("patient", "") for image in images]
        assert all(len({row["part"] for row in found if row["group"] == f"p{n}"}) == 1 for n in range(3))
    assert "patient: images without a group: 10.png, 11.png, 12.png; each is on its own." in heard.getvalue()


def test_groups_of_a_file_are_joined_by_images_that_are_one_picture(coco, tmp_path: Path):
    names = ["a.png", "a.jpg", "b.png", "c.png", "d.png", "e.png"]
    (tmp_path / "groups.csv").write_text("a.png,one\nb.png,one\na.jpg,two\nc.png,two\ngone.png,two\n")
    heard = io.StringIO()
    path = coco({}, images=[{"file_name": name} for name in names])
    summary = split(
        path,
        tmp_path / "out",
        ratios=(2, 1),
        groups=str(tmp_path / "groups.csv"),
        reporter=Reporter(quiet=True, stream=heard),
    )
    assert summary.leak_groups.sets == [{1, 2, 3, 4}]
    assert [row["group"] for row in rows(tmp_path / "out")] == ["one + two"] * 4 + ["", ""]
    assert part_of(tmp_path / "out")["d.png"] == part_of(tmp_path / "out")["e.png"] == "validation"
    assert summary.to_json()["together"]["reasons"] == {
        **{"same_name": 1, "same_url": 0},
        **{"group": 2, "picture": 0},
    }
    assert f"names without an image in {path}: gone.png." in heard.getvalue()


def test_images_of_one_picture_are_a_group_called_by_the_first(coco, tmp_path: Path):
    names = ["a.png", "b.png", "a.jpg", "c.png"]
    split(coco({}, images=[{"file_name": name} for name in names]), tmp_path, ratios=(1, 1))
    assert [row["group"] for row in rows(tmp_path)] == ["a.png", "", "a.png", ""]
    assert part_of(tmp_path)["a.png"] == part_of(tmp_path)["a.jpg"] != part_of(tmp_path)["b.png"]


def test_parts_have_the_usual_names_or_those_given(coco, tmp_path: Path):
    path = coco({}, images=TEN)
    assert list(split(path, tmp_path, ratios=(8, 2)).images) == ["train", "validation"]
    assert list(split(path, tmp_path, ratios=(3, 3, 4)).images) == ["train", "validation", "test"]
    assert list(split(path, tmp_path, ratios=(1, 1, 1, 1)).images) == ["part1", "part2", "part3", "part4"]
    assert list(split(path, tmp_path, ratios=(8, 2), names=["fit", "judge"]).images) == ["fit", "judge"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train"], "found 1; expected one for each of 2 parts"),
        (["a", "A"], "a name repeats"),
        (["a", "../b"], "'../b' cannot be the name of a part"),
        (["a", ""], "'' cannot be the name"),
        (["a", "split"], "other than 'split'"),
    ],
)
def test_names_that_do_not_fit_are_refused(coco, tmp_path: Path, names: list[str], message: str):
    with pytest.raises(UsageError, match=message):
        split(coco({}, images=TEN), tmp_path / "out", ratios=(1, 1), names=names)
    assert not (tmp_path / "out").exists()


def test_a_part_without_images_is_refused_and_nothing_is_written(coco, tmp_path: Path):
    images = [{"scene": "one"}] * 4
    with pytest.raises(
        DataError, match=r"validation would have no image \(images: 4, 4 of them in groups of up to 4\)"
    ):
        split(coco({}, images=images), tmp_path / "out", ratios=(1, 1), groups="scene")
    with pytest.raises(DataError, match=r"validation and test would have no image \(images: 1\)"):
        split(coco({}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_file_that_is_read_is_never_overwritten(coco, tmp_path: Path):
    path = coco({}, images=TEN, name="train.json")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="it is the file that is read"):
        split(path, tmp_path)
    assert path.read_bytes() == before


def test_records_that_cannot_be_read_are_counted(coco, tmp_path: Path):
    path = coco({}, {"image_id": 77}, {"id": 1}, images=[{}, {}, {"height": -1}, {"id": 1}])
    summary = split(path, tmp_path, ratios=(1, 1))
    assert summary.to_json()["images"] == {"in": 4, "used": 2, "left_out": {"bad_image": 1, "duplicate_id": 1}}
    assert dict(summary.audit.skipped) == {"unknown_image": 1, "duplicate_id": 1}
    assert (summary.audit.found, summary.audit.used) == (3, 1)
