"""Images of a model's training among those that a transfer scores are found by their content."""

import json
import shutil
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.recipes.loading import load_recipe
from maskwright.recipes.transfer import ImageSet
from maskwright.runs.loaded_model import model_file
from maskwright.transfers.datasets import TransferDataset, load_transfer_dataset
from maskwright.transfers.unseen_images import (
    files_in_common,
    require_other_images,
    require_unseen_images,
    training_sources,
)


def drawn(folder: Path, images: int, seed: int, name: str = "source") -> TransferDataset:
    section = ImageSet.model_validate({"shapes": {"images": images, "seed": seed}})
    return load_transfer_dataset(name, section, folder, folder / name)


def pictures_of_the_training(run: Path) -> list[Path]:
    recorded = json.loads((run / "trained_on.json").read_text(encoding="utf-8"))
    return [Path(recorded["folder"]) / name for name in recorded["bytes"]]


def test_a_source_of_images_that_a_run_was_trained_on_is_refused(instance_run: Path, tmp_path: Path):
    source, other = drawn(tmp_path, 4, 1000), drawn(tmp_path, 4, 1001, "fog")
    file = model_file(instance_run)
    require_unseen_images("it", file, source, {"fog": other})
    for name, picture in zip(("000001.jpg", "000003.jpg"), pictures_of_the_training(instance_run), strict=False):
        shutil.copy(picture, source.folder / name)
    with pytest.raises(UsageError, match=r"it: .* 2 of the 4 images \(000001\.jpg, 000003\.jpg\) of the source"):
        require_unseen_images("it", file, source, {"fog": other})
    with pytest.raises(UsageError, match=r"maskwright split"):
        require_unseen_images("it", file, source, {})
    with pytest.raises(UsageError, match=r"of the target 'fog'.*Name it under bound"):
        require_unseen_images("it", file, other, {"fog": source})


def test_of_a_run_without_recorded_images_the_annotation_file_decides(instance_run: Path, tmp_path: Path):
    run = shutil.copytree(instance_run, tmp_path / "run")
    (run / "trained_on.json").unlink()
    source = drawn(tmp_path, 4, 1000)
    require_unseen_images("it", model_file(run), source, {})
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    same = TransferDataset("source", source.folder, source.table, source.images, [], dict(card["data"]["train"]))
    with pytest.raises(UsageError, match="the annotation file of the source"):
        require_unseen_images("it", model_file(run), same, {})


def test_what_is_fine_tuned_on_is_not_scored(tmp_path: Path):
    target, train = drawn(tmp_path, 4, 6, "fog"), drawn(tmp_path, 3, 7, "fog-train")
    require_other_images("fog", train, target)
    # The longer set begins with the shorter one.
    with pytest.raises(UsageError, match=r"targets\.fog\.train: 2 of the 4 images"):
        require_other_images("fog", drawn(tmp_path, 2, 6, "again"), target)


def test_files_are_in_common_by_place_or_content(tmp_path: Path):
    data = {"source": {"images": "images", "annotations": "a.json"}, "split": "8:2", "root": str(tmp_path)}
    recipe = load_recipe(load_recipe("demo-instance").model_dump(mode="json") | {"data": data})
    (source,) = training_sources(recipe)
    assert source.annotations == "a.json"
    for name, content in (("a.json", "1"), ("same.json", "1"), ("other.json", "2")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    common = {
        name: files_in_common(recipe, ImageSet(images="images", annotations=name), tmp_path)
        for name in ("a.json", "same.json", "other.json")
    }
    assert common == {"a.json": tmp_path / "a.json", "same.json": tmp_path / "a.json", "other.json": None}
