"""Published checkpoints are listed, fetched, converted, trained further and run from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.files import read_json
from maskwright.model_file import read_model_file
from maskwright.models.published_weights import list_weights
from tests.conftest import CocoFactory
from tests.file_server import Server
from tests.models.detectron2.conftest import HEADS, TINY
from tests.models.tiny_zoo import SIZES, ZOO_NAME, checkpoint, publishing, source_of


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The publisher of one model of the zoo, and an empty folder of downloads."""
    with publishing(tmp_path, monkeypatch) as server:
        yield server


def test_predict_runs_what_was_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = checkpoint(tmp_path / "model.pkl"), tmp_path / "out.safetensors"
    cv2.imwrite(str(tmp_path / "photo.png"), np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    sets = [argument for name, value in SIZES.items() for argument in ("--set", f"{name}={value}")]
    assert main(["weights", "convert", str(source), str(out), "--classes", "a,b,c", *sets, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "detectron2_mask_rcnn_resnet50_fpn"
    assert main(["predict", str(out), str(tmp_path / "photo.png"), "--out", str(tmp_path / "p"), "--score", "0"]) == 0
    assert len(read_json(tmp_path / "p" / "instances.json")) > 0
    assert [record["name"] for record in read_json(tmp_path / "p" / "classes.json")] == ["a", "b", "c"]


def test_a_model_of_cocos_classes_writes_cocos_ids(tmp_path: Path) -> None:
    source, out = checkpoint(tmp_path / "model.pkl", classes=80), tmp_path / "model.safetensors"
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((48, 64, 3), 128, np.uint8))
    sets = [argument for name, value in SIZES.items() for argument in ("--set", f"{name}={value}")]
    assert main(["weights", "convert", str(source), str(out), *sets]) == 0
    assert main(["predict", str(out), str(tmp_path / "photo.png"), "--out", str(tmp_path / "p"), "--score", "0"]) == 0
    classes = {
        each["name"]: (each["index"], each["category_id"]) for each in read_json(tmp_path / "p" / "classes.json")
    }
    # As in instances_val2017.json, which has no 12, 26 and so on.
    assert (classes["person"], classes["stop sign"], classes["toothbrush"]) == ((1, 1), (12, 13), (80, 90))
    found = {each["category_id"] for each in read_json(tmp_path / "p" / "instances.json")}
    assert found <= {number for _, number in classes.values()}
    assert any(number > 11 for number in found)


def test_a_published_name_becomes_a_model_file_through_the_network(
    zoo: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zoo.sends = [len(zoo.content) // 4] * 3  # of three tries each: the first command gives up
    assert main(["weights", "fetch", ZOO_NAME]) == 1
    assert "the next try goes on from there" in capsys.readouterr().err
    assert main(["weights", "fetch", ZOO_NAME, "--json"]) == 0
    assert zoo.asked[0] is None
    assert None not in zoo.asked[1:]  # what had come was not sent again
    file = Path(json.loads(capsys.readouterr().out)["file"])
    assert file.read_bytes() == zoo.content
    assert file.is_relative_to(tmp_path / "home")

    asked = len(zoo.asked)
    out = tmp_path / "out.safetensors"
    assert main(["weights", "convert", ZOO_NAME, str(out)]) == 0
    assert len(zoo.asked) == asked  # the file is there and right
    card, _ = read_model_file(out)
    assert (card.name, card.table.names[0]) == ("detectron2_mask_rcnn_resnet50_fpn", "person")
    assert source_of(out)["address"] == zoo.address


def test_convert_fetches_a_published_name_first(zoo: Server, tmp_path: Path) -> None:
    zoo.sends = [1000]  # and goes on where it breaks off
    assert main(["weights", "convert", ZOO_NAME, str(tmp_path / "out.safetensors"), "--quiet"]) == 0
    assert zoo.asked == [None, "bytes=1000-"]


def test_a_zoo_model_is_trained_further_on_other_classes(
    zoo: Server, coco: CocoFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [{"id": number, "file_name": f"{number}.png"} for number in (1, 2)]
    labels = coco(
        *({"category_id": number, "image_id": number} for number in (1, 2)),
        images=images,
        categories={1: "unicorn", 2: "dog"},
    )
    for image in images:
        cv2.imwrite(str(tmp_path / image["file_name"]), np.full((48, 64, 3), 128, np.uint8))
    source = {"images": str(tmp_path), "annotations": str(labels)}
    model = {"name": "detectron2_mask_rcnn_resnet50_fpn", "weights": "coco-3x", "options": TINY | HEADS["mask_rcnn"]}
    sets = [f"data={json.dumps({'train': source, 'validation': source})}", f"model={json.dumps(model)}"]
    sets += ["train.epochs=1", "train.batch_size=2", "train.schedule.warmup_steps=0"]
    arguments = [argument for each in sets for argument in ("--set", each)]
    assert main(["train", "demo-instance", *arguments, "--out", str(tmp_path / "run")]) == 0
    assert "weights coco-3x: " in (told := capsys.readouterr().err)
    assert "; the heads keep what they know of dog, by name\n" in told
    assert read_json(tmp_path / "run" / "card.json")["weights"]["classes"] == ["dog"]


@pytest.mark.parametrize("command", [["fetch", ZOO_NAME], ["convert", ZOO_NAME, "out.safetensors"]])
def test_another_file_at_the_published_address_is_refused_and_removed(
    zoo: Server, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    zoo.content = zoo.content[:-1] + b"x"
    assert main(["weights", *command]) == 1
    told = capsys.readouterr().err
    assert f"expected {zoo.name[-10:-4]}" in told
    assert "was removed" in told
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert not (tmp_path / "out.safetensors").exists()


def test_the_list_is_shown_as_a_table_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = list_weights()
    assert main(["weights", "list"]) == 0
    shown = capsys.readouterr().out
    assert all(weights["name"] in shown for weights in found)
    assert main(["weights", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found
