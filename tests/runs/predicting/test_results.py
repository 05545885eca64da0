"""What is written of each image: in order, in threads or, where it is large, one by one."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.taxonomy.output_classes import OutputClasses
from maskwright.masks.png import read_label_map
from maskwright.runs.predicting import results
from maskwright.runs.predicting.inputs import ImageInput
from maskwright.runs.predicting.results import ImageResults
from maskwright.structures import ClassTable

CLASSES = OutputClasses(ClassTable.from_names(["a", "b"]))


@pytest.mark.parametrize("largest", [results.LARGE, 0])
@pytest.mark.parametrize("threads", [0, 1, 4])
def test_results_are_written_and_come_back_in_order(
    threads: int, largest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "LARGE", largest)
    names = [f"{number}.jpg" for number in range(9)]
    files = {name: f"{Path(name).stem}.png" for name in names}
    predicted = [
        (ImageInput(name, Path(name)), np.zeros((6, 7, 3), np.uint8), np.full((6, 7), number % 3, np.uint8))
        for number, name in enumerate(names)
    ]
    written = ImageResults(tmp_path, CLASSES, files, 0.5, True, False).write_behind(predicted, threads)
    assert [done.name for done in written] == names
    for number, name in enumerate(names):
        assert (read_label_map(tmp_path / "label_maps" / files[name]) == number % 3).all()
        assert (tmp_path / "overlays" / name).is_file()
