"""The recipe of a transfer: which models, from which source to which targets, and how sure the numbers have to be."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from maskwright.recipes.section import Section
from maskwright.recipes.training import Augment, Train
from maskwright.structures import RiderRule

# Also the name of a folder.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


class ModelSource(Section):
    """A model: ``use`` names a run folder, a model or weights file, or a published checkpoint.

    Or ``recipe`` names a recipe, shipped or a file, by which it is trained first, with the overrides ``set``
    (``train.epochs=2``). A text alone means ``use``.
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
    """So many ``images`` of the built-in shapes; a training with ``data.shapes.seed: s`` draws seeds 2s and 2s+1."""

    images: int = Field(default=200, ge=1)
    seed: int = Field(default=0, ge=0)
    domain: Literal["clear", "shifted"] = "clear"


class DrawnStreets(Section):
    """So many ``images`` of the built-in streets, ``size`` is height and width in pixels."""

    images: int = Field(default=50, ge=1)
    seed: int = Field(default=0, ge=0)
    size: tuple[Annotated[int, Field(ge=64)], Annotated[int, Field(ge=64)]] = (256, 512)
    split: Literal["train", "val", "test"] = "val"


class ImageSet(Section):
    """Images with their truth: a COCO file, a folder in the layout of Cityscapes, or built-in data.

    Paths are relative to ``root`` of the recipe. ``max_images`` takes only the first so many.
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
    """Where the models go: ``taxonomy`` says what the source's classes are there, by default those of the same name.

    ``rider`` replaces the taxonomy's rule for riders. ``train`` are other images of the same kind, for ``fine_tune``.
    """

    taxonomy: str | None = None
    rider: RiderRule | None = None
    train: ImageSet | None = None


class Bootstrap(Section):
    """The intervals: so many draws of the images, from this seed, and the share of the draws that lies inside."""

    samples: int = Field(default=1000, ge=0)
    seed: int = Field(default=0, ge=0)
    level: float = Field(default=0.95, gt=0, lt=1)


class FineTune(Section):
    """How each model is trained further on a target's ``train`` images, for what it could reach there.

    ``split`` sets images of ``train`` apart to choose the checkpoint by, so that the scored images choose nothing.
    """

    train: Train
    augment: Augment = Augment()
    split: str = Field(default="9:1", pattern=r"^\d+(\.\d+)?:\d+(\.\d+)?$")


class Transfer(Section):
    """Models that know the ``source``, measured there and on the ``targets`` in the classes that all share.

    ``bound`` names models that were trained on a target: what could be reached there. ``score`` is the least confidence
    of a detection that counts for boundary IoU and is shown in panels; AP takes all.
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
    device: Literal["auto", "cpu", "cuda"] = "auto"

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
