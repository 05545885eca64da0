"""The contract of a run folder: its files by name, and the types of its card and scores, for writers and readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from maskwright.errors import DataError, UsageError
from maskwright.files import read_json, recover_folder
from maskwright.structures import ClassTable

# What stands beside models, and is named in their place by mistake: annotations, recipes, pages, pictures.
_NO_MODELS = {
    *(".json", ".gz", ".yaml", ".yml", ".csv", ".txt", ".html", ".zip"),
    *(".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".mp4"),
}

_WRITE_AGAIN = "Run the stage that writes it again, or delete it."

MODEL_FILE = "model.safetensors"
"""The model in the folder of a checkpoint."""

# A score that is undefined, such as the AP of objects that do not occur, is null.
Score = float | None


class DataRecord(TypedDict, total=False):
    """One part of the data in the card.

    The ``counts`` of its annotations have ``in`` = ``used`` + all of ``skipped``.
    """

    annotations: str
    sha256: str
    images: int
    images_sha256: str
    counts: dict[str, Any]
    taxonomy: dict[str, Any]


class Card(TypedDict):
    """The content of ``card.json``: how the run was made. The check stage adds ``classes`` and ``data``."""

    name: str
    task: str
    seed: int
    versions: dict[str, str]
    hardware: dict[str, Any]
    command: str
    classes: list[dict[str, Any]]
    data: dict[str, DataRecord]
    threads: NotRequired[int]
    model: NotRequired[dict[str, Any]]
    weights: NotRequired[dict[str, Any] | None]
    # The bill of materials: code, starting weights and data, each with its licence.
    licences: NotRequired[list[dict[str, Any]]]
    seconds: NotRequired[dict[str, float]]
    best: NotRequired[dict[str, Any]]
    # The "epochs" of the recipe before each extension, and those that the training had "reached".
    extended: NotRequired[list[dict[str, int]]]
    # How many images the scores of each epoch on the part "train" are measured on, and its "validation_loss".
    measured: NotRequired[dict[str, int]]
    wandb: NotRequired[dict[str, Any]]


class CocoScores(TypedDict):
    """The twelve COCO scores of masks or boxes."""

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
    """The scores in ``scores.json`` of one part of the data: those of its task, and those of all tasks.

    Scores on another data set or in other classes have ``data``, ``class_table`` and ``cross_evaluation``.
    """

    # Semantic: from one confusion matrix of all pixels of the part.
    mIoU: Score
    mean_dice: Score
    mean_accuracy: Score
    mean_precision: Score
    pixel_accuracy: Score
    boundary_mIoU: Score
    baseline: dict[str, Any]
    views: dict[str, Any]
    # Panoptic: means over all classes, over things and over stuff.
    PQ: Score
    SQ: Score
    RQ: Score
    things: dict[str, Score]
    stuff: dict[str, Score]
    # All: what was unusual of the prediction, such as tiles or bfloat16.
    inference: dict[str, Any]
    # Instance: COCO's scores, and their details.
    segm: CocoScores
    bbox: CocoScores
    # By what the size of a detected mask is measured for APs, APm and APl: "mask" or "box". Older runs went by the box
    # and lack the key.
    area: str | None
    # The ids in the annotation file of objects "without_mask", scored for boxes only, and "without_box", scored with
    # the box of their mask.
    truth: dict[str, list[int]]
    at_score: dict[str, Any]
    foreground: dict[str, Any]
    overlap: dict[str, Any]
    tide: dict[str, Any]
    optimal_lrp: dict[str, Any]
    fragments: dict[str, Any]
    # Semantic and instance runs.
    panoptic: dict[str, Any]
    # All tasks.
    intervals: dict[str, Any]
    worst_images: list[dict[str, Any]]
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
    """The folder that a run writes: paths of its files, and their content once their stage is done.

    A :class:`RunFolder` can be given wherever a path is taken.

    Args:
        folder: The path of the folder, which need not exist yet.

    Example:
        >>> from maskwright import RunFolder
        >>> run = RunFolder("runs/first")
        >>> run.page.as_posix()
        'runs/first/report.html'
        >>> run.card["task"], sorted(run.scores)
        ('instance', ['validation'])
    """

    folder: Path

    def __init__(self, folder: str | Path) -> None:
        """Refer to the run in ``folder``; nothing is read or created."""
        object.__setattr__(self, "folder", Path(folder))

    def __fspath__(self) -> str:
        """Return the path of the folder, so that functions of ``os`` and ``pathlib`` accept the object."""
        return str(self.folder)

    def __str__(self) -> str:
        return str(self.folder)

    @property
    def recipe_file(self) -> Path:
        """``recipe.yaml``: the resolved recipe, with all defaults written out."""
        return self.folder / "recipe.yaml"

    @property
    def card_file(self) -> Path:
        """``card.json``: how the run was made, see :class:`Card`."""
        return self.folder / "card.json"

    @property
    def stages_file(self) -> Path:
        """``stages.json``: the time at which each finished stage ended, and the seconds it took."""
        return self.folder / "stages.json"

    @property
    def audit_file(self) -> Path:
        """``audit.json``: the annotations that are skipped, and why."""
        return self.folder / "audit.json"

    @property
    def statistics_file(self) -> Path:
        """``statistics.json``: the number of images, and of instances per class, in each part of the data."""
        return self.folder / "statistics.json"

    @property
    def trained_on_file(self) -> Path:
        """``trained_on.json``: the images that the model is trained on."""
        return self.folder / "trained_on.json"

    @property
    def metrics_file(self) -> Path:
        """``metrics.csv``: losses and validation scores, one row per epoch."""
        return self.folder / "metrics.csv"

    @property
    def scores_file(self) -> Path:
        """``scores.json``: the scores of each part, see :class:`PartScores`."""
        return self.folder / "scores.json"

    @property
    def panels_file(self) -> Path:
        """``figures/panels.json``: files and captions of the panels on the page."""
        return self.folder / "figures" / "panels.json"

    @property
    def page(self) -> Path:
        """``report.html``: the page of the run, one file that loads nothing else."""
        return self.folder / "report.html"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints ``last``, ``best`` and ``epoch-…``."""
        return self.folder / "checkpoints"

    def masks(self, part: str) -> Path:
        """Return the folder of the label maps of ``part``.

        Args:
            part: ``train``, ``validation``, ``test``, or the name of a cross-evaluation.

        Returns:
            The path, whether or not it exists.

        Example:
            >>> from maskwright import RunFolder
            >>> RunFolder("runs/first").masks("validation").as_posix()
            'runs/first/masks/validation'
        """
        return self.folder / "masks" / part

    def predictions(self, part: str) -> Path:
        """Return the folder of the predictions on ``part``.

        Args:
            part: ``validation``, ``test``, or the name of a cross-evaluation.

        Returns:
            The path, whether or not it exists.

        Example:
            >>> from maskwright import RunFolder
            >>> RunFolder("runs/first").predictions("test").as_posix()
            'runs/first/predictions/test'
        """
        return self.folder / "predictions" / part

    @property
    def card(self) -> Card:
        """The content of ``card.json``; empty when it does not exist yet.

        Raises:
            DataError: The file is damaged.
        """
        return cast(Card, self._read(self.card_file) if self.card_file.is_file() else {})

    @property
    def recorded_classes(self) -> ClassTable:
        """The classes of the model, as the card has them.

        Raises:
            DataError: There is no card, it has no classes, or one of them is wrong.
        """
        try:
            return ClassTable.from_json(self.card["classes"])
        except (KeyError, DataError) as error:
            found = "it has none" if isinstance(error, KeyError) else str(error)
            raise DataError(
                f"{self.card_file}: expected the classes of the model; {found}. Run the training stage again to write "
                "the card."
            ) from error

    @property
    def audits(self) -> dict[str, dict[str, Any]]:
        """The content of ``audit.json`` by part of the data; empty when it does not exist.

        Raises:
            DataError: The file is damaged.
        """
        return self._read_parts(self.audit_file) if self.audit_file.is_file() else {}

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """``{stage: {"finished", "seconds"}}`` of the finished stages; empty when there is no run."""
        return self._read_parts(self.stages_file) if self.stages_file.is_file() else {}

    @property
    def scores(self) -> dict[str, PartScores]:
        """The scores of each part, as ``evaluate`` wrote them.

        Raises:
            UsageError: The run has no scores yet.
            DataError: The file is damaged.
        """
        if not self.scores_file.is_file():
            raise UsageError(f"{self.scores_file}: is missing; expected the scores of a run. Evaluate the run first.")
        return {part: with_current_keys(scores) for part, scores in self._read_parts(self.scores_file).items()}

    def _read_parts(self, file: Path) -> dict[str, dict[str, Any]]:
        """Return the JSON objects by name in ``file``; raise ``DataError`` when it is damaged."""
        found = self._read(file)
        wrong = next((name for name, part in found.items() if not isinstance(part, dict)), None)
        if wrong is not None:
            raise DataError(f"{file}: {wrong} is no JSON object; expected one. {_WRITE_AGAIN}")
        return found

    def _read(self, file: Path) -> dict[str, Any]:
        """Return the JSON object in ``file``; raise ``DataError`` when it is damaged."""
        try:
            found = read_json(file)
        except ValueError as error:
            raise DataError(f"{file}: cannot be read ({error}); expected JSON. {_WRITE_AGAIN}") from error
        if not isinstance(found, dict):
            raise DataError(f"{file}: holds no JSON object but a {type(found).__name__}; expected one. {_WRITE_AGAIN}")
        return found


def with_current_keys(scores: Mapping[str, Any]) -> PartScores:
    """Return the ``scores`` of a part with current keys; ``elsewhere`` is the old key of ``cross_evaluation``."""
    renamed = {"elsewhere": "cross_evaluation"}
    return PartScores(**{renamed.get(key, key): value for key, value in scores.items()})  # type: ignore[typeddict-item]


def model_file(path: Path) -> Path:
    """Return the model file of ``path``: of a run its best checkpoint's, of a checkpoint its model, or the file itself.

    Raises ``UsageError`` when there is none.
    """
    if path.is_file():
        if path.suffix.lower() in _NO_MODELS:
            raise UsageError(
                f"{path}: is no model; expected a run folder, a checkpoint, a .safetensors file or an export (.onnx, "
                ".xml). Name the model first, then its data."
            )
        return path
    for folder in (path / "checkpoints" / "best", path):
        recover_folder(folder)
        if (folder / MODEL_FILE).is_file():
            return folder / MODEL_FILE
    raise UsageError(
        f"{path}: no model here; expected a run folder with checkpoints, a checkpoint folder, a .safetensors file or "
        "an export (.onnx, .xml)."
    )
