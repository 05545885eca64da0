import io
from pathlib import Path

import pytest

from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.recipes.loading import dump, load_recipe
from maskwright.workflows.demo import run_side_by_side
from tests.small_runs import SHARED, SMALL


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two recipes of seconds, with the folders of their runs."""
    found = {}
    for task, (name, *sets) in SMALL.items():
        changes = [each for each in [*sets, *SHARED] if "=" in each]
        recipe = load_recipe(name, [*changes, "train.epochs=1", "train.threads=1"])
        file = tmp_path / f"{task}.yaml"
        file.write_text(dump(recipe))
        found[str(file)] = tmp_path / "runs" / task
    return found


def test_two_runs_side_by_side_are_whole_and_speak_one_after_the_other(folders: dict[str, Path]) -> None:
    said = io.StringIO()
    run_side_by_side(folders, Reporter(stream=said))
    for folder in folders.values():
        assert (folder / "report.html").is_file()
        assert (folder / "scores.json").is_file()
    lines = said.getvalue().splitlines()
    headings = [number for number, line in enumerate(lines) if line.startswith("== ")]
    trained = [number for number, line in enumerate(lines) if line.startswith("epoch 1/1:")]
    assert len(headings) == len(trained) == 2
    assert headings[0] < trained[0] < headings[1] < trained[1]


def test_a_folder_that_is_taken_is_refused_for_either_run(folders: dict[str, Path]) -> None:
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text("name: another")
        with pytest.raises(UsageError, match=str(folder)):
            run_side_by_side(folders, Reporter(quiet=True))
        (folder / "recipe.yaml").unlink()
        folder.rmdir()
