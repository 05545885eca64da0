"""What is written of each image: in order, in threads or, where it is large, one by one."""

from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.taxonomy.output_classes import OutputClasses
from maskwright.masks.png import read_label_map
from maskwright.runs.predicting import results
from maskwright.runs.predicting.inputs import ImageInput
from maskwright.runs.predicting.results import ImageResults, reduced_objects
from maskwright.structures import ClassTable, Instances

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


@pytest.mark.parametrize("factor", [1, 2, 3, 7])
def test_reduced_objects_are_every_so_manieth_pixel(factor: int) -> None:
    masks = np.zeros((3, 23, 31), np.bool_)
    masks[0, 4:19, 5:30], masks[1, 22:, 30:], masks[2, :1, :] = True, True, True
    found = reduced_objects(Instances.from_dense(masks, [1, 2, 1]), factor)
    rows, columns = 23 // factor, 31 // factor
    expected = masks[:, factor // 2 :: factor, factor // 2 :: factor][:, :rows, :columns]
    assert found.size == (rows, columns)
    assert (found.dense() == expected).all()


def test_a_large_image_of_one_row_still_has_an_overlay() -> None:
    assert reduced_objects(Instances.empty((1, 900)), 10).size == (1, 90)
