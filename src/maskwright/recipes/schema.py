"""The sections of a training recipe. Every key has one meaning, one unit and one default; unknown keys are errors."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from maskwright.recipes.section import Section
from maskwright.recipes.training import Augment, Loss, Train
from maskwright.structures import CrowdRule, OverlapRule, RiderRule, Task


class Source(Section):
    """A folder of images and its COCO JSON file.

    Attributes:
        images: The folder of the images, relative to ``data.root``.
        annotations: The COCO JSON file, relative to ``data.root``.
        taxonomy: A shipped taxonomy, or a YAML file relative to the working directory. It maps the categories to its
            target classes before ``classes`` are chosen. None keeps the categories.
        rider: The rule for riders (``absent``, ``person`` or ``person-over-two-wheeler``) that replaces the taxonomy's
            own. Only beside ``taxonomy``.
        max_images: Use only the first so many images that qualify, at least 1. None takes ``data.max_images``.
        at_least: The least number of images, 1 or more, that show a class, by class name, such as ``{dog: 1}``. Later
            images then take the place of earlier ones within ``max_images``.
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
    """The built-in data: images of drawn shapes, which need no download.

    Attributes:
        train: The number of training images, at least 1.
        validation: The number of validation images, at least 1.
        seed: Draws other images for another number. Training images have the seed 2 × ``seed``, validation images the
            next one.
        domain: ``clear``, or ``shifted``: the same scenes through fog, blur, a colour cast and noise.
    """

    train: int = Field(default=240, ge=1)
    validation: int = Field(default=60, ge=1)
    seed: int = 0
    domain: Literal["clear", "shifted"] = "clear"


class StreetScenes(Section):
    """The built-in streets: drawn scenes with things and stuff, in the classes of Cityscapes, which need no download.

    Attributes:
        train: The number of training images, at least 1.
        validation: The number of validation images, at least 1.
        seed: Draws other images for another number, 0 or more.
        height: The height of an image in pixels, at least 64; its width is twice that.
    """

    train: int = Field(default=240, ge=1)
    validation: int = Field(default=60, ge=1)
    seed: int = Field(default=0, ge=0)
    height: int = Field(default=128, ge=64)


class Data(Section):
    """The images and annotations of each part, and the rules that select images.

    Name the data in exactly one way: ``train`` with ``validation`` (and ``test``), or ``source`` with ``split``, or
    ``shapes`` or ``streets``.

    Attributes:
        root: The folder to which the paths of the sources are relative. The default is the working directory.
        train: The training data.
        validation: The data that is scored during the training and chooses the best checkpoint.
        test: Data that only the evaluation after the training scores, if ``evaluate.on`` names it.
        source: One data set to be split into the parts.
        split: The ratios ``train:validation`` or ``train:validation:test`` of ``source`` by number of images, such as
            ``8:1:1``. Every part gets its share of every class, by the recipe's ``seed``, and copies of one picture
            stay in one part.
        shapes: Built-in data instead of files.
        streets: Built-in streets instead of files.
        stuff: The classes, after grouping, that are no countable things, such as ``[road, sky]`` (panoptic models): all
            objects of one on an image are one segment. None takes the ``stuff`` of the groups or of the built-in
            streets, or has things alone.
        overlap: The object that keeps a pixel of the map which several cover (semantic and panoptic models): ``last``
            or ``first`` in the file, the ``smallest``, the one of the ``highest-index`` class, or ``priority``, the one
            of the group with the largest weight. ``last`` paints in file order.
        crowd: How crowd regions enter the label map (semantic models): ``ignore`` leaves their pixels out of the loss
            and the scores, ``include`` draws them like objects, ``skip`` does not draw them. ``ignore``, because a
            crowd's outline is coarse.
        only_with_objects: Whether to skip images without any object of the classes, in every part.
        drop_crowd_images: Whether to skip images with a crowd region of the classes, in every part.
        max_instances: Skip images with more objects of the classes than this, at least 1. None sets no limit.
        max_images: Use only the first so many images that qualify in each file, at least 1. None uses all.
        allow_empty_classes: Whether to train although a class has no object in the training images. ``false``, because
            a model learns nothing of such a class, and its scores count against the others.
    """

    root: str = "."
    train: Source | None = None
    validation: Source | None = None
    test: Source | None = None
    source: Source | None = None
    split: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?(:\d+(\.\d+)?){1,2}$")
    shapes: Shapes | None = None
    streets: StreetScenes | None = None
    stuff: list[str] | None = None
    overlap: OverlapRule = "last"
    crowd: CrowdRule = "ignore"
    only_with_objects: bool = False
    drop_crowd_images: bool = False
    max_instances: int | None = Field(default=None, ge=1)
    max_images: int | None = Field(default=None, ge=1)
    allow_empty_classes: bool = False

    @property
    def built_in(self) -> bool:
        """Whether the images are drawn by Maskwright."""
        return self.shapes is not None or self.streets is not None

    @model_validator(mode="after")
    def _one_way_to_name_the_data(self) -> Self:
        ways = (self.train, self.source, self.shapes, self.streets)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of train (with validation), source (with split), shapes or streets")
        if self.train is not None and self.validation is None:
            raise ValueError("train needs validation beside it, or use source with split")
        if (self.source is None) != (self.split is None):
            raise ValueError("source and split belong together")
        return self


