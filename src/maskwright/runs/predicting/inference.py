"""How a trained model is applied to images by a command: in tiles or whole, in which precision, compiled or not."""

from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from maskwright.errors import UsageError
from maskwright.prediction.computation import Precision, require_precision
from maskwright.prediction.instance_tiles import require_tiles_alone
from maskwright.prediction.panoptic import require_plain
from maskwright.prediction.predictor import Predictor
from maskwright.prediction.semantic import PLAIN
from maskwright.prediction.test_time_augmentation import Views
from maskwright.prediction.tile_choice import Tile, parse_tile
from maskwright.training.device import without_bfloat16


@dataclass(frozen=True)
class InferenceSettings:
    """How a model is applied to images.

    Args:
        tile: The side of the tiles in which images are predicted, ``auto`` for the one that suits the model, or None
            for whole images.
        overlap: The least part of a tile that its neighbours share, from 0 up to, but not, 1.
        precision: ``fp32`` or ``bf16``; a CPU without instructions for bfloat16 takes ``fp32``.
        compiled: Have torch compile the network.

    Raises:
        UsageError: For values out of range.

    Example:
        >>> import maskwright as mw
        >>> from maskwright.runs.predicting.inference import InferenceSettings
        >>> settings = InferenceSettings(tile="auto")
        >>> model = mw.load_model("runs/first", **settings.loading)
        >>> settings.views(model).window == model.usual_tile
        True
    """

    tile: Tile = None
    overlap: float = 0.25
    precision: Precision = "fp32"
    compiled: bool = False

    def __post_init__(self) -> None:
        require_precision(self.precision)
        if not 0 <= self.overlap < 1:
            raise UsageError(f"--overlap {self.overlap}: expected a part of the tile from 0 up to, but not, 1.")

    @property
    def loading(self) -> dict[str, Any]:
        """The arguments of ``load_model`` with which a model computes as these settings say."""
        return {"precision": self.precision, "compiled": self.compiled}

    def views(self, model: Predictor[Any], given: Views = PLAIN) -> Views:
        """Return the views ``given`` with the tiles of these settings; without tiles they stay as they are.

        Raises ``UsageError`` for an instance model that is to average, or whose tiles do not overlap, and for a
        panoptic model with either.
        """
        if self.tile is not None:
            window = model.usual_tile if self.tile == "auto" else self.tile
            given = replace(given, window=window, overlap=self.overlap)
        if model.task == "instance":
            require_tiles_alone(given, "--flip and --scales")
        if model.task == "panoptic":
            require_plain(given)
        return given

    def computed_by(self, model: Predictor[Any]) -> "InferenceSettings":
        """Return these settings with the precision in which ``model`` computes, see ``load_model``."""
        return replace(self, precision=model.precision)

    def remarks(self, model: Predictor[Any]) -> list[str]:
        """Return the warning where ``model`` computes in another precision than these settings ask for."""
        same = model.precision == self.precision
        return [] if same else [without_bfloat16(model.precision, self.precision)]

    def to_json(self) -> dict[str, Any]:
        """Return the settings that differ from the usual ones, for records."""
        usual = asdict(DEFAULT_INFERENCE)
        return {key: value for key, value in asdict(self).items() if value != usual[key]}


DEFAULT_INFERENCE = InferenceSettings()


def parse_inference(tile: str | None, overlap: float, precision: str, compiled: bool) -> InferenceSettings:
    """Return the settings that options of the command line describe; raise ``UsageError`` for values out of range."""
    require_precision(precision)
    return InferenceSettings(parse_tile(tile), overlap, cast(Precision, precision), compiled)


def inference_record(settings: InferenceSettings, model: Predictor[Any]) -> dict[str, Any]:
    """Return what the scores of ``model`` say of unusual ``settings``: ``inference``, with tiles in pixels."""
    unusual = settings.computed_by(model).to_json()
    if settings.tile is not None:
        unusual |= {"tile": settings.views(model).window, "overlap": settings.overlap}
    return {"inference": unusual} if unusual else {}
