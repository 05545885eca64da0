import pytest

from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.workflows.score import score
from maskwright.workflows.scoring.score_instance import InstanceScores


def test_the_kind_is_chosen_by_name(coco, write_json):
    truth = coco({})
    square = [[10, 10, 20, 10, 20, 20, 10, 20]]
    results = write_json([{"image_id": 1, "category_id": 1, "score": 1, "segmentation": square}], "results.json")
    summary = score("instance", truth, results, details=False, reporter=Reporter(quiet=True))
    assert isinstance(summary, InstanceScores)
    assert summary.scores["segm"]["AP"] == pytest.approx(1.0)


def test_an_unknown_kind_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="Nearest: instance"):
        score("instances", tmp_path, tmp_path)
