"""The sections of a transfer recipe: models, the source, the targets, and the settings of their comparison."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from maskwright.recipes.section import Section
from maskwright.recipes.training import Augment, Train
from maskwright.structures import RiderRule

# Names of models and targets are also names of folders.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


class ModelSource(Section):
    """A model that takes part in a transfer. Give exactly one of ``use`` and ``recipe``; a text alone means ``use``.

    Attributes:
        use: A run folder, a model file, a weights file (``.pkl``, ``.pth``, ``.pt``) or the name of a published
            checkpoint; ``maskwright weights list`` lists those.
        recipe: A recipe, shipped or a file, by which the model is trained first.
        set: Overrides of ``recipe``, such as ``train.epochs=2``.

    Raises:
        ValidationError: When both or neither of ``use`` and ``recipe`` are given, or ``set`` without ``recipe``.

    Example:
        >>> from maskwright.recipes.transfer import ModelSource
        >>> ModelSource.model_validate("runs/first") == ModelSource(use="runs/first")
        True
    """

    use: str | None = None
    recipe: str | None = None
    set: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.use is None) == (self.recipe is None):
            raise ValueError("give exactly one of use (what is trained already) and recipe (what is trained first)")
        if self.set and self.recipe is None:
            raise ValueError("set belongs to recipe; a model that is trained already has no keys to set")
        return self


class DrawnShapes(Section):
    """Images of the built-in shapes.

    A training with ``data.shapes.seed: s`` draws the seeds 2s and 2s + 1; other seeds are images that it has not seen.

    Attributes:
        images: The number of images, at least 1.
        seed: Draws other images for another number, 0 or more.
        domain: ``clear``, or ``shifted``: the same scenes through fog, blur, a colour cast and noise.
    """

    images: int = Field(default=200, ge=1)
    seed: int = Field(default=0, ge=0)
    domain: Literal["clear", "shifted"] = "clear"


class DrawnStreets(Section):
    """Images of the built-in streets, in the layout of Cityscapes.

    Attributes:
        images: The number of images, at least 1.
        seed: Draws other images for another number, 0 or more.
        size: Height and width in pixels, each at least 64.
        split: The Cityscapes split, ``train``, ``val`` or ``test``, into which they are written.
    """

    images: int = Field(default=50, ge=1)
    seed: int = Field(default=0, ge=0)
    size: tuple[Annotated[int, Field(ge=64)], Annotated[int, Field(ge=64)]] = (256, 512)
    split: Literal["train", "val", "test"] = "val"


class ImageSet(Section):
    """Images with their truth. Name them in exactly one way; paths are relative to the recipe's ``root``.

    Attributes:
        images: The folder of the images of ``annotations``.
        annotations: A COCO JSON file.
        cityscapes: A folder in the layout of Cityscapes, with ``leftImg8bit`` and ``gtFine``.
        split: The split of ``cityscapes``: ``train``, ``val`` or ``test``.
        shapes: Built-in shapes.
        streets: Built-in streets.
        max_images: Use only the first so many images, at least 1. None uses all.

    Raises:
        ValidationError: When the images are named in no way or in several, or ``images`` and ``annotations`` are not
            both given.
    """

    images: str | None = None
    annotations: str | None = None
    cityscapes: str | None = None
    split: Literal["train", "val", "test"] = "val"
    shapes: DrawnShapes | None = None
    streets: DrawnStreets | None = None
    max_images: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_way_to_name_the_images(self) -> Self:
        ways = (self.annotations, self.cityscapes, self.shapes, self.streets)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of images with annotations, cityscapes, shapes and streets")
        if (self.images is None) != (self.annotations is None):
            raise ValueError("images and annotations belong together")
        return self


class Target(ImageSet):
    """A data set to which the models are transferred.

    Attributes:
        images: The folder of the images of ``annotations``.
        annotations: A COCO JSON file.
        cityscapes: A folder in the layout of Cityscapes, with ``leftImg8bit`` and ``gtFine``.
        split: The split of ``cityscapes``: ``train``, ``val`` or ``test``.
        shapes: Built-in shapes.
        streets: Built-in streets.
        max_images: Use only the first so many images, at least 1. None uses all.
        taxonomy: A shipped taxonomy or a YAML file that maps the source's classes to the target's. None matches classes
            of the same name.
        rider: The rule for riders (``absent``, ``person`` or ``person-over-two-wheeler``) that replaces the taxonomy's
            own.
        train: Other images of the target, for ``fine_tune``.
    """

    taxonomy: str | None = None
    rider: RiderRule | None = None
    train: ImageSet | None = None


class Bootstrap(Section):
    """The bootstrap intervals of the scores.

    Attributes:
        samples: The number of bootstrap samples of the images, 0 or more. 0 computes no intervals.
        seed: The seed of the samples, 0 or more.
        level: The confidence level, between 0 and 1; 0.95 gives 95 % intervals.
    """

    samples: int = Field(default=1000, ge=0)
    seed: int = Field(default=0, ge=0)
    level: float = Field(default=0.95, gt=0, lt=1)


class FineTune(Section):
    """Fine-tuning of each model on a target's ``train`` images, as an upper bound of what it could reach there.

    Attributes:
        train: The training.
        augment: The random changes of training images.
        split: The ratio ``train:validation`` of the ``train`` images. The second part chooses the checkpoint, so that
            the scored images do not.
    """

    train: Train
    augment: Augment = Augment()
    split: str = Field(default="9:1", pattern=r"^\d+(\.\d+)?:\d+(\.\d+)?$")


class Transfer(Section):
    """The comparison of models on the data they were trained on, the ``source``, and on other data, the ``targets``.

    All scores are of the classes that the source, the target and every model share.

    Attributes:
        name: The name of the transfer and, by default, of its folder below ``runs/``.
        description: One sentence for the list of recipes.
        seed: The seed, 0 or more, of the fine-tuning.
        root: The folder to which the paths of ``source`` and ``targets`` are relative. The default is the working
            directory.
        models: The models to compare, by name; at least one. None of them may have been trained on a target.
        bound: Models that were trained on a target, by name. They are scored on the targets alone, as what can be
            reached there.
        source: The data set that the models were trained on, best by images held out from the training.
        targets: The other data sets, by name; at least one.
        classes: The names of the shared classes to compare, or ``all`` of them.
        score: The lowest score of a detection, 0 to 1, that counts for boundary IoU and is drawn in panels. AP uses all
            detections.
        bootstrap: The bootstrap intervals.
        fine_tune: Fine-tuning on each target, which then needs ``train`` images. None skips it.
        panels: How many images of the source and of each target are drawn with every model's detections, 0 or more.
        device: The device of the predictions: ``cpu``, ``cuda``, ``mps``, or ``auto``, a GPU where there is one.

    Raises:
        ValidationError: Pydantic's, when built in code, for an unknown key, a value out of range, a name in both
            ``models`` and ``bound``, a target called ``source``, or ``fine_tune`` without ``train`` images.
            :func:`~maskwright.recipes.loading.load_transfer` raises ``UsageError`` instead.

    Example:
        >>> from maskwright.recipes.loading import load_transfer
        >>> recipe = load_transfer("shapes-transfer", ["bootstrap.samples=100"])
        >>> list(recipe.targets), recipe.bootstrap.samples
        (['fog'], 100)
    """

    name: Name
    description: str = ""
    seed: int = Field(default=0, ge=0)
    root: str = "."
    models: dict[Name, ModelSource] = Field(min_length=1)
    bound: dict[Name, ModelSource] = Field(default_factory=dict)
    source: ImageSet
    targets: dict[Name, Target] = Field(min_length=1)
    classes: list[str] | Literal["all"] = "all"
    score: float = Field(default=0.5, ge=0, le=1)
    bootstrap: Bootstrap = Bootstrap()
    fine_tune: FineTune | None = None
    panels: int = Field(default=4, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        twice = sorted(set(self.models) & set(self.bound))
        if twice:
            raise ValueError(f"{', '.join(twice)} is named in models and in bound; expected different names")
        if "source" in self.targets:
            raise ValueError("a target is called source; expected another name")
        return self

    @model_validator(mode="after")
    def _something_to_tune_on(self) -> Self:
        lacking = [name for name, target in self.targets.items() if target.train is None]
        if self.fine_tune is not None and lacking:
            raise ValueError(f"fine_tune needs targets.{lacking[0]}.train, images other than those that are scored")
        return self
