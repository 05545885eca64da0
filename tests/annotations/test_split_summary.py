from pathlib import Path

from maskwright.annotations.faults import Audit
from maskwright.annotations.leak_groups import LeakGroups
from maskwright.annotations.selection.shares import class_shares
from maskwright.annotations.split_summary import SplitSummary


def test_each_part_has_its_file_its_numbers_and_the_share_that_was_asked_for() -> None:
    parts = {"train": [1, 2, 3], "validation": [4]}
    counts = {1: {0: 2}, 2: {0: 1}, 3: {0: 1}, 4: {0: 1}}
    shares = class_shares(["disc"], counts, parts, (8, 2))
    audit = Audit("labels.json", found=5, used=5)
    done = SplitSummary(
        Path("parts"), parts, {"train": 4, "validation": 1}, 5, {"bad_image": 1}, shares, LeakGroups([], {}), audit, 7
    )
    found = done.to_json()
    assert found["parts"]["train"] == {"file": "train.json", "images": 3, "annotations": 4, "share": 0.75, "asked": 0.8}
    assert found["images"] == {"in": 5, "used": 4, "left_out": {"bad_image": 1}}
    assert (found["source"], found["seed"], found["together"]["sets"]) == ("labels.json", 7, 0)
