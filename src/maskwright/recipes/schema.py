"""The sections of a recipe. Every key has one meaning, one unit and one default; unknown keys are refused."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from maskwright.structures import CrowdRule, OverlapRule, Task


class Section(BaseModel):
    """A part of a recipe: unknown keys are errors, values do not change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Source(Section):
    """A folder of images and its COCO JSON; paths are relative to ``data.root``."""

    images: str
    annotations: str


class Shapes(Section):
    """The built-in data: how many images to draw for each part, and from which seed."""

    train: int = Field(default=240, ge=1)
    validation: int = Field(default=60, ge=1)
    seed: int = 0


class Data(Section):
    """Where the data lies and which images of it are used.

    Give ``train`` and ``validation`` (and ``test``), or one ``source`` with the ``split`` ratios
    ``train:validation:test``, or ``shapes``.
    """

    root: str = "."
    train: Source | None = None
    validation: Source | None = None
    test: Source | None = None
    source: Source | None = None
    split: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?(:\d+(\.\d+)?){1,2}$")
    shapes: Shapes | None = None
    overlap: OverlapRule = "last"
    crowd: CrowdRule = "ignore"
    only_with_objects: bool = False
    drop_crowd_images: bool = False
    max_instances: int | None = Field(default=None, ge=1)
    max_images: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_way_to_name_the_data(self) -> Self:
        ways = [self.train is not None, self.source is not None, self.shapes is not None]
        if sum(ways) != 1:
            raise ValueError("give exactly one of train (with validation), source (with split) or shapes")
        if self.train is not None and self.validation is None:
            raise ValueError("train needs validation beside it, or use source with split")
        if (self.source is None) != (self.split is None):
            raise ValueError("source and split belong together")
        return self


class Input(Section):
    """The size in pixels at which the model sees an image.

    ``square`` resizes to ``size`` × ``size``; ``short-side`` keeps the aspect ratio, with the long side at most
    ``longest``. Sides are rounded up to ``multiple``.
    """

    resize: Literal["square", "short-side"] = "square"
    size: int = Field(default=256, ge=16)
    longest: int | None = Field(default=None, ge=16)
    multiple: int = Field(default=1, ge=1)


class Model(Section):
    """The network: a name of the catalogue, its starting weights, its options.

    ``weights`` is ``none``, a published name (``imagenet``, ``coco``), or the path of a weights file.
    """

    name: str
    weights: str = "none"
    options: dict[str, Any] = Field(default_factory=dict)
    input: Input = Input()


class Loss(Section):
    """The semantic loss and the weight of the auxiliary head's loss where the model has one."""

    name: Literal["cross_entropy"] = "cross_entropy"
    auxiliary: float = Field(default=0.4, ge=0)


class Augment(Section):
    """Random changes of training images: probabilities, degrees, and strengths as in torchvision's ColorJitter.

    ``scale`` multiplies the input size by a log-uniform factor; ``crop`` cuts a square of so many pixels.
    """

    horizontal_flip: float = Field(default=0.0, ge=0, le=1)
    vertical_flip: float = Field(default=0.0, ge=0, le=1)
    rotation: float = Field(default=0.0, ge=0, le=180)
    brightness: float = Field(default=0.0, ge=0)
    contrast: float = Field(default=0.0, ge=0)
    saturation: float = Field(default=0.0, ge=0)
    hue: float = Field(default=0.0, ge=0, le=0.5)
    scale: tuple[float, float] | None = None
    crop: int | None = Field(default=None, ge=16)

    @model_validator(mode="after")
    def _scale_range(self) -> Self:
        if self.scale is not None and not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError("scale needs two positive numbers, the smaller first")
        return self


class Optimizer(Section):
    """The optimiser; ``momentum`` is for SGD."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)


class Schedule(Section):
    """The learning rate over the steps of the whole training, after ``warmup_steps`` of linear growth."""

    name: Literal["constant", "cosine", "polynomial"] = "constant"
    warmup_steps: int = Field(default=0, ge=0)
    power: float = Field(default=0.9, gt=0)


class Sampling(Section):
    """Which training images an epoch takes: each once, or drawn by the rarest class in them (``rare_classes``).

    A class in a share f of the images weighs ``f ** -power``: 1 is inverse frequency, 0.5 its square root.
    """

    name: Literal["shuffle", "rare_classes"] = "shuffle"
    power: float = Field(default=0.5, gt=0, le=1)


class Train(Section):
    """How to train. ``ema`` is the decay of the moving average of the weights that is validated and kept, 0 for none.

    ``device`` is ``auto``, ``cpu`` or ``cuda``; ``precision`` a mode of Lightning Fabric. ``channels_last`` lays
    semantic batches out as convolutions read them fastest.
    """

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=4, ge=1)
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    sampling: Sampling = Sampling()
    ema: float = Field(default=0.0, ge=0, lt=1)
    clip_norm: float | None = Field(default=None, gt=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    channels_last: bool = True
    workers: int = Field(default=0, ge=0)
    validate_every: int = Field(default=1, ge=1)
    checkpoint_every: int | None = Field(default=None, ge=1)
    best_by: str | None = None


class Evaluate(Section):
    """What to score after training, and the lowest score of a detection that is shown in pictures."""

    on: tuple[Literal["validation", "test"], ...] = ("validation",)
    show_score: float = Field(default=0.5, ge=0, le=1)


class Report(Section):
    """The report page: how many panels of original, truth and prediction it shows."""

    panels: int = Field(default=6, ge=0)


class Recipe(Section):
    """A whole experiment. ``classes`` lists class names in index order, or is ``all``."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    seed: int = Field(default=0, ge=0)
    task: Task
    data: Data
    classes: list[str] | Literal["all"] = "all"
    model: Model
    loss: Loss = Loss()
    augment: Augment = Augment()
    train: Train
    evaluate: Evaluate = Evaluate()
    report: Report = Report()

    @model_validator(mode="after")
    def _test_part_exists(self) -> Self:
        three_parts = self.data.split is not None and self.data.split.count(":") == 2
        if "test" in self.evaluate.on and self.data.test is None and not three_parts:
            raise ValueError("evaluate.on names test, but data has neither test nor a split of three parts")
        return self
