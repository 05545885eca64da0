from pathlib import Path

import numpy as np
import pytest

from maskwright.annotations.cityscapes_labels import LABELS
from maskwright.annotations.coco.panoptic_file import read_panoptic
from maskwright.errors import UsageError
from maskwright.images.decode import read_image
from maskwright.masks.panoptic_png import read_panoptic_png
from maskwright.progress import Reporter
from maskwright.synthetic.street_panoptic import CATEGORIES, panoptic_map, write_panoptic_streets
from maskwright.synthetic.streets import draw_street
from maskwright.workflows.scoring.score_panoptic import score_panoptic

SIZE = (128, 256)


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_panoptic_streets(tmp_path_factory.mktemp("streets"), 6, seed=3, size=SIZE)


def test_the_truth_has_a_quality_of_one_against_itself(streets: Path):
    summary = score_panoptic(streets, streets, reporter=Reporter(quiet=True))
    scores = summary.scores
    assert (scores["PQ"], scores["things"]["PQ"], scores["stuff"]["PQ"]) == (1.0, 1.0, 1.0)
    assert [remark.partition(" (")[0] for remark in summary.remarks] == [
        "3 predicted segments are marked as crowd, which counts for nothing"
    ]
    found = [name for name, row in scores["classes"].items() if row["matched"]]
    assert len(found) >= 15
    assert {"road", "sky", "car", "person"} <= set(found)
    assert len(scores["classes"]) == 19


def test_categories_are_the_labels_that_cityscapes_evaluates():
    assert [(each.id, each.isthing) for each in CATEGORIES] == [
        (label.id, label.has_instances) for label in LABELS if not label.ignored
    ]


def test_segments_are_the_objects_the_stuff_and_the_groups_of_a_street():
    crowds = 0
    for index in range(6):
        street = draw_street(index, 3, SIZE)
        found = panoptic_map(street)
        by_id = {segment.id: segment for segment in found.segments}
        ignored = {label.id for label in LABELS if label.ignored}
        assert ((found.ids == 0) == np.isin(street.label_ids, list(ignored))).all()
        for number, segment in by_id.items():
            assert (street.label_ids[found.ids == number] == segment.label).all()
            assert segment.crowd == (number < 1000 and 24 <= number <= 33)
        crowds += sum(segment.crowd for segment in found.segments)
    assert crowds


def test_the_images_are_beside_and_the_same_seed_gives_the_same_files(streets: Path, tmp_path: Path):
    again = write_panoptic_streets(tmp_path, 2, seed=3, size=SIZE)
    record = read_panoptic(again).records[1]
    for folder in ("panoptic", "images"):
        one, two = (path.parent / folder / record.file_name for path in (streets, again))
        assert one.read_bytes() == two.read_bytes()
    assert read_image(again.parent / "images" / record.file_name).shape == (*SIZE, 3)
    assert read_panoptic_png(again.parent / "panoptic" / record.file_name).shape == SIZE


def test_streets_are_not_mixed_with_other_images(tmp_path: Path):
    write_panoptic_streets(tmp_path, 2, size=(64, 128))
    with pytest.raises(UsageError, match=r"val_000001\.png: is of another set"):
        write_panoptic_streets(tmp_path, 1, size=(64, 128))
    with pytest.raises(UsageError, match="found images=0"):
        write_panoptic_streets(tmp_path, 0)
