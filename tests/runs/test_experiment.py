"""An experiment reads its data once, in the classes of the model or in others."""

from pathlib import Path

from maskwright.annotations.taxonomy.output_classes import OutputClasses
from maskwright.runs.experiment import Experiment
from maskwright.structures import ClassTable
from tests.runs.small_experiments import begun


def test_the_data_are_read_once(tmp_path: Path) -> None:
    made = begun(tmp_path / "run")
    prepared = made.prepared
    assert made.prepared is prepared
    assert [len(part.selection.images) for part in prepared.parts.values()] == [10, 2]
    assert made.classes.own is prepared.table
    assert made.masks_folder("train") == tmp_path / "run" / "masks" / "train"


def test_other_data_and_other_classes_take_the_place_of_the_recipe_s(tmp_path: Path) -> None:
    made = begun(tmp_path / "run")
    output = OutputClasses(ClassTable.from_names(["shape"]))
    other = Experiment(made.run, made.prepared, output)
    assert other.prepared is made.prepared
    assert other.classes is output
