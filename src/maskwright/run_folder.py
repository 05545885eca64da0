"""A run folder: the files in it by name, and what its card and its scores hold. Writers and readers share this file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from maskwright.errors import DataError, UsageError
from maskwright.files import read_json

# A score that is undefined, such as the AP of objects that do not occur, is null.
Score = float | None


class DataRecord(TypedDict, total=False):
    """One part of the data in the card; of its annotations, ``counts`` has ``in`` = ``used`` + all of ``skipped``."""

    annotations: str
    sha256: str
    images: int
    images_sha256: str
    counts: dict[str, Any]
    taxonomy: dict[str, Any]


class Card(TypedDict):
    """``card.json``: how the run was made. ``classes`` and ``data`` come with the check stage."""

    name: str
    task: str
    seed: int
    versions: dict[str, str]
    hardware: dict[str, Any]
    command: str
    classes: list[dict[str, Any]]
    data: dict[str, DataRecord]
    model: NotRequired[dict[str, Any]]
    weights: NotRequired[dict[str, Any] | None]
    seconds: NotRequired[dict[str, float]]
    best: NotRequired[dict[str, Any]]
    wandb: NotRequired[dict[str, Any]]


class CocoScores(TypedDict):
    """The twelve numbers of COCO for masks or for boxes."""

    AP: Score
    AP50: Score
    AP75: Score
    APs: Score
    APm: Score
    APl: Score
    AR1: Score
    AR10: Score
    AR100: Score
    ARs: Score
    ARm: Score
    ARl: Score


class PartScores(TypedDict, total=False):
    """``scores.json`` of one part of the data: the keys of its task, and what both tasks have.

    Scores on another data set or in other classes say so in ``data``, ``per_class_table`` and ``cross_evaluation``.
    """

    # Semantic: from the confusion matrix of all pixels of the part.
    mIoU: Score
    mean_dice: Score
    mean_accuracy: Score
    mean_precision: Score
    pixel_accuracy: Score
    boundary_mIoU: Score
    baseline: dict[str, Any]
    views: dict[str, Any]
    # Instance: COCO's numbers, and what lies behind them.
    segm: CocoScores
    bbox: CocoScores
    at_score: dict[str, Any]
    foreground: dict[str, Any]
    overlap: dict[str, Any]
    tide: dict[str, Any]
    worst_images: list[dict[str, Any]]
    # Both.
    classes: dict[str, dict[str, Any]]
    confusion: dict[str, Any]
    calibration: dict[str, Any]
    protocol: str
    taxonomies: list[dict[str, Any]]
    trained_on: list[str]
    data: dict[str, Any]
    class_table: list[dict[str, Any]]
    cross_evaluation: dict[str, Any]


@dataclass(frozen=True)
class RunFolder:
    """The folder that a run writes: its files by name, and what they say once their stage is done.

    It stands for its path wherever a path is taken.

    Example:
        >>> from maskwright import RunFolder
        >>> run = RunFolder("runs/first")
        >>> run.page.as_posix()
        'runs/first/report.html'
    """

    folder: Path

    def __init__(self, folder: str | Path) -> None:
        object.__setattr__(self, "folder", Path(folder))

    def __fspath__(self) -> str:
        return str(self.folder)

    def __str__(self) -> str:
        return str(self.folder)

    @property
    def recipe_file(self) -> Path:
        """The resolved recipe, every default written out."""
        return self.folder / "recipe.yaml"

    @property
    def card_file(self) -> Path:
        """How the run was made: see :class:`Card`."""
        return self.folder / "card.json"

    @property
    def stages_file(self) -> Path:
        """When each finished stage ended, and the seconds that it took."""
        return self.folder / "stages.json"

    @property
    def audit_file(self) -> Path:
        """What of the annotations was left out, and why."""
        return self.folder / "audit.json"

    @property
    def statistics_file(self) -> Path:
        """Images, and instances of each class, in each part of the data."""
        return self.folder / "statistics.json"

    @property
    def trained_on_file(self) -> Path:
        """Which images the training learns from."""
        return self.folder / "trained_on.json"

    @property
    def metrics_file(self) -> Path:
        """One row an epoch: losses and validation scores."""
        return self.folder / "metrics.csv"

    @property
    def scores_file(self) -> Path:
        """The scores of each part: see :class:`PartScores`."""
        return self.folder / "scores.json"

    @property
    def panels_file(self) -> Path:
        """The panels of the page: their files and captions."""
        return self.folder / "figures" / "panels.json"

    @property
    def page(self) -> Path:
        """The page that shows the run: one file that loads nothing."""
        return self.folder / "report.html"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints ``last``, ``best`` and ``epoch-…``."""
        return self.folder / "checkpoints"

    def masks(self, part: str) -> Path:
        """Return the folder of the label maps of ``part``."""
        return self.folder / "masks" / part

    def predictions(self, part: str) -> Path:
        """Return the folder of the predictions on ``part``."""
        return self.folder / "predictions" / part

    @property
    def card(self) -> Card:
        """How the run was made; empty where there is no card yet."""
        return cast(Card, read_json(self.card_file) if self.card_file.is_file() else {})

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """``{stage: {"finished", "seconds"}}`` of each stage that is done; empty where there is no run."""
        return read_json(self.stages_file) if self.stages_file.is_file() else {}

    @property
    def scores(self) -> dict[str, PartScores]:
        """The scores of each part, as ``evaluate`` left them.

        Raises:
            UsageError: when the run has no scores yet.
            DataError: when their file is damaged.
        """
        if not self.scores_file.is_file():
            raise UsageError(f"{self.scores_file}: is missing; expected the scores of a run. Evaluate the run first.")
        try:
            found = read_json(self.scores_file)
        except ValueError as error:
            raise DataError(f"{self.scores_file}: cannot be read ({error}). Evaluate the run again.") from error
        return {part: with_current_keys(scores) for part, scores in found.items()}


def with_current_keys(scores: Mapping[str, Any]) -> PartScores:
    """Return the ``scores`` of a part under the keys of today; earlier versions said ``elsewhere``."""
    renamed = {"elsewhere": "cross_evaluation"}
    return PartScores(**{renamed.get(key, key): value for key, value in scores.items()})  # type: ignore[typeddict-item]
