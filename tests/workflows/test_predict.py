"""Prediction over a folder, through the command line."""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from maskwright.cli.main import main
from maskwright.files import read_json, write_json
from maskwright.images.decode import read_image
from maskwright.images.video_frames import VideoFrames, write_video
from maskwright.masks.png import read_label_map
from maskwright.synthetic.shapes import CATEGORY_IDS
from tests.evaluation.invented_coco import pycocotools_scores, same


@pytest.fixture
def images(semantic_run: Path, tmp_path: Path) -> Path:
    """Three images of different sizes, one of them grey, and a file that is none."""
    folder = tmp_path / "images"
    folder.mkdir()
    sources = sorted((semantic_run / "data" / "validation" / "images").iterdir())[:3]
    for source in sources:
        shutil.copy(source, folder)
    grey = cv2.imread(str(sources[0]), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    cv2.imwrite(str(folder / "grey.png"), grey[:77, :90])
    (folder / "broken.jpg").write_bytes(b"not an image")
    return folder


def test_a_semantic_model_writes_label_maps_of_the_original_sizes(
    semantic_run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["predict", str(semantic_run), str(images), "--out", str(out), "--json", "--quiet"]) == 0
    shown = capsys.readouterr()
    summary = json.loads(shown.out)
    assert summary["images"] == 4
    assert list(summary["skipped"]) == ["broken.jpg"]
    assert set(summary["images_with"]) == {"disc", "square", "triangle", "ring"}
    assert "broken.jpg" in shown.err
    assert read_label_map(out / "label_maps" / "grey.png").shape == (77, 90)
    assert {c["name"] for c in json.loads((out / "classes.json").read_text())} == {"disc", "square", "triangle", "ring"}
    assert len(list((out / "overlays").iterdir())) == 4


def test_several_images_are_predicted_as_a_glob_without_quotes_gives_them(
    semantic_run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(path) for path in sorted(images.iterdir())]
    assert main(["predict", str(semantic_run), *files, files[0], "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("4 images predicted, 1 skipped;")


def test_an_instance_model_writes_coco_results(instance_run: Path, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    model = instance_run / "checkpoints" / "last"
    assert main(["predict", str(model), str(images), "--out", str(out), "--score", "0", "--quiet"]) == 0
    records = json.loads((out / "instances.json").read_text())
    assert records
    for record in records:
        height, width = record["segmentation"]["size"]
        image = cv2.imread(str(images / record["file_name"]))
        assert image is not None
        assert (height, width) == image.shape[:2]
        assert 0 <= record["score"] <= 1
        # The ids of the file that the model was trained on.
        assert record["category_id"] in CATEGORY_IDS.values()
        x, y, w, h = record["bbox"]
        assert -1e-3 <= x <= x + w <= width + 1e-3
        assert -1e-3 <= y <= y + h <= height + 1e-3
        assert coco_mask.decode(record["segmentation"]).shape == (height, width)


def test_ids_of_a_file_are_what_pycocotools_compares(
    instance_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Other ids than in the training: those of two classes are exchanged.
    truth = read_json(instance_run / "data" / "validation" / "annotations.json")
    other = {3: 7, 7: 3, 11: 0, 20: 90}
    for each in truth["categories"]:
        each["id"] = other[each["id"]]
    for each in truth["annotations"]:
        each["category_id"] = other[each["category_id"]]
        each["image_id"] += 500
    for each in truth["images"]:
        each |= {"id": each["id"] + 500, "file_name": f"val/{each['file_name']}"}
    write_json(tmp_path / "truth.json", truth)
    images, out = instance_run / "data" / "validation" / "images", tmp_path / "out"
    arguments = ["predict", str(instance_run), str(images), "--out", str(out), "--score", "0", "--no-overlays"]
    assert main([*arguments, "--ids-of", str(tmp_path / "truth.json"), "--quiet"]) == 0
    classes = read_json(out / "classes.json")
    assert {each["name"]: (each["index"], each["category_id"]) for each in classes} == {
        "disc": (1, 7), "square": (2, 3), "triangle": (3, 0), "ring": (4, 90),
    }  # fmt: skip
    capsys.readouterr()
    results = out / "instances.json"
    assert main(["score", "instance", str(tmp_path / "truth.json"), str(results), "--json", "--quiet"]) == 0
    ours = json.loads(capsys.readouterr().out)
    for kind in ("bbox", "segm"):
        theirs = pycocotools_scores(truth, read_json(results), kind)
        assert all(same(ours[kind][name], theirs[name]) for name in ours[kind])
    assert any(each["category_id"] == 7 for each in read_json(results))


def test_ids_of_a_file_are_for_instances(
    semantic_run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = semantic_run / "data" / "validation" / "annotations.json"
    arguments = ["predict", str(semantic_run), str(images), "--out", str(tmp_path / "o"), "--ids-of", str(file)]
    assert main(arguments) == 2
    assert "--ids-of is for instance models" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_the_score_threshold_keeps_only_better_instances(instance_run: Path, images: Path, tmp_path: Path) -> None:
    scores = []
    for threshold in ("0", "0.3"):
        out = tmp_path / threshold
        arguments = ["predict", str(instance_run), str(images), "--out", str(out), "--score", threshold, "--quiet"]
        assert main([*arguments, "--no-overlays"]) == 0
        scores.append([record["score"] for record in json.loads((out / "instances.json").read_text())])
        assert not (out / "overlays").exists()
    assert [score for score in scores[0] if score >= 0.3] == scores[1]


def test_one_file_and_a_model_file_are_enough(semantic_run: Path, images: Path, tmp_path: Path) -> None:
    model = tmp_path / "moved.safetensors"
    shutil.copy(semantic_run / "checkpoints" / "best" / "model.safetensors", model)
    assert main(["predict", str(model), str(images / "grey.png"), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert [file.name for file in (tmp_path / "out" / "label_maps").iterdir()] == ["grey.png"]


def test_predictions_equal_those_of_the_evaluation(semantic_run: Path, tmp_path: Path) -> None:
    folder = semantic_run / "data" / "validation" / "images"
    assert main(["predict", str(semantic_run), str(folder), "--out", str(tmp_path), "--quiet", "--no-overlays"]) == 0
    for file in (tmp_path / "label_maps").iterdir():
        evaluated = read_label_map(semantic_run / "predictions" / "validation" / "label_maps" / file.name)
        assert np.array_equal(read_label_map(file), evaluated)


def predicted(run: Path, images: Path, out: Path, *options: str) -> dict[str, np.ndarray]:
    """The label maps that the command writes, by file name."""
    assert main(["predict", str(run), str(images), "--out", str(out), "--quiet", "--no-overlays", *options]) == 0
    return {file.name: read_label_map(file) for file in (out / "label_maps").iterdir()}


@pytest.mark.parametrize("options", [["--flip"], ["--scales", "0.75,1,1.25"], ["--tile", "48"]], ids=" ".join)
def test_averaging_keeps_sizes_and_changes_some_pixels(
    options: list[str], semantic_run: Path, images: Path, tmp_path: Path
) -> None:
    plain = predicted(semantic_run, images, tmp_path / "plain")
    averaged = predicted(semantic_run, images, tmp_path / "averaged", *options)
    assert {name: each.shape for name, each in averaged.items()} == {name: each.shape for name, each in plain.items()}
    assert any((averaged[name] != plain[name]).any() for name in plain)


@pytest.mark.parametrize(
    "options", [["--scales", "1"], ["--tile", "5000"], ["--tile", "5000", "--overlap", "0.5"]], ids=" ".join
)
def test_one_view_of_the_whole_image_is_the_plain_prediction(
    options: list[str], semantic_run: Path, images: Path, tmp_path: Path
) -> None:
    plain = predicted(semantic_run, images, tmp_path / "plain")
    once = predicted(semantic_run, images, tmp_path / "once", *options)
    assert all(np.array_equal(once[name], plain[name]) for name in plain)


def test_an_instance_model_refuses_what_averages_probabilities(
    instance_run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(instance_run), str(images), "--out", str(tmp_path / "o"), "--flip"]) == 2
    assert "--flip and --scales average" in capsys.readouterr().err
    arguments = ["predict", str(instance_run), str(images), "--out", str(tmp_path / "o"), "--tile", "64"]
    assert main([*arguments, "--overlap", "0"]) == 2
    assert "an overlap above 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--score", "1.5"),
        ("--batch", "0"),
        ("--batch", "many"),
        ("--batch", "-1"),
        ("--device", "tpu"),
        ("--scales", "0"),
        ("--scales", "1,two"),
        ("--scales", ""),
        ("--scales", "1,inf"),
        ("--tile", "8"),
        ("--overlap", "1"),
        ("--overlap", "nan"),
    ],
)
def test_a_wrong_option_ends_with_2(option: str, value: str, semantic_run: Path, images: Path, tmp_path: Path) -> None:
    assert main(["predict", str(semantic_run), str(images), "--out", str(tmp_path / "o"), option, value]) == 2


def test_a_weights_file_without_a_card_is_refused(tmp_path: Path, images: Path, capsys) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    assert main(["predict", str(tmp_path / "foreign.safetensors"), str(images), "--out", str(tmp_path / "o")]) == 1
    assert "without a card" in capsys.readouterr().err


FORMS = "classes: {round: [disc, ring], angular: [square]}\nignore: [triangle]\n"


def test_results_in_other_classes_are_the_model_s_own_translated(
    semantic_run: Path, instance_run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taxonomy = tmp_path / "forms.yaml"
    taxonomy.write_text(FORMS, encoding="utf-8")
    becomes = np.array([0, 1, 2, 0, 1])  # background disc square triangle ring
    for run in (semantic_run, instance_run):
        options = [str(run), str(images), "--score", "0", "--quiet"]
        own, other = tmp_path / run.name / "own", tmp_path / run.name / "other"
        assert main(["predict", *options, "--out", str(own), "--no-overlays"]) == 0
        assert main(["predict", *options, "--out", str(other), "--taxonomy", str(taxonomy)]) == 0
        assert f"(by taxonomy {taxonomy})" in capsys.readouterr().out
        classes = json.loads((other / "classes.json").read_text())
        assert [(each["index"], each["name"]) for each in classes] == [(1, "round"), (2, "angular")]
        assert json.loads((other / "taxonomy.json").read_text())["model"] == "source"
        assert not (own / "taxonomy.json").exists()
        assert len(list((other / "overlays").iterdir())) == 4
    own, other = tmp_path / semantic_run.name / "own", tmp_path / semantic_run.name / "other"
    for file in (own / "label_maps").iterdir():
        assert (read_label_map(other / "label_maps" / file.name) == becomes[read_label_map(file)]).all()
    own, other = (tmp_path / instance_run.name / each / "instances.json" for each in ("own", "other"))
    # The model's own classes have the ids of its training file; those of the taxonomy are of no file.
    index = {each["category_id"]: each["index"] for each in read_json(own.with_name("classes.json"))}
    expected = [
        record | {"category_id": int(becomes[index[record["category_id"]]])}
        for record in json.loads(own.read_text())
        if becomes[index[record["category_id"]]]
    ]
    assert json.loads(other.read_text()) == expected != []


def test_a_taxonomy_that_does_not_fit_is_refused_before_anything_is_written(
    semantic_run: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for options, message in (
        (["--taxonomy", "coco-to-voc"], "does not account for the source class(es) disc"),
        (["--taxonomy", "coco-to-vok"], "Shipped: coco-to-voc"),
        (["--rider", "person"], "Add --taxonomy"),
    ):
        assert main(["predict", str(semantic_run), str(images), "--out", str(out), *options, "--quiet"]) == 2
        assert message in capsys.readouterr().err
    assert not out.exists()


STREET = "classes: {car: [disc, ring], person: [square]}\nabsent: [triangle]\n"


@pytest.fixture
def frames(images: Path) -> Path:
    """The images called as Cityscapes calls its own."""
    for number, path in enumerate(sorted(images.iterdir())):
        path.rename(images / f"aachen_{number:06d}_000019_leftImg8bit{path.suffix}")
    return images


def test_the_official_files_of_cityscapes_hold_what_the_coco_results_hold(
    instance_run: Path, frames: Path, tmp_path: Path
) -> None:
    taxonomy, out = tmp_path / "street.yaml", tmp_path / "out"
    taxonomy.write_text(STREET, encoding="utf-8")
    options = ["--score", "0", "--taxonomy", str(taxonomy), "--layout", "cityscapes", "--quiet", "--no-overlays"]
    assert main(["predict", str(instance_run), str(frames), "--out", str(out), *options]) == 0
    # One for each image that could be read.
    texts = {path.name.removesuffix("_pred.txt"): path for path in (out / "cityscapes").glob("*.txt")}
    assert len(texts) == len(list(frames.iterdir())) - 1 == 4
    label_ids = {
        each["index"]: {"car": 26, "person": 24}[each["name"]]
        for each in json.loads((out / "classes.json").read_text())
    }
    records = json.loads((out / "instances.json").read_text())
    found = [line.split() for frame in sorted(texts) for line in texts[frame].read_text().splitlines()]
    assert [(int(label), float(score)) for _, label, score in found] == [
        (label_ids[record["category_id"]], record["score"]) for record in records
    ]
    for (mask, _, _), record in zip(found, records, strict=True):
        pixels = cv2.imread(str(out / "cityscapes" / mask), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        assert ((pixels == 255) == coco_mask.decode(record["segmentation"])).all()


def test_what_the_official_layout_cannot_hold_is_refused_before_anything_is_written(
    semantic_run: Path, instance_run: Path, images: Path, frames: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "out"
    for run, layout, message in (
        (instance_run, "cityscapes", "4 classes (disc, square, triangle, ring)"),
        (semantic_run, "cityscapes", "a semantic model"),
        (instance_run, "cityscape", "Nearest: cityscapes"),
    ):
        assert main(["predict", str(run), str(frames), "--out", str(out), "--layout", layout, "--quiet"]) == 2
        assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_batches_write_what_single_images_write(
    task: str, images: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(f"{task}_run")
    for name, options in (("one", []), ("several", ["--batch", "3"])):
        arguments = ["predict", str(run), str(images), "--out", str(tmp_path / name), "--quiet", "--no-overlays"]
        assert main([*arguments, "--score", "0", *options]) == 0
    one, several = tmp_path / "one", tmp_path / "several"
    if task == "semantic":
        for file in (one / "label_maps").iterdir():
            found = read_label_map(several / "label_maps" / file.name)
            assert (found != read_label_map(file)).mean() < 1e-3  # where two classes are as likely, but for rounding
        return
    records, others = (json.loads((folder / "instances.json").read_text()) for folder in (one, several))
    assert len(records) == len(others) > 0
    for record, other in zip(records, others, strict=True):
        same = ("image_id", "file_name", "category_id")
        assert [record[key] for key in same] == [other[key] for key in same]
        np.testing.assert_allclose(record["bbox"], other["bbox"], rtol=0, atol=1e-4)
        assert record["score"] == pytest.approx(other["score"], abs=1e-5)
        assert (coco_mask.decode(record["segmentation"]) != coco_mask.decode(other["segmentation"])).sum() <= 1


def test_tiles_are_batches_too(semantic_run: Path, images: Path, tmp_path: Path) -> None:
    one = predicted(semantic_run, images, tmp_path / "one", "--tile", "48")
    several = predicted(semantic_run, images, tmp_path / "several", "--tile", "48", "--batch", "4")
    assert all((one[name] != several[name]).mean() < 1e-3 for name in one)


def results(run: Path, images: str | Path, out: Path, *options: str) -> list[dict]:
    """The objects that the command writes, of any score."""
    arguments = ["predict", str(run), str(images), "--out", str(out), "--score", "0", "--no-overlays", "--quiet"]
    assert main([*arguments, *options]) == 0
    return read_json(out / "instances.json")


def test_the_table_has_a_row_for_each_object(instance_run: Path, images: Path, tmp_path: Path) -> None:
    records = results(instance_run, images, tmp_path / "out")
    with (tmp_path / "out" / "objects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(records) > 0
    names = {each["category_id"]: each["name"] for each in read_json(tmp_path / "out" / "classes.json")}
    for row, record in zip(rows, records, strict=True):
        mask = coco_mask.decode(record["segmentation"])
        assert (row["file"], row["class"], int(row["area"])) == (
            record["file_name"], names[record["category_id"]], int(mask.sum()),
        )  # fmt: skip
        assert float(row["score"]) == pytest.approx(record["score"], abs=1e-6)
        if mask.any():
            down, across = mask.nonzero()
            assert float(row["centre_x"]) == pytest.approx(across.mean() + 0.5, abs=0.01)
            assert float(row["centre_y"]) == pytest.approx(down.mean() + 0.5, abs=0.01)


def test_cutouts_show_the_object_alone(instance_run: Path, images: Path, tmp_path: Path) -> None:
    records = results(instance_run, images / "grey.png", tmp_path / "out", "--cutouts")
    assert records
    pixels = cv2.imread(str(images / "grey.png"))
    assert pixels is not None
    for number, record in enumerate(records, start=1):
        mask = coco_mask.decode(record["segmentation"]).astype(bool)
        if not mask.any():
            continue
        cutout = cv2.imread(str(tmp_path / "out" / "cutouts" / f"grey-{number}.png"), cv2.IMREAD_UNCHANGED)
        assert cutout is not None
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        assert ((cutout[..., 3] == 255) == mask[box]).all()
        assert (cutout[..., :3] == np.where(mask[box][..., None], pixels[box], 0)).all()


def test_cutouts_are_of_objects(semantic_run: Path, images: Path, tmp_path: Path, capsys) -> None:
    assert main(["predict", str(semantic_run), str(images), "--out", str(tmp_path / "o"), "--cutouts"]) == 2
    assert "--cutouts are of the objects" in capsys.readouterr().err


def test_a_zip_and_a_list_on_standard_input_give_what_the_folder_gives(
    instance_run: Path, images: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = results(instance_run, images, tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in images.iterdir():
            archive.write(path, f"some/where/{path.name}")
        archive.writestr("../climbs.png", b"out")
    assert results(instance_run, tmp_path / "photos.zip", tmp_path / "zip") == expected
    shown = capsys.readouterr().err
    assert "climbs.png' has a name that leads out" in shown
    assert "broken.jpg" in shown
    listed = "\n".join(str(path) for path in sorted(images.iterdir()))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{listed}\n\n"))
    assert results(instance_run, "-", tmp_path / "list") == expected


def test_one_tile_gives_the_objects_of_the_image(instance_run: Path, images: Path, tmp_path: Path) -> None:
    expected = results(instance_run, images, tmp_path / "whole")
    assert results(instance_run, images, tmp_path / "one", "--tile", "5000") == expected
    tiled = results(instance_run, images, tmp_path / "tiles", "--tile", "64", "--batch", "4")
    assert {each["file_name"] for each in tiled} <= {path.name for path in images.iterdir()}
    assert all(coco_mask.decode(each["segmentation"]).shape == tuple(each["segmentation"]["size"]) for each in tiled)


def test_the_fastest_batch_is_tried(semantic_run: Path, images: Path, tmp_path: Path) -> None:
    one = predicted(semantic_run, images, tmp_path / "one")
    several = predicted(semantic_run, images, tmp_path / "several", "--batch", "auto")
    assert one.keys() == several.keys()
    assert all((one[name] != several[name]).mean() < 1e-3 for name in one)


def test_a_video_is_predicted_frame_by_frame(
    semantic_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = sorted((semantic_run / "data" / "validation" / "images").iterdir())[:3]
    shown = [cv2.resize(read_image(photo), (96, 96)) for photo in photos for _ in range(2)]
    clip, out = tmp_path / "clip.mkv", tmp_path / "out"
    write_video(clip, shown, 6.0)
    command = ["predict", str(semantic_run), str(clip), "--out", str(out), "--quiet"]
    assert main([*command, "--every", "2"]) == 0
    assert capsys.readouterr().out.startswith("3 images predicted, 0 skipped;")
    names = ["clip-000000", "clip-000002", "clip-000004"]
    assert sorted(path.stem for path in (out / "label_maps").iterdir()) == names
    assert sorted(path.name for path in (out / "overlays").iterdir()) == [
        *(f"{n}.jpg" for n in names),
        "clip.mkv",
    ]
    drawn = VideoFrames(out / "overlays" / "clip.mkv")
    assert (drawn.count, drawn.rate) == (3, pytest.approx(3))
    overlays = [read_image(out / "overlays" / f"{name}.jpg") for name in names]
    assert drawn.size == tuple(max(overlay.shape[axis] for overlay in overlays) for axis in (0, 1))
    for number, overlay in enumerate(overlays):
        height, width = overlay.shape[:2]
        assert np.abs(drawn.frame(number)[:height, :width].astype(int) - overlay).mean() < 12
    assert main([*command, "--resume", "--no-overlays"]) == 0
    assert len(list((out / "label_maps").iterdir())) == 6
    assert main([*command, "--every", "0"]) == 2
    assert "--every 0: expected 1 or more" in capsys.readouterr().err
