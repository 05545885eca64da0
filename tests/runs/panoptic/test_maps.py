"""Panoptic maps of a run, read again: damaged and missing ones are named."""

import json
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import DataError, UsageError
from maskwright.evaluation.panoptic.writing import panoptic_writer
from maskwright.label_maps.files import write_classes
from maskwright.masks.segment_coding import IDS_OF_CLASS
from maskwright.progress import Reporter
from maskwright.recipes.schema import Recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.masks import masks_stage
from maskwright.runs.panoptic.maps import SavedSegments, panoptic_truth
from maskwright.structures import ClassTable, PanopticMap, PanopticSegment
from maskwright.synthetic.street_panoptic import panoptic_map
from maskwright.synthetic.streets import draw_street
from tests.runs.panoptic.small_streets import street_recipe

TABLE = ClassTable.from_names(["car", "sky"]).with_stuff(["sky"]).with_category_ids([26, 23])


def saved(folder: Path) -> Path:
    found = PanopticMap(np.array([[0, 1], [2, 2]]), (PanopticSegment(1, 1), PanopticSegment(2, 2)))
    with panoptic_writer(folder, TABLE) as write:
        write(7, "photo.jpg", found, "photo.png")
    write_classes(folder, TABLE)
    return folder


def test_saved_predictions_have_class_indices(tmp_path: Path) -> None:
    found = SavedSegments(saved(tmp_path)).of(7)
    assert [(each.id, each.label) for each in found.segments] == [(1, 1), (2, 2)]
    assert found.ids.tolist() == [[0, 1], [2, 2]]


def test_an_image_or_a_class_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    with pytest.raises(DataError, match="image 8"):
        SavedSegments(folder).of(8)
    file = folder / "panoptic.json"
    file.write_text(file.read_text().replace('"category_id":23', '"category_id":99'))
    with pytest.raises(DataError, match="category 99"):
        SavedSegments(folder).of(7)
    with pytest.raises(UsageError, match="evaluate"):
        SavedSegments(tmp_path / "nothing")


def test_the_truth_of_a_run_is_that_of_the_streets(tmp_path: Path) -> None:
    recipe = Recipe.model_validate(street_recipe())
    experiment = Experiment(create_run(recipe, tmp_path / "run", Reporter(quiet=True)))
    masks_stage(experiment)
    part, names = experiment.prepared.parts["validation"], experiment.prepared.table.names
    written = json.loads((tmp_path / "run" / "masks" / "validation" / "panoptic.json").read_text())
    of_name = {each["name"]: (each["id"], each["isthing"]) for each in written["categories"]}
    assert of_name == {"road": (7, 0), "sky": (23, 0), "building": (11, 0), "person": (24, 1), "car": (26, 1)}
    for number, objects in enumerate(part.selection.images):
        drawn = panoptic_map(draw_street(number, 0, (64, 128), "val"))
        truth = panoptic_truth(experiment, part, objects)
        kept = {
            segment.id: names.index(name) + 1
            for segment in drawn.segments
            for name, (category, _) in of_name.items()
            if segment.label == category
        }
        assert len({each.id for each in truth.segments if not each.crowd}) == len(
            [each for each in drawn.segments if each.id in kept and not each.crowd]
        )
        expected = np.vectorize(lambda value, kept=kept: kept.get(value, 0))(drawn.ids)
        assert np.array_equal(truth.ids // IDS_OF_CLASS, expected)
        for segment in drawn.segments:
            if segment.id in kept and not segment.crowd:
                assert len(np.unique(truth.ids[drawn.ids == segment.id])) == 1
