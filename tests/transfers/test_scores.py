"""From COCO's classes to streets: official scores equal those of result folders; the rules for riders."""

from pathlib import Path
from typing import Any

import pytest

from maskwright.annotations.taxonomy.shared_classes import shared_classes, transfer_taxonomy
from maskwright.files import write_json
from maskwright.progress import Reporter
from maskwright.recipes.transfer import Bootstrap, ImageSet
from maskwright.runs.loaded_model import model_file
from maskwright.structures import ClassTable
from maskwright.transfers.datasets import load_transfer_dataset
from maskwright.transfers.models import open_transfer_model
from maskwright.transfers.predictions import PredictionCache
from maskwright.transfers.scores import Rules, TransferEvaluation
from maskwright.workflows.scoring.score_cityscapes import score_cityscapes
from tests.transfers.transferred import detections, predict_from_truth, write_model

COCO = ("person", "bicycle", "car", "motorcycle", "bus", "train", "truck")
QUIET = Reporter(quiet=True)


def compared(folder: Path, rider: Any) -> tuple[TransferEvaluation, list[dict[str, Any]]]:
    """A model of COCO's classes on streets, which are source and target, and what it found on the target."""
    sections = {name: ImageSet.model_validate({"streets": {"images": 3, "seed": seed, "size": [96, 192]}})
                for name, seed in (("source", 1), ("there", 2))}  # fmt: skip
    sets = {name: load_transfer_dataset(name, section, folder, folder / name) for name, section in sections.items()}
    model = write_model(folder / "model", COCO)
    results = []
    for truth in sets.values():
        results = detections(truth, COCO, 7, 1, 0.1)
        predict_from_truth(folder, "zoo", model, truth, results)
    it = open_transfer_model("zoo", "model", model_file(model), {})
    # The source has COCO's classes: its riders are persons.
    own = ClassTable.from_names(COCO)
    source = sets["source"]
    persons = [
        {**each, "category_id": own.index_of("person" if name == "rider" else name)}
        for each in source.annotations
        if (name := source.table.names[each["category_id"] - 1])
    ]
    source = type(source)("source", source.folder, own, source.images, persons, source.identity)
    taxonomy = transfer_taxonomy(own, sets["there"].table, [it.card.table], "coco-to-cityscapes", rider)
    shared = shared_classes(taxonomy, own, sets["there"].table, {"zoo": it.card.table})
    comparison = TransferEvaluation(shared, source, sets["there"], Rules(0.5, Bootstrap(samples=20)))
    comparison.add(it, PredictionCache(folder, "cpu", QUIET), QUIET)
    return comparison, results


def test_official_numbers_are_those_of_the_official_scorer(tmp_path: Path):
    comparison, results = compared(tmp_path, "absent")
    write_json(tmp_path / "results" / "instances.json", results)
    write_json(tmp_path / "results" / "classes.json", ClassTable.from_names(COCO).to_json())
    theirs = score_cityscapes(tmp_path / "there", tmp_path / "results", split="val", reporter=QUIET).scores
    ours = comparison.official["zoo"]
    assert ours.overall["AP"].value == pytest.approx(theirs["AP"], abs=1e-12)
    assert ours.overall["AP50"].value == pytest.approx(theirs["AP50"], abs=1e-12)
    for name, row in theirs["classes"].items():
        for key in ("AP", "AP50"):
            value = ours.classes[name][key].value
            assert value is row[key] or value == pytest.approx(row[key], abs=1e-12)


def test_the_rule_for_riders_changes_what_persons_are(tmp_path: Path):
    objects = {}
    for rider in ("absent", "person"):
        comparison, _ = compared(tmp_path / rider, rider)
        objects[rider] = comparison.on_target["zoo"].objects
        assert comparison.shared.to_json()["rider"] == rider
    riders = objects["person"]["person"] - objects["absent"]["person"]
    there = comparison.target
    own = there.table.index_of("rider")
    assert riders == sum(each["category_id"] == own and not each["iscrowd"] for each in there.annotations) > 0


def test_draws_are_the_same_for_every_model_and_others_for_every_set(tmp_path: Path):
    comparison, _ = compared(tmp_path, "absent")
    weights = [comparison._draws(each) for each in (comparison.source, comparison.target)]
    assert (weights[1] == comparison._draws(comparison.target)).all()
    assert (weights[0] != weights[1]).any()
