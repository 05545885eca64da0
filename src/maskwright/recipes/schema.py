"""The sections of a recipe. Every key has one meaning, one unit and one default; unknown keys are refused."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from maskwright.recipes.section import Section
from maskwright.recipes.training import Augment, Loss, Train
from maskwright.structures import CrowdRule, OverlapRule, RiderRule, Task


class Source(Section):
    """A folder of images and its COCO JSON; paths are relative to ``data.root``.

    ``max_images`` uses only the first so many of the images that qualify, instead of ``data.max_images``;
    ``at_least: {dog: 1}`` changes them so that one holds a dog. ``taxonomy``, a shipped name or a YAML file (found
    from the working directory, as ``groups`` is), puts the annotations into another data set's classes before
    ``classes`` are chosen; ``rider`` replaces its rule for riders.
    """

    images: str
    annotations: str
    taxonomy: str | None = None
    rider: RiderRule | None = None
    max_images: int | None = Field(default=None, ge=1)
    at_least: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _rider_of_a_taxonomy(self) -> Self:
        if self.rider is not None and self.taxonomy is None:
            raise ValueError("rider replaces the rule of a taxonomy; give taxonomy beside it, or leave it out")
        return self


class Shapes(Section):
    """The built-in data: how many images to draw for each part, from which seed, and in which ``domain``.

    ``shifted`` shows the scenes of ``clear`` through fog, blur, a colour cast and noise.
    """

    train: int = Field(default=240, ge=1)
    validation: int = Field(default=60, ge=1)
    seed: int = 0
    domain: Literal["clear", "shifted"] = "clear"


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
    ``longest``. Sides are rounded up to ``multiple``. For instances it is always ``short-side``, without a multiple,
    and the long side is at most twice ``size`` unless ``longest`` says otherwise.
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


class Evaluate(Section):
    """What to score after training, and the lowest score of a detection that is shown in pictures.

    Semantic models can average probabilities over the image and its mirror image (``flip``), over ``scales`` of the
    input size, and over squares of ``window`` pixels of the image that share at least the part ``overlap``. The
    validation after each epoch sees images once and whole, whatever these say.
    """

    on: tuple[Literal["validation", "test"], ...] = ("validation",)
    show_score: float = Field(default=0.5, ge=0, le=1)
    flip: bool = False
    scales: tuple[Annotated[float, Field(gt=0, le=8)], ...] = Field(default=(1.0,), min_length=1)
    window: int | None = Field(default=None, ge=16)
    overlap: float = Field(default=0.25, ge=0, lt=1)


class Report(Section):
    """The report page: how many panels of original, truth and prediction it shows.

    ``panels_every`` draws as many of the validation after every so-manyth epoch of the training, too.
    """

    panels: int = Field(default=6, ge=0)
    panels_every: int | None = Field(default=None, ge=1)


class Recipe(Section):
    """A whole experiment. ``classes`` lists class names in index order, or is ``all``.

    ``groups`` draws many classes as few: ``coco9`` or a YAML file of groups, each with its classes and its weight in
    ``data.overlap: priority``.

    Example:
        >>> from maskwright.recipes.loading import load_recipe
        >>> recipe = load_recipe("demo-semantic", ["train.epochs=2"])
        >>> recipe.task, recipe.train.epochs
        ('semantic', 2)
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    seed: int = Field(default=0, ge=0)
    task: Task
    data: Data
    classes: list[str] | Literal["all"] = "all"
    groups: str | None = None
    model: Model
    loss: Loss = Loss()
    augment: Augment = Augment()
    train: Train
    evaluate: Evaluate = Evaluate()
    report: Report = Report()

    @model_validator(mode="before")
    @classmethod
    def _instances_keep_their_shape(cls, content: Any) -> Any:
        """Where a recipe for instances leaves ``resize`` open, say what their models do."""
        if not isinstance(content, dict) or content.get("task") != "instance":
            return content
        model = content.get("model")
        given = model.get("input", {}) if isinstance(model, dict) else None
        if not isinstance(model, dict) or not isinstance(given, dict):
            return content  # which is a fault of its own, or validated already
        return {**content, "model": {**model, "input": {"resize": "short-side", **given}}}

    @model_validator(mode="after")
    def _test_part_exists(self) -> Self:
        three_parts = self.data.split is not None and self.data.split.count(":") == 2
        if "test" in self.evaluate.on and self.data.test is None and not three_parts:
            raise ValueError("evaluate.on names test, but data has neither test nor a split of three parts")
        return self

    @model_validator(mode="after")
    def _groups_or_classes(self) -> Self:
        if self.groups is not None and self.classes != "all":
            raise ValueError("groups names the classes itself; leave out classes")
        if self.groups is not None and self.data.shapes is not None:
            raise ValueError("groups does not go with data.shapes, whose classes are few")
        if self.data.overlap == "priority" and self.groups is None:
            raise ValueError("data.overlap: priority needs the weights of groups")
        return self

    @model_validator(mode="after")
    def _semantic_settings(self) -> Self:
        if self.task == "semantic":
            return self
        size = self.model.input
        wrong = {
            f"data.overlap: {self.data.overlap}": self.data.overlap != "last",
            f"data.crowd: {self.data.crowd}": self.data.crowd != "ignore",
            "model.input.resize: square": size.resize == "square" and "resize" in size.model_fields_set,
            f"model.input.multiple: {size.multiple}": size.multiple != 1,
            "loss": self.loss != Loss(),
            "train.compile": self.train.compile,
            "train.sampling.name: inverse_frequency": self.train.sampling.name == "inverse_frequency",
            "evaluate.flip": self.evaluate.flip,
            "evaluate.scales": self.evaluate.scales != (1.0,),
            "evaluate.window": self.evaluate.window is not None,
        }
        named = [key for key, set_ in wrong.items() if set_]
        if named:
            raise ValueError(
                f"found {' and '.join(named)}, only for semantic models; expected none of it with task: instance. "
                "Leave it out"
            )
        return self
