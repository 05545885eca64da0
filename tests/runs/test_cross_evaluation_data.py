"""What may be asked of a run besides its recipe, and what the answers are called; no model is needed."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.annotations.coco.categories import class_table
from maskwright.annotations.coco.file import read_coco
from maskwright.annotations.selection.select import select
from maskwright.errors import DataError, UsageError
from maskwright.files import write_json
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.run_folder import RunFolder
from maskwright.runs.cross_evaluation_data import CrossEvaluation, ScoredEntry, cross_evaluation_entries
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import OpenRun
from maskwright.runs.prepare import DataSplit, Prepared
from maskwright.structures import ClassTable

COCO_CLASSES = ["person", "bicycle", "car", "motorcycle", "kite"]


@pytest.fixture
def experiment(coco, tmp_path: Path) -> Experiment:
    """A run whose model knows five of COCO's classes, with three objects to validate on; there is no model."""
    path = coco(*({"category_id": i} for i in (1, 3, 5)), categories=dict(enumerate(COCO_CLASSES, start=1)))
    run = OpenRun(RunFolder(tmp_path / "run"), load_recipe("demo-instance"), Reporter(quiet=True))
    table = ClassTable.from_names(COCO_CLASSES)
    write_json(run.path / "card.json", {"classes": table.to_json()})
    file = read_coco(path)
    part = DataSplit("validation", tmp_path, path, select(file, class_table(file)))
    return Experiment(run, Prepared(table, {"validation": part}))


@pytest.fixture
def city(coco, tmp_path: Path) -> CrossEvaluation:
    """An image with a person, a rider, a bus and a bicycle, as Cityscapes has them."""

    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((48, 64, 3), np.uint8))
    path = coco(
        *({"category_id": i} for i in (24, 25, 28, 33)),
        categories={24: "person", 25: "rider", 28: "bus", 33: "bicycle"},
        name="city.json",
    )
    return CrossEvaluation(str(tmp_path), str(path), "coco-to-cityscapes", name="city")


def only(experiment: Experiment, asked: CrossEvaluation) -> ScoredEntry:
    (scored,) = cross_evaluation_entries(experiment, asked)
    return scored


def labels(scored: ScoredEntry) -> list[str]:
    names = scored.experiment.prepared.table.names
    return [names[label - 1] for objects in scored.data.selection.images for label in objects.labels]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (CrossEvaluation(), "names neither data nor classes"),
        (CrossEvaluation(images="there"), "--images and --annotations"),
        (CrossEvaluation(annotations="there"), "--images and --annotations"),
        (CrossEvaluation(rider="person"), "--rider replaces the rule of a taxonomy"),
        (CrossEvaluation(name="there"), "--name: .*Add --images and --annotations"),
        (CrossEvaluation("a", "b", name="test"), "not the name of a part of the recipe"),
        (CrossEvaluation("a", "b", name="../up"), "expected letters, digits and hyphens"),
        (CrossEvaluation(taxonomy="coco-to-vok"), "Shipped: coco-to-voc"),
        (CrossEvaluation(taxonomy="coco-to-cityscapes", rider="persons"), "Unknown rule for riders 'persons'"),
        (CrossEvaluation(taxonomy="cityscapes-to-coco", rider="absent"), "does not account for"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(experiment: Experiment, asked: CrossEvaluation, message: str) -> None:
    if asked.taxonomy == "cityscapes-to-coco":
        table = ClassTable.from_names(["wolf", "person"])
        write_json(experiment.run.path / "card.json", {"classes": table.to_json()})
    with pytest.raises(UsageError, match=message):
        list(cross_evaluation_entries(experiment, asked))


def test_names_are_those_of_files_and_say_which_taxonomy_and_rule() -> None:
    assert CrossEvaluation(taxonomy="a b/c.d.yaml", rider="person").entry_name("test") == "test-c-d-person"
    assert CrossEvaluation("a", "b", name="there").entry_name("there") == "there"


def test_the_recipe_s_own_parts_are_in_the_classes_of_the_model(experiment: Experiment) -> None:
    scored = only(experiment, CrossEvaluation(taxonomy="coco-to-cityscapes"))
    assert (scored.name, scored.of) == ("validation-coco-to-cityscapes", "validation")
    assert labels(scored) == ["person", "car"]
    (use,) = scored.taxonomies
    assert (use.truth, use.model, use.scored) == ("source", "source", ("person", "car", "motorcycle", "bicycle"))
    assert "no class for them: truck, bus, train" in use.lines[-1]


@pytest.mark.parametrize(
    ("rider", "expected"),
    [("absent", ["person", "bicycle"]), ("person", ["person", "person", "bicycle"])],
)
def test_other_data_is_in_the_classes_of_the_other_side(
    experiment: Experiment, city: CrossEvaluation, rider: str, expected: list[str]
) -> None:
    scored = only(experiment, CrossEvaluation(city.images, city.annotations, city.taxonomy, rider, "city"))
    assert (scored.name, scored.of) == (f"city-coco-to-cityscapes-{rider}", None)
    # A bus is nothing that this model could find.
    assert labels(scored) == expected
    assert (scored.taxonomies[0].truth, scored.taxonomies[0].model) == ("target", "source")
    assert scored.data.selection.audit.adds_up


def test_riders_of_the_truth_meet_persons_that_ride(experiment: Experiment, city: CrossEvaluation) -> None:
    by_rule = CrossEvaluation(city.images, city.annotations, city.taxonomy, "person-over-two-wheeler", "city")
    assert labels(only(experiment, by_rule)) == ["person", "rider", "bicycle"]


def test_data_of_the_model_s_own_side_is_translated_as_the_predictions_are(
    experiment: Experiment, city: CrossEvaluation, coco
) -> None:
    path = coco({"category_id": 1}, {"category_id": 2}, categories={1: "person", 2: "kite"}, name="more.json")
    scored = only(experiment, CrossEvaluation(city.images, path, "coco-to-cityscapes"))
    assert labels(scored) == ["person"]
    assert scored.taxonomies[0].truth == "source"
    assert scored.data.selection.audit.skipped == {"absent_class": 1}


def test_without_a_taxonomy_classes_meet_by_name(experiment: Experiment, city: CrossEvaluation) -> None:
    scored = only(experiment, CrossEvaluation(city.images, city.annotations, name="city"))
    assert (scored.name, scored.taxonomies) == ("city", ())
    assert labels(scored) == ["person", "bicycle"]


def test_data_without_images_or_classes_to_score_is_refused(
    experiment: Experiment, city: CrossEvaluation, coco
) -> None:
    toys = str(coco({}, categories={1: "toy"}, name="toys.json"))
    with pytest.raises(DataError, match=r"toys\.json: .*--taxonomy"):
        only(experiment, CrossEvaluation(city.images, toys))
    (experiment.run.path / "empty").mkdir()
    with pytest.raises(DataError, match="--images folder"):
        only(experiment, CrossEvaluation(str(experiment.run.path / "empty"), city.annotations))