class Input(Section):
    """The size in pixels at which the model sees an image.

    Attributes:
        resize: ``square`` resizes to ``size`` × ``size``. ``short-side`` keeps the aspect ratio. Instance models always
            keep it, and ``short-side`` is their default.
        size: The side of the square, or the short side, at least 16.
        longest: The most pixels of the long side with ``short-side``, at least 16. None sets no limit for semantic
            models and 2 × ``size`` for instance models.
        multiple: Sides are rounded up to a multiple of it, at least 1, for networks that need one. Semantic models
            only.
    """

    resize: Literal["square", "short-side"] = "square"
    size: int = Field(default=256, ge=16)
    longest: int | None = Field(default=None, ge=16)
    multiple: int = Field(default=1, ge=1)


class Model(Section):
    """The network, its starting weights and its options.

    Attributes:
        name: A name of the catalogue; ``maskwright models`` lists them.
        weights: The starting weights: ``none`` for random ones, a published name such as ``imagenet`` or ``coco``, or
            the path of a weights file.
        options: The model's own options by name; ``maskwright models NAME`` lists them.
        input: The size at which the model sees an image.
    """

    name: str
    weights: str = "none"
    options: dict[str, Any] = Field(default_factory=dict)
    input: Input = Input()


class Evaluate(Section):
    """The evaluation after the training.

    It averages the probabilities of a semantic model over several views of an image where ``flip``, ``scales`` or
    ``window`` ask for it. The validation during the training always sees each image once and whole.

    Attributes:
        on: The parts of the data to score: ``validation``, ``test`` or both.
        show_score: The lowest score of a detection, 0 to 1, that is drawn in pictures and that counts for precision,
            recall, F1, mask overlap, the confusion matrix and the worst images (instance models). AP, calibration and
            the curves use all detections.
        flip: Whether to add the mirrored image (semantic models).
        scales: Factors of the input size, each above 0 and at most 8 (semantic models).
        window: The side, in pixels of the image, of the square windows in which it is predicted, at least 16; None for
            the whole image (semantic models).
        overlap: The least part of a window, 0 up to, but not, 1, that neighbouring windows share.
    """

    on: tuple[Literal["validation", "test"], ...] = ("validation",)
    show_score: float = Field(default=0.5, ge=0, le=1)
    flip: bool = False
    scales: tuple[Annotated[float, Field(gt=0, le=8)], ...] = Field(default=(1.0,), min_length=1)
    window: int | None = Field(default=None, ge=16)
    overlap: float = Field(default=0.25, ge=0, lt=1)


