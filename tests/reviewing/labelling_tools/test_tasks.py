"""What labelling tools get of each suspect."""

from pathlib import Path

import numpy as np

from maskwright.reviewing.labelling_tools.review_task import review_key
from maskwright.reviewing.labelling_tools.tasks import review_tasks
from maskwright.reviewing.search import find_suspects
from maskwright.reviewing.suspects import Suspect
from tests.reviewing.labelling_tools.reviews import reviewed
from tests.reviewing.scenes import SIDE, read


def test_each_suspect_has_its_key_place_and_outlines(tmp_path: Path):
    labels, review = reviewed(tmp_path)
    truth, results = read(labels, tmp_path / "results.json")
    suspects = find_suspects(truth, results)
    tasks = review_tasks(review.numbers, suspects[:3], truth, results)
    assert len(tasks) == 3
    key = review_key(review.numbers)
    for task, suspect, record in zip(tasks, suspects, review.suspects, strict=False):
        assert task.key == f"{record['id']}@{key}"
        assert (task.file_name, task.size) == (record["file_name"], (SIDE, SIDE))
        assert (len(task.labels), len(task.found)) == (len(suspect.objects), len(suspect.found))
        points = np.concatenate([*task.labels, *task.found])
        assert (points >= task.box[:2]).all()
        assert (points <= task.box[2:]).all()


def test_a_place_outside_the_image_is_cut_off(tmp_path: Path):
    labels, review = reviewed(tmp_path)
    truth, results = read(labels, tmp_path / "results.json")
    truth.annotations[0]["bbox"] = [-10.0, 90.0, 50.0, 30.0]
    suspect = Suspect("spurious", 0, 1.0, objects=(0,), label=3)
    assert review_tasks(review.numbers, [suspect], truth, results)[0].box == (0, 90, 40, SIDE)
