"""The last stages of a run: what is finished is not done again."""

import shutil
from pathlib import Path

from maskwright.progress import Reporter
from maskwright.runs.folder import open_run
from maskwright.runs.last_stages import evaluate_and_report


def test_scores_that_are_there_stay_and_the_page_is_written(semantic_run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(semantic_run, copy)
    quiet = Reporter(quiet=True)
    open_run(copy, quiet).reset_stages(["report"])
    (copy / "report.html").unlink()
    before = (copy / "scores.json").stat().st_mtime_ns
    evaluate_and_report(copy, quiet)
    assert (copy / "scores.json").stat().st_mtime_ns == before
    assert (copy / "report.html").is_file()
    assert open_run(copy, quiet).is_finished("report")