class Report(Section):
    """The report page.

    Attributes:
        panels: How many images of each scored part the page shows as original, truth and prediction, 0 or more. With
            any, it shows the ten worst images with their errors too, and the first validation draws as many panels
            into ``figures/epochs/`` and the trackers.
        panels_every: Draw the panels of the validation after every so many epochs too, at least 1. None draws those
            of the first validation alone.
    """

    panels: int = Field(default=6, ge=0)
    panels_every: int | None = Field(default=None, ge=1)


class Recipe(Section):
    """A whole training experiment: its data, classes, model, training and evaluation.

    Attributes:
        name: The name of the experiment and, by default, of its run folder below ``runs/``. Letters, digits, ``.``,
            ``_`` and ``-``; it begins with a letter or a digit.
        description: One sentence for the list of recipes.
        seed: The seed, 0 or more, of the random weights, the split, the order of samples and the augmentation.
        task: ``semantic``, ``instance`` or ``panoptic``.
        data: The images and annotations of each part.
        classes: Class names in the order of their indices 1, 2, …, matched by name in every file; or ``all`` for all
            categories of the training file.
        groups: A shipped grouping (``coco9``, ``coco14``) or a YAML file relative to the working directory. It merges
            classes into groups, which replace ``classes``. None keeps single classes.
        model: The network.
        loss: The loss of semantic models. Instance models have their own.
        augment: The random changes of training images.
        train: The training.
        evaluate: The evaluation after the training.
        report: The report page.

    Raises:
        ValidationError: Pydantic's, when built in code, for an unknown key, a value out of range or keys that exclude
            each other. :func:`~maskwright.recipes.loading.load_recipe` raises ``UsageError`` instead.

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
        """Make ``short-side`` the default of ``resize`` in a recipe for instances."""
        if not isinstance(content, dict) or content.get("task") != "instance":
            return content
        model = content.get("model")
        given = model.get("input", {}) if isinstance(model, dict) else None
        if not isinstance(model, dict) or not isinstance(given, dict):
            return content  # either a fault that validation reports, or validated already
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
        if self.groups is not None and self.data.built_in:
            raise ValueError("groups does not go with data.shapes or data.streets, whose classes are few")
        if self.data.overlap == "priority" and self.groups is None:
            raise ValueError("data.overlap: priority needs the weights of groups")
        return self

    @model_validator(mode="after")
    def _one_size_in_a_batch(self) -> Self:
        scale, batch = self.augment.scale, self.train.batch_size
        varies = scale is not None and scale[0] != scale[1] and self.augment.crop is None
        if self.task != "instance" and varies and batch > self.train.devices:
            raise ValueError(
                f"augment.scale: {list(scale or ())} makes images of different sizes, and a {self.task} model takes a "
                f"batch of one size (train.batch_size: {batch}); set augment.crop to cut all to one size, or "
                f"train.batch_size: {self.train.devices}"
            )
        return self

    @model_validator(mode="after")
    def _settings_of_the_task(self) -> Self:
        size, panoptic = self.model.input, self.task == "panoptic"
        if self.data.stuff is not None and not panoptic:
            raise ValueError(
                f"found data.stuff, only for panoptic models; expected none of it with task: {self.task}. Leave it out"
            )
        if panoptic and self.augment.copy_paste:
            raise ValueError("augment.copy_paste does not go with task: panoptic; expected 0. Leave it out")
        if self.task == "semantic":
            return self
        wrong = {
            f"data.overlap: {self.data.overlap}": self.data.overlap != "last" and not panoptic,
            f"data.crowd: {self.data.crowd}": self.data.crowd != "ignore",
            "model.input.resize: square": size.resize == "square"
            and "resize" in size.model_fields_set
            and not panoptic,
            f"model.input.multiple: {size.multiple}": size.multiple != 1 and not panoptic,
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
                f"found {' and '.join(named)}, only for semantic models; expected none of it with task: {self.task}. "
                "Leave it out"
            )
        return self
