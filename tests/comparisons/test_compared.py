import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.comparisons.compared import changed_pictures, compared_results, compared_runs
from maskwright.comparisons.entrants import parse_entrants
from maskwright.errors import UsageError
from maskwright.progress import Reporter

QUIET = Reporter(quiet=True)


@pytest.fixture
def inputs(coco: Callable[..., Path], tmp_path: Path) -> tuple[Path, Path, Path]:
    """A truth of two images with an object each, results that find both, and results that find the first."""
    objects = [{"image_id": number, "bbox": [10, 10, 10, 10], "area": 100} for number in (1, 2)]
    truth = coco(*objects, images=[{}] * 2, name="truth.json")
    found = json.loads(truth.read_text())["annotations"]
    for name, kept in (("both.json", found), ("first.json", found[:1])):
        (tmp_path / name).write_text(json.dumps([{**each, "score": 0.9} for each in kept]))
    return truth, tmp_path / "first.json", tmp_path / "both.json"


def test_images_have_the_score_of_each_model_and_a_picture(inputs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    truth, *results = inputs
    files = [image["file_name"] for image in json.loads(truth.read_text())["images"]]
    for file in files:
        Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(tmp_path / file, format="PNG")
    entrants = parse_entrants([str(path) for path in results])
    compared = compared_results(entrants, {path: path for path in results}, truth, QUIET, tmp_path)
    assert compared.files == files
    np.testing.assert_allclose(compared.image_scores(0, 0.5), [1, 0])
    np.testing.assert_allclose(compared.image_scores(1, 0.5), [1, 1])
    assert "at least 0.5" in compared.image_score_note(0.5)
    assert len(compared.classes) >= 1
    changed = [{"file_name": files[1], "position": 1}]
    assert len(changed_pictures(changed, compared, entrants, 0.5)) == 1


def test_what_is_no_run_is_refused_with_the_option_for_results(inputs: tuple[Path, Path, Path]) -> None:
    _, *results = inputs
    entrants = parse_entrants([str(path) for path in results])
    with pytest.raises(UsageError, match="--truth"):
        compared_runs(entrants, {path: path for path in results}, "validation", QUIET, None)
