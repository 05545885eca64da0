"""The models of a comparison as they are named on the command line: runs or results, of one or several trainings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.errors import UsageError, refuse_panoptic
from maskwright.evaluation.prediction_files import RESULTS
from maskwright.evaluation.semantic.label_folders import PREDICTED
from maskwright.run_folder import RunFolder


@dataclass(frozen=True)
class Entrant:
    """A model to compare: its ``name``, and the runs, results files or folders of its trainings."""

    name: str
    paths: tuple[Path, ...]


def parse_entrants(given: Sequence[str | Path | RunFolder]) -> list[Entrant]:
    """Return the models of arguments ``PATH``, ``PATH,PATH`` (trainings with other seeds) or ``NAME=PATH,…``.

    Without a name it is that of the first file or folder, with its number of trainings, or the whole path where names
    repeat. A path that exists is taken as it is.

    Raises ``UsageError`` for fewer than two models, for a path that does not exist and for a name or path that repeats.
    """
    found = [_parsed(str(each)) for each in given]
    if len(found) < 2:
        raise UsageError(f"{len(found)} model to compare; expected two or more runs, or results with --truth.")
    paths = [path.absolute() for _, paths in found for path in paths]
    twice = [str(path) for path, times in Counter(paths).items() if times > 1]
    if twice:
        raise UsageError(f"{twice[0]}: is named twice; expected different runs or results.")
    short = [name or _name(paths) for name, paths in found]
    often = Counter(short)
    names = [
        one if often[one] == 1 else name or ",".join(map(str, paths))
        for one, (name, paths) in zip(short, found, strict=True)
    ]
    if len(set(names)) < len(names):
        raise UsageError(f"Two models are named '{Counter(names).most_common(1)[0][0]}'; expected a name for each.")
    return [Entrant(name, paths) for name, (_, paths) in zip(names, found, strict=True)]


def run_results(run: RunFolder, part: str) -> Path:
    """Return the file or folder of the predictions of ``run`` on ``part``.

    Raises ``UsageError`` when the run has none, or is panoptic.
    """
    remedy = "Score each with `maskwright score panoptic --intervals`."
    refuse_panoptic(str(run.card.get("task")), run, "compare", remedy)
    folder = run.predictions(part)
    for path in (folder / RESULTS, folder / PREDICTED):
        if path.exists():
            return path
    raise UsageError(
        f"{folder}: holds no predictions; expected those of an evaluated run. Run `maskwright evaluate {run}`, or "
        "choose another --part."
    )


def results_path(path: Path, part: str) -> Path:
    """Return the results at ``path``: the file or folder itself, or those of a run on ``part``."""
    if (path / "card.json").is_file():
        return run_results(RunFolder(path), part)
    return path / RESULTS if (path / RESULTS).is_file() else path


def _parsed(text: str) -> tuple[str, tuple[Path, ...]]:
    name, listed = "", text
    if not Path(text).exists():
        before, separator, after = text.partition("=")
        if separator and before and not Path(before).exists():
            name, listed = before.strip(), after
    paths = (Path(listed),) if Path(listed).exists() else tuple(Path(each) for each in listed.split(",") if each)
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: it does not exist; expected a run folder, a results file or a folder of them.")
    if not paths:
        raise UsageError(
            f"'{text}' names no path; expected a run or results, NAME=PATH, or PATH,PATH for several seeds."
        )
    return name, paths


def _name(paths: Sequence[Path]) -> str:
    first = paths[0].absolute()
    name = first.parent.name if first.name in (RESULTS, PREDICTED) else first.stem if first.is_file() else first.name
    return name if len(paths) == 1 else f"{name} and {len(paths) - 1} more"
