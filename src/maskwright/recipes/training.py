"""The sections of a recipe for the training: loss, augmentation, optimiser, schedule, sampling, trackers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from maskwright.recipes.section import Section


class Loss(Section):
    """The loss of a semantic model. Ignored pixels never count.

    Attributes:
        name: ``cross_entropy``; ``dice_ce``, cross-entropy plus soft Dice (arXiv:1606.04797); ``focal``
            (arXiv:1708.02002); ``tversky`` (arXiv:1706.05721); ``focal_tversky`` (arXiv:1810.07842); ``lovasz``
            (arXiv:1705.08790); or ``lovasz_ce``, cross-entropy plus Lovász.
        class_weights: The weight of a class by its frequency in the training masks: ``none``, ``inverse_frequency``,
            ``median_frequency`` (arXiv:1411.4734) or ``effective_number`` (arXiv:1901.05555). The mean weight of a
            pixel is 1. It needs a loss that weighs pixels: ``cross_entropy``, ``dice_ce``, ``lovasz_ce`` or ``focal``.
        effective_beta: The β of ``effective_number``, 0 up to, but not, 1. At 0 all classes weigh the same; towards 1
            the weights become inverse image frequencies.
        boundary_weight: The w ≥ 0 of U-Net's weight 1 + w exp(−d² / 2σ²) of a pixel at d pixels from a border between
            classes (arXiv:1505.04597, where w is 10). The default 0 weighs all pixels alike. It needs a loss that
            weighs pixels.
        boundary_sigma: The σ of that weight in pixels, above 0 and at most 100. The default is U-Net's.
        focal_gamma: The exponent γ ≥ 0 of the focal loss, which lowers the loss of pixels that are already right. The
            default is the paper's.
        tversky_alpha: The weight ≥ 0 of a false-positive pixel in the Tversky losses.
        tversky_beta: The weight > 0 of a false-negative pixel. Above ``tversky_alpha``, the default, it favours recall.
        tversky_gamma: The γ ≥ 1 of the focal Tversky loss, (1 − index)^(1 / γ). The default is the paper's.
        auxiliary: The weight ≥ 0 of the loss of the auxiliary head, where the model has one.
        ohem_share: Online hard example mining (arXiv:1604.03540, for pixels arXiv:1605.06885): the share of a batch's
            pixels, above 0 and at most 1, over which the cross-entropy is the mean, those with the largest loss. None
            sets no share. It needs ``cross_entropy``, ``dice_ce`` or ``lovasz_ce``.
        ohem_threshold: The same by probability, above 0 and below 1: the pixels whose true class has less. Beside
            ``ohem_share`` all pixels count that either of them keeps. None sets no threshold.

    Example:
        >>> from maskwright.recipes.training import Loss
        >>> Loss(name="dice_ce", class_weights="median_frequency").auxiliary
        0.4
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
    ohem_share: float | None = Field(default=None, gt=0, le=1)
    ohem_threshold: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _hard_pixels_are_those_of_cross_entropy(self) -> Self:
        mining = [key for key in ("ohem_share", "ohem_threshold") if getattr(self, key) is not None]
        if mining and self.name not in ("cross_entropy", "dice_ce", "lovasz_ce"):
            raise ValueError(
                f"{self.name} has no cross-entropy to choose hard pixels by; leave out {' and '.join(mining)}, "
                "or use cross_entropy, dice_ce or lovasz_ce"
            )
        return self

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
    """Random changes of training images and their masks. By default there are none.

    They come in the order scale, crop, flips, rotation, colour, and last copy-paste. Pixels from outside an image are
    ignored in label maps and empty in instance masks.

    Attributes:
        horizontal_flip: The probability, 0 to 1, of mirroring left to right.
        vertical_flip: The probability, 0 to 1, of mirroring top to bottom.
        rotation: The largest angle in degrees either way, 0 to 180.
        brightness: The strength ≥ 0 of torchvision's ``ColorJitter``: the factor is drawn from 1 ± strength.
        contrast: As ``brightness``.
        saturation: As ``brightness``.
        hue: The largest shift of the hue either way, as a share of the colour circle, 0 to 0.5.
        scale: The smallest and the largest factor of the input size, above 0, drawn log-uniformly. None keeps the size.
        crop: The side in pixels of a random square crop, at least 16. Smaller images are padded. None crops nothing.
        copy_paste: The probability, 0 to 1, that objects of a second image are pasted onto an image (arXiv:2012.07177).
            The second image is drawn as ``train.sampling`` draws images.
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
    """The optimiser.

    Attributes:
        name: ``adam``, ``adamw`` or ``sgd``.
        lr: The learning rate, above 0, that the schedule starts from. The default suits Adam; SGD usually needs more.
        weight_decay: The weight decay, 0 or more; decoupled with ``adamw``, L2 regularisation with the others.
        momentum: The momentum of ``sgd``, 0 up to, but not, 1.
        encoder_lr_factor: The factor, above 0, of the learning rate for the encoder (backbone). Below 1, pretrained
            weights change more slowly than the new head.
        encoder_layer_decay: The factor, above 0 and at most 1, of the rate of each layer of the encoder to that of the
            layer after it, so that layers near the image change least. The last layer has the rate of
            ``encoder_lr_factor``. The default 1 gives all of them that rate.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(default=1e-4, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    encoder_lr_factor: float = Field(default=1.0, gt=0)
    encoder_layer_decay: float = Field(default=1.0, gt=0, le=1)


class Schedule(Section):
    """The learning rate over the optimiser steps of the training.

    Shares of the training, 0 to 1, stay right when its length changes.

    Attributes:
        name: ``constant``; ``cosine``, half a cosine down to 0; ``polynomial``, (1 − t)^``power`` with t from 0 to 1;
            ``step``, times ``factor`` at each of ``milestones``; or ``one_cycle``, from ``lr`` / 25 up to ``lr`` at
            ``peak`` and down to nearly 0.
        warmup_steps: Optimiser steps of linear growth before the schedule, 0 or more. ``one_cycle`` has its own rise
            and takes none.
        power: The exponent, above 0, of ``polynomial``. The default is DeepLab's.
        milestones: The shares of the training, between 0 and 1 and ascending, at which ``step`` falls.
        factor: The factor, between 0 and 1, of ``step`` at each milestone.
        peak: The share of the training, between 0 and 1, at which ``one_cycle`` reaches ``lr``. The default is torch's.

    Raises:
        ValidationError: For milestones that are not ascending shares, or a warm-up of ``one_cycle``.

    Example:
        >>> from maskwright.recipes.training import Schedule
        >>> Schedule(name="step", milestones=(0.5, 0.8)).factor
        0.1
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
    """The choice of the training images of an epoch.

    Attributes:
        name: ``shuffle`` takes each image once. ``rare_classes`` draws as many with replacement, weighted by
            f^−``power`` of the rarest class of an image, with f the share of images that show the class.
            ``inverse_frequency`` draws as many, weighted by the mean of f^−``power`` over the image's pixels, with f
            the share of all pixels (semantic models). ``repeat_factor`` takes each image at least once, and
            (``threshold`` / f)^½ times where that is more (LVIS, arXiv:1908.03195).
        power: The exponent, above 0 and at most 1: 1 is inverse frequency, the default 0.5 its square root, which is
            milder.
        threshold: The share of images, above 0 and at most 1, below which ``repeat_factor`` repeats the images of a
            class.
    """

    name: Literal["shuffle", "rare_classes", "inverse_frequency", "repeat_factor"] = "shuffle"
    power: float = Field(default=0.5, gt=0, le=1)
    threshold: float = Field(default=0.3, gt=0, le=1)


class Wandb(Section):
    """Weights & Biases. The environment variable ``WANDB_MODE`` overrides ``mode``.

    Attributes:
        project: The project that lists the run.
        mode: ``offline`` keeps the run in the run folder; ``online`` sends it to the server during the training.
            ``offline``, so that nothing leaves the machine unasked.
    """

    project: str = Field(default="maskwright", min_length=1)
    mode: Literal["offline", "online"] = "offline"


class Train(Section):
    """The training: its length, batches, optimiser, devices, checkpoints and trackers.

    Attributes:
        epochs: The number of epochs, at least 1.
        batch_size: The images of a batch, over all ``devices`` and machines together; a multiple of their number. A
            last, smaller batch is dropped.
        optimizer: The optimiser.
        schedule: The learning-rate schedule, stepped with the optimiser.
        sampling: The choice of the images of an epoch.
        ema: The decay, 0 up to, but not, 1, of a moving average of the weights, which is then validated and kept
            instead of them. The default 0 keeps none.
        clip_norm: The largest norm, above 0, of the gradients. None does not clip.
        accumulate: The number of batches, at least 1, whose gradients make one optimiser step: a larger batch in the
            memory of a small one.
        head_only_epochs: The first epochs, fewer than ``epochs``, in which the encoder's weights stay fixed, so that a
            new head does not spoil them. The running statistics of its BatchNorm go on.
        device: ``cpu``, ``cuda``, ``mps`` (the GPU of Apple silicon), or ``auto``, a GPU where there is one.
        devices: The GPUs, or on a CPU the processes, of one machine that share each batch, at least 1.
        threads: The threads that each process computes with on a CPU, in the training and the evaluation of the run, at
            least 1. None takes one per core, or as many as ``OMP_NUM_THREADS`` says. Fewer leave cores to other work.
            ``free`` takes as many of them as there are cores that other programs leave free when the training begins,
            at least one; the number stands in ``card.json``, and a resumed run keeps it. Another number rounds
            differently.
        precision: A precision of Lightning Fabric: ``32-true``; ``bf16-mixed`` or ``16-mixed``, which take about half
            the memory of activations; or ``auto``: ``bf16-mixed`` on a CUDA GPU that computes in bfloat16, else
            ``32-true``. A CPU computes in ``bf16-mixed`` for both where it has instructions for bfloat16 (AVX-512, or
            BF16 of ARM), else in ``32-true``, and the run says so; ``card.json`` tells which it was.
        matmul_precision: On a CUDA GPU, the precision of products and convolutions of float32 numbers: ``highest``
            rounds as on a CPU; ``high``, the default, is TF32, with 10 bits of mantissa and several times as fast;
            ``medium`` may use bfloat16 inside.
        deterministic: Whether a CUDA GPU must repeat its bits, by slower kernels; torch warns where it has none. On a
            CPU every training repeats them.
        channels_last: Whether activations lie in memory with the channels last, which is faster for convolutions. It
            has no effect on instance models in full precision, which gain nothing.
        compile: Whether to compile a semantic model with ``torch.compile``. False, because that takes a minute at the
            start, and on a CPU a C++ compiler.
        workers: The processes that load data, 0 or more. Results do not depend on it. With 0 the training process
            loads.
        augment_on: Where training images are flipped and their colours changed: in the ``workers``, image by image; or
            on the ``device`` of the model, batch by batch, which takes this work from processors that cannot feed a
            GPU. The rest of ``augment`` stays with the workers. With ``copy_paste`` flips stay there too, since the two
            images of a sample are flipped apart, and colours change together. Flips and colours are drawn anew: those
            of a sample are others than with ``workers``, as often and as strong.
        validate_every: Epochs between validations, at least 1. The last epoch is always validated.
        validation_loss: Whether each validation computes the loss too, without random changes of the images: of every
            image for semantic models, of a fixed sample for instance models, as many as ``measure_training: auto``.
        measure_training: On which training images each validation measures the scores as well: ``true``, all;
            ``false``, none; a number, a fixed sample of so many; or ``auto``, a fixed sample of one in 30 of the images
            that are trained on between two validations, at most 500, which costs less than 2 % of the time.
        checkpoint_every: Epochs between additional checkpoints ``epoch-NNNN``, at least 1. None keeps only ``best`` and
            ``last``.
        save_every: Optimiser steps between saves of ``last`` within an epoch, at least 1. None saves five minutes after
            the last save, or later where saving would take more than 1 % of the time.
        best_by: The validation score, higher is better, that chooses the checkpoint ``best``. None is ``mIoU`` for
            semantic and ``segm_AP`` for instance models. ``IoU/NAME`` is that of one class (semantic).
        patience: End the training after so many epochs without a better score, at least ``validate_every``. None does
            not end it early.
        trackers: What stores the metrics of each epoch: ``csv``, ``tensorboard``, ``wandb``. The table ``metrics.csv``
            is always written.
        wandb: The settings of the tracker ``wandb``.

    Raises:
        ValidationError: When ``batch_size`` is not a multiple of ``devices``, ``head_only_epochs`` covers all epochs,
            or ``patience`` is below ``validate_every``.

    Example:
        >>> from maskwright.recipes.training import Optimizer, Train
        >>> train = Train(epochs=3, optimizer=Optimizer(name="adamw", weight_decay=0.01), ema=0.99)
        >>> train.batch_size, train.optimizer.lr
        (4, 0.0001)
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
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = Field(default=1, ge=1)
    threads: Annotated[int, Field(ge=1)] | Literal["free"] | None = None
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    matmul_precision: Literal["highest", "high", "medium"] = "high"
    deterministic: bool = False
    channels_last: bool = True
    compile: bool = False
    workers: int = Field(default=0, ge=0)
    augment_on: Literal["workers", "device"] = "workers"
    validate_every: int = Field(default=1, ge=1)
    validation_loss: bool = True
    measure_training: bool | Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
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
