"""The sections of a recipe that say how a model is trained: loss, augmentation, optimiser, schedule, sampling."""

from typing import Literal, Self

from pydantic import Field, model_validator

from maskwright.recipes.section import Section


class Loss(Section):
    """The semantic loss and the weight of the auxiliary head's loss where the model has one.

    ``class_weights`` lets rare classes count for more, by the pixels of the training masks; ``boundary_weight`` the
    pixels around a border between classes, falling off over ``boundary_sigma`` pixels. Both weigh single pixels, so
    they need a loss with a part that does: ``cross_entropy``, ``dice_ce``, ``lovasz_ce`` or ``focal``.
    ``tversky_alpha`` is the price of an invented pixel, ``tversky_beta`` of a missed one.
    """

    name: Literal["cross_entropy", "dice_ce", "focal", "tversky", "focal_tversky", "lovasz", "lovasz_ce"] = (
        "cross_entropy"
    )
    class_weights: Literal["none", "inverse_frequency", "median_frequency", "effective_number"] = "none"
    effective_beta: float = Field(default=0.999, ge=0, lt=1)
    boundary_weight: float = Field(default=0.0, ge=0)
    boundary_sigma: float = Field(default=5.0, gt=0, le=100)
    focal_gamma: float = Field(default=2.0, ge=0)
    tversky_alpha: float = Field(default=0.3, ge=0)
    tversky_beta: float = Field(default=0.7, gt=0)
    tversky_gamma: float = Field(default=4 / 3, ge=1)
    auxiliary: float = Field(default=0.4, ge=0)

    @model_validator(mode="after")
    def _weights_need_pixels(self) -> Self:
        weighted = [
            key for key, off in (("class_weights", "none"), ("boundary_weight", 0)) if getattr(self, key) != off
        ]
        if weighted and self.name in ("tversky", "focal_tversky", "lovasz"):
            raise ValueError(
                f"{self.name} measures whole classes and has no pixels to weigh; leave out {' and '.join(weighted)}, "
                "or use cross_entropy, dice_ce, lovasz_ce or focal"
            )
        return self


class Augment(Section):
    """Random changes of training images: probabilities, degrees, and strengths as in torchvision's ColorJitter.

    ``scale`` multiplies the input size by a log-uniform factor; ``crop`` cuts a square of so many pixels.
    ``copy_paste`` is the probability that objects of a second image are laid over the first.
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
    copy_paste: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _scale_range(self) -> Self:
        if self.scale is not None and not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError("scale needs two positive numbers, the smaller first")
        return self


class Optimizer(Section):
    """The optimiser; ``momentum`` is for SGD.

    ``encoder_lr_factor`` multiplies the learning rate of the encoder (the backbone), which pretrained weights want
    smaller than that of the new head.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    encoder_lr_factor: float = Field(default=1.0, gt=0)


class Schedule(Section):
    """The learning rate over the steps of the whole training, after ``warmup_steps`` of linear growth.

    ``polynomial`` falls by ``power``; ``step`` is multiplied by ``factor`` at each of ``milestones``; ``one_cycle``
    rises to the optimiser's rate at ``peak`` and falls again. ``milestones`` and ``peak`` are shares of the training,
    so that they stay right when its length changes.
    """

    name: Literal["constant", "cosine", "polynomial", "step", "one_cycle"] = "constant"
    warmup_steps: int = Field(default=0, ge=0)
    power: float = Field(default=0.9, gt=0)
    milestones: tuple[float, ...] = (0.6, 0.9)
    factor: float = Field(default=0.1, gt=0, lt=1)
    peak: float = Field(default=0.3, gt=0, lt=1)

    @model_validator(mode="after")
    def _places_in_the_training(self) -> Self:
        inside = all(0 < place < 1 for place in self.milestones)
        if not inside or list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError("milestones are shares of the training between 0 and 1, the earlier first")
        if self.name == "one_cycle" and self.warmup_steps:
            raise ValueError("one_cycle has a rise of its own; leave out warmup_steps and set peak")
        return self


