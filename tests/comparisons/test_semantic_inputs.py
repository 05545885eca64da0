"""Label maps of several models counted in the classes that all know."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.comparisons.entrants import Entrant
from maskwright.comparisons.semantic_inputs import read_semantic_inputs
from maskwright.errors import DataError
from maskwright.files import write_json
from maskwright.masks.png import write_label_map
from maskwright.progress import Reporter
from maskwright.structures import ClassTable

QUIET = Reporter(quiet=True)


def folder(path: Path, names: list[str], labels: list[list[int]], files: tuple[str, ...] = ("a",)) -> Path:
    table = ClassTable.from_names(names)
    write_json(path / "classes.json", table.to_json())
    for file in files:
        write_label_map(path / f"{file}.png", np.array(labels, np.uint8), table.png_palette())
    return path


def test_true_pixels_of_a_class_that_one_model_lacks_do_not_count_for_any(tmp_path: Path) -> None:
    truth = folder(tmp_path / "truth", ["dog", "kite"], [[0, 1, 2, 2]])
    both = folder(tmp_path / "both", ["kite", "dog"], [[0, 2, 1, 0]])
    dogs = folder(tmp_path / "dogs", ["dog"], [[0, 0, 1, 1]], ("a", "b"))
    entrants = [Entrant(path.name, (path,)) for path in (both, dogs)]
    found = read_semantic_inputs(truth, entrants, {both: both, dogs: dogs}, QUIET)
    assert found.left_out == ("kite",)
    assert found.models.names == ["background", "dog"]
    assert any("have no truth and are not used (b)" in remark for remark in found.remarks)
    hits = [[each[0, 0].tolist() for each in trainings] for trainings in found.models.counts]
    assert hits == [[[1, 1]], [[1, 0]]]
    assert found.models.counts[0][0][0, 1].tolist() == [1, 1]  # the true pixels of background and dog


def test_models_that_share_no_class_are_refused(tmp_path: Path) -> None:
    truth = folder(tmp_path / "truth", ["dog", "kite"], [[0, 1]])
    dogs, kites = folder(tmp_path / "dogs", ["dog"], [[0, 1]]), folder(tmp_path / "kites", ["kite"], [[0, 1]])
    entrants = [Entrant(path.name, (path,)) for path in (dogs, kites)]
    with pytest.raises(DataError, match="share no class"):
        read_semantic_inputs(truth, entrants, {dogs: dogs, kites: kites}, QUIET)
