"""The key by which a decision finds its suspect again."""

import json
from pathlib import Path

from maskwright.reviewing.labelling_tools.review_task import review_key
from tests.reviewing.labelling_tools.reviews import reviewed


def test_the_key_is_of_the_file_and_the_changes_and_not_of_the_evidence(tmp_path: Path):
    numbers = reviewed(tmp_path)[1].numbers
    read_again = json.loads((tmp_path / "review" / "suspects.json").read_text())
    assert review_key(read_again) == review_key(numbers)
    for each in read_again["suspects"]:
        each["evidence"] = 0.5
    assert review_key(read_again) == review_key(numbers)
    read_again["suspects"][0]["changes"] = []
    assert review_key(read_again) != review_key(numbers)