class Sampling(Section):
    """Which training images an epoch takes.

    ``shuffle``: each once. ``rare_classes``: as many draws, by the rarest class in an image; a class in a share f of
    the images weighs ``f ** -power`` (1 is inverse frequency, 0.5 its square root). ``inverse_frequency``: as many
    draws, by the mean weight of an image's pixels; a class with a share f of all pixels weighs ``f ** -power``
    (semantic models). ``repeat_factor``: each at least once, an image with a class in a share f of the images
    ``(threshold / f) ** 0.5`` times where that is more.
    """

    name: Literal["shuffle", "rare_classes", "inverse_frequency", "repeat_factor"] = "shuffle"
    power: float = Field(default=0.5, gt=0, le=1)
    threshold: float = Field(default=0.3, gt=0, le=1)


class Wandb(Section):
    """Weights & Biases: the project that lists the run, and whether its server is told at once.

    Mode ``offline`` keeps the run in the run folder. ``WANDB_MODE`` in the environment goes before ``mode``.
    """

    project: str = Field(default="maskwright", min_length=1)
    mode: Literal["offline", "online"] = "offline"


class Train(Section):
    """How to train. ``ema`` is the decay of the moving average of the weights that is validated and kept, 0 for none.

    ``batch_size`` is that of a step of all ``devices`` of a machine and of all machines together. ``save_every`` is the
    number of steps between saves within an epoch; by default there is one after five minutes.

    For ``head_only_epochs`` the encoder's weights stay as they are and the rest learns, so that a new head does not
    spoil what they know; the running statistics of its BatchNorm go on.

    ``accumulate`` adds up the gradients of so many batches before each step of the optimiser. ``patience`` ends the
    training after so many epochs without a better score. ``compile`` lets ``torch.compile`` translate the model.

    ``device`` is ``auto``, ``cpu`` or ``cuda``; ``precision`` a mode of Lightning Fabric. ``channels_last`` lays
    semantic batches out as convolutions read them fastest.

    ``trackers`` keep the metrics of each epoch; the table ``csv`` is always there, whether it is named or not.
    """

    epochs: int = Field(ge=1)
    batch_size: int = Field(default=4, ge=1)
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    sampling: Sampling = Sampling()
    ema: float = Field(default=0.0, ge=0, lt=1)
    clip_norm: float | None = Field(default=None, gt=0)
    accumulate: int = Field(default=1, ge=1)
    head_only_epochs: int = Field(default=0, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(default=1, ge=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    channels_last: bool = True
    compile: bool = False
    workers: int = Field(default=0, ge=0)
    validate_every: int = Field(default=1, ge=1)
    checkpoint_every: int | None = Field(default=None, ge=1)
    save_every: int | None = Field(default=None, ge=1)
    best_by: str | None = None
    patience: int | None = Field(default=None, ge=1)
    trackers: tuple[Literal["csv", "tensorboard", "wandb"], ...] = ("csv", "tensorboard")
    wandb: Wandb = Wandb()

    @model_validator(mode="after")
    def _every_device_has_its_slice(self) -> Self:
        if self.batch_size % self.devices:
            raise ValueError(
                f"a batch of {self.batch_size} has no {self.devices} equal slices; expected a batch_size that is a "
                "multiple of devices"
            )
        return self

    @model_validator(mode="after")
    def _the_encoder_learns_in_the_end(self) -> Self:
        if self.head_only_epochs >= self.epochs:
            raise ValueError(
                f"head_only_epochs {self.head_only_epochs} are all {self.epochs} epochs; expected fewer (to leave the "
                "backbone of an instance model as it is throughout, set model.options.trainable_layers to 0)"
            )
        return self

    @model_validator(mode="after")
    def _patience_outlasts_a_validation(self) -> Self:
        if self.patience is not None and self.patience < self.validate_every:
            raise ValueError(
                f"patience {self.patience} ends before the next validation; expected at least validate_every, "
                f"{self.validate_every}"
            )
        return self
