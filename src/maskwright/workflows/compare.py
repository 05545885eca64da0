"""Compare models, runs or the results of any tools, on the same images."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.comparisons.compared import Compared, changed_pictures, compared_results, compared_runs
from maskwright.comparisons.entrants import Entrant, parse_entrants, results_path
from maskwright.comparisons.numbers import changed_images, comparison_numbers
from maskwright.comparisons.panels import pictured_classes
from maskwright.errors import UsageError, some_of
from maskwright.evaluation.bootstrap import Resampling
from maskwright.files import write_json, write_text
from maskwright.outputs.output import Output
from maskwright.outputs.writing import output_folder
from maskwright.progress import Reporter
from maskwright.reports.compare.page import comparison_tables, render_comparison_page
from maskwright.reports.table_files import write_tables
from maskwright.run_folder import RunFolder

SUMMARY, PAGE = "compare.json", "compare.html"
_SHOWN = 12


@dataclass(frozen=True)
class Comparison:
    """The ``numbers`` of a comparison, as ``--json`` prints them; ``path`` is the folder of the page, or None."""

    numbers: dict[str, Any]
    path: Path | None

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return self.numbers


def compare(
    *models: str | Path | RunFolder,
    truth: str | Path | None = None,
    part: str = "validation",
    images: str | Path | None = None,
    score: float = 0.5,
    samples: int = 1000,
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Comparison:
    """Compare models on the same images: differences with intervals, p values, and a verdict.

    Args:
        *models: Two or more runs, or with ``truth`` the results of any tools: COCO results files, or folders of label
            maps. ``PATH,PATH`` are trainings of one model with other seeds, ``NAME=PATH`` gives a name.
        truth: The COCO file or the folder of label maps that results are scored against. By default the data of the
            runs, which must be the same.
        part: The part of the data whose predictions are compared.
        images: The folder of the images, for the pictures on the page. Runs know theirs.
        score: The lowest score of a detection in the pictures and in the scores of single images.
        samples: The number of bootstrap samples, and of exchanges for the p values.
        seed: The seed of both.
        out: A folder for ``compare.json``, the page ``compare.html``, and its tables in Markdown and LaTeX.
        overwrite: Replace files of these names in ``out`` that no earlier comparison wrote.
        reporter: Where progress goes; standard error by default.

    Returns:
        The numbers: scores of each model, differences (the later model minus the earlier one), the verdict, the images
        that change most.

    Raises:
        UsageError: Fewer than two models, a path that does not exist, a run without predictions, or runs of other
            tasks.
        DataError: The runs are of other data, no class is shared, or results are of none of the truth's images.

    Example:
        >>> import maskwright as mw
        >>> found = mw.compare("runs/first", "runs/second")  # doctest: +SKIP
        >>> found.numbers["verdict"]  # doctest: +SKIP
        'No difference shown: …'
    """
    if samples < 100:
        raise UsageError(f"--samples {samples}: expected at least 100; fewer give no interval of 95 %.")
    reporter, entrants = reporter or Reporter(), parse_entrants(models)
    paths = {path: results_path(path, part) for entrant in entrants for path in entrant.paths}
    place = Path(images) if images is not None else None
    if truth is None:
        compared = compared_runs(entrants, paths, part, reporter, place)
    else:
        compared = compared_results(entrants, paths, Path(truth), reporter, place)
    names = [each.name for each in entrants]
    reporter.say(f"comparing {some_of(names)} on {len(compared.files)} images")
    numbers = comparison_numbers(compared.scores, entrants, Resampling(samples, seed))
    values = [compared.image_scores(model, score) for model in range(len(entrants))]
    numbers |= {
        **compared.extra,
        "part": part,
        "classes": compared.classes,
        "left_out": list(compared.inputs.left_out),
        "remarks": list(compared.inputs.remarks),
        "image_score": compared.image_score_note(score),
        "changed_images": changed_images(values, compared.files, names, _SHOWN),
        "protocol": compared.protocol,
        "command": " ".join(["maskwright", *sys.argv[1:]]),
    }
    reporter.warn(numbers["remarks"])
    if out is not None:
        read = [path for path in (*paths.values(), *([Path(truth)] if truth is not None else [])) if path.is_file()]
        _write(Output("compare", Path(out), reporter.notice, read, overwrite), numbers, compared, entrants, score)
    return Comparison(numbers, Path(out) if out is not None else None)


def _write(
    output: Output, numbers: dict[str, Any], compared: Compared, entrants: Sequence[Entrant], score: float
) -> None:
    with output_folder(output, expected=[SUMMARY, PAGE]) as staging:
        pictures = changed_pictures(numbers["changed_images"], compared, entrants, score)
        write_json(staging / SUMMARY, numbers)
        write_text(staging / PAGE, render_comparison_page(numbers, pictures, pictured_classes(compared.inputs)))
        write_tables(staging, comparison_tables(numbers))
