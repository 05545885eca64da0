"""Images a second of training, prediction and loading on a GPU, beside torchvision's own way.

``python benchmarks/gpu.py`` takes at most ten minutes (``--minutes``) and prints one table. Without a GPU it measures
whatever device there is:

- training of DeepLabV3 ResNet-50 at 512² and of Mask R-CNN ResNet-50 FPN at a short side of 800, in float32 and
  bfloat16, the semantic model compiled as well;
- prediction with batches of 1, 8 and 32, from uint8 images to label maps or to masks at the images' own size;
- loading from JPEG files.

Each row of ours has below it the loop of torchvision's references (``references/segmentation/train.py``,
``references/detection/engine.py``) on torchvision's own model with as many parameters, in the same run, on the same
batches. Weights are random and detectors keep the usual hundred detections of any score, so that there is work to do.
TF32 is on for both where the device has it, and cuDNN chooses its kernels for the semantic model of both. A row that no
time or memory is left for is named, as is one that fails; compiled models come last.

``--quick`` measures small models for fractions of a second: it shows that the script works here, not how fast it is.
"""

import argparse
import gc
import itertools
import json
import logging
import runpy
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.models import detection, segmentation
from torchvision.transforms import v2

from maskwright.datasets.instance import to_detection_input
from maskwright.datasets.loader_workers import stop_workers
from maskwright.datasets.semantic import to_model_input
from maskwright.images.decode import read_image
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs import training as workflow
from maskwright.runs.context import build_model, predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.losses import memory_format_of
from maskwright.runs.mask_statistics import semantic_samples
from maskwright.runs.masks import masks_stage
from maskwright.runs.processes import build_fabric
from maskwright.runs.training_data import build_loader
from maskwright.training.device import device_settings, resolve_device, resolve_precision
from maskwright.training.loop import train_epoch
from maskwright.training.processes import ProcessGroup
from maskwright.training.save_clock import SaveClock

CLASSES = 5
# As in torchvision's reference, which trains the auxiliary head at half the weight.
SEMANTIC_OPTIONS = {"deeplabv3_resnet50": {"auxiliary": True}}
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    semantic: str
    semantic_side: int
    instance_side: int
    batch: dict[str, int]
    predicted: tuple[int, ...]
    proposals: int
    images: int
    seconds: float
    warm_up: int


FULL = Scale("deeplabv3_resnet50", 512, 800, {"semantic": 16, "instance": 4}, (1, 8, 32), 2000, 200, 8.0, 5)
QUICK = Scale("lraspp_mobilenet_v3_large", 64, 64, {"semantic": 2, "instance": 2}, (1, 2), 50, 8, 0.2, 1)


@dataclass
class Table:
    """The rows, printed as they come."""

    device: torch.device
    deadline: float
    base: float | None = None
    rows: list[tuple[str, ...]] = field(default_factory=list)
    failed: bool = False

    def measure(self, name: str, way: str, images: int, run: Callable[[], tuple[int, float]]) -> None:
        """Print how many images a second ``run`` does, which returns its steps and their seconds."""
        if way == "ours":
            self.base = None
        if time.monotonic() > self.deadline:
            self.show(name, way, "no time left", "", "", "")
            return
        forget_earlier_models(self.device)
        try:
            steps, seconds = run()
        except torch.OutOfMemoryError:
            self.show(name, way, "memory ran out", "", "", "")
            return
        except Exception:  # such as a model that cannot be compiled here: the other rows are worth having
            self.failed = True
            self.show(name, way, "failed", "", "", "")
            traceback.print_exc()
            return
        rate = steps * images / seconds
        ratio = f"{self.base / rate:.2f}×" if self.base and way == "torchvision" else ""
        if way == "ours":
            self.base = rate
        peak = f"{torch.cuda.max_memory_allocated() / 2**20:.0f}" if self.device.type == "cuda" else "–"
        self.show(name, way, f"{rate:.1f}", f"{1e3 * seconds / steps:.1f}", peak, ratio)

    def show(self, *row: str) -> None:
        """Print a row."""
        name, way, rate, step, peak, ratio = row
        self.rows.append(row)
        print(f"{name:52} {way:12} {rate:>14} {step:>11} {peak:>9} {ratio:>10}", flush=True)


def timed(steps: Iterable[None], seconds: float, warm_up: int, device: torch.device) -> tuple[int, float]:
    """Take ``steps`` for so many ``seconds`` after ``warm_up`` of them; their number and the time they took."""
    iterator = iter(steps)
    for _ in range(warm_up):
        next(iterator)
    synchronise(device)
    started, done = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        next(iterator)
        done += 1
    synchronise(device)
    return done, time.perf_counter() - started


def forget_earlier_models(device: torch.device) -> None:
    """Free what earlier rows have left, so that a row's peak of memory is its own and compiling begins anew."""
    gc.collect()
    if "torch._dynamo" in sys.modules:
        torch.compiler.reset()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def synchronise(device: torch.device) -> None:
    """Wait until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


# Data.


def experiment_of(task: str, folder: Path, data: str, scale: Scale, device: str, *more: str) -> Experiment:
    """Our side: a recipe on made images, its label maps drawn."""
    semantic = task == "semantic"
    side = scale.semantic_side if semantic else scale.instance_side
    model = scale.semantic if semantic else "mask_rcnn_resnet50_fpn"
    # As torchvision's reference from random weights: the whole network learns, BatchNorm too.
    options = {"trainable_layers": 5, "frozen_norm": False, "score_threshold": 0.0}
    options |= {"proposals_train": scale.proposals, "proposals_test": scale.proposals // 2}
    overrides = [
        *(data, f"train.device={device}", f"model.name={model}", "augment={}", "train.schedule={name: constant}"),
        *(f"train.batch_size={scale.batch[task]}", "train.optimizer={name: sgd, lr: 1.0e-4, weight_decay: 1.0e-4}"),
        f"model.options={json.dumps(SEMANTIC_OPTIONS.get(model, {}) if semantic else options)}",
        *(["loss.auxiliary=0.5"] if semantic else []),
        f"model.input={{size: {side}, longest: {2 * side if semantic else round(side * 1333 / 800)}}}",
        *more,
    ]
    made = Experiment(create_run(load_recipe(f"demo-{task}", overrides), folder, Reporter(quiet=True)))
    if semantic:
        masks_stage(made)
    return made


def loader_of(experiment: Experiment) -> tuple[Any, Any]:
    """Our loader for the device of the recipe, and its sampler."""
    return build_loader(experiment, ProcessGroup(build_fabric(experiment.recipe)))


def host_batches(experiment: Experiment, count: int) -> list[Any]:
    """The first batches of an epoch as they leave for the device: uint8, and in pinned memory for a GPU of CUDA."""
    loader, sampler = loader_of(experiment)
    sampler.set_epoch(1, 0)
    return list(itertools.islice(DataLoader.__iter__(loader), count))


# Training.


def random_model(experiment: Experiment) -> nn.Module:
    """Our network with the same random weights every time."""
    workflow.seed_everything(0)
    return build_model(experiment.recipe, experiment.prepared.table.names)[0]


def our_training(experiment: Experiment, batches: Sequence[Any], seconds: float, warm_up: int) -> tuple[int, float]:
    """Train by our loop; as many batches as there is time for."""
    recipe, fabric, model = experiment.recipe, build_fabric(experiment.recipe), random_model(experiment)
    layout = memory_format_of(recipe, fabric.device)
    training = workflow._build_training(experiment, fabric, model.to(memory_format=layout))
    to_input = to_model_input if recipe.task == "semantic" else to_detection_input
    training.batches_per_epoch, training.clock = 1 << 40, SaveClock(seconds=1e9)
    found: list[tuple[int, float]] = []

    def steps() -> Iterator[Any]:
        """Hand over batches until the time is over; the loop asks for the next one when it has done one."""
        endless = itertools.cycle(batches)
        for _ in range(warm_up):
            yield to_input(next(endless), fabric.device)
        synchronise(fabric.device)
        started, done = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            yield to_input(next(endless), fabric.device)
            done += 1
        synchronise(fabric.device)
        found.append((done, time.perf_counter() - started))

    training.epochs = lambda epoch, first_batch: steps()
    with workflow._device_settings(recipe, fabric):
        train_epoch(training, 1)
    return found[0]


def reference_model(task: str, scale: Scale) -> nn.Module:
    """The same network as torchvision builds it, with random weights."""
    if task == "semantic":
        if scale.semantic == "deeplabv3_resnet50":
            return segmentation.deeplabv3_resnet50(
                weights=None, weights_backbone=None, num_classes=CLASSES + 1, aux_loss=True
            )
        return segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=CLASSES + 1)
    return detection.maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=CLASSES + 1,
        min_size=scale.instance_side,
        max_size=round(scale.instance_side * 1333 / 800),
        box_score_thresh=0.0,
        rpn_pre_nms_top_n_train=scale.proposals,
        rpn_post_nms_top_n_train=scale.proposals,
        rpn_pre_nms_top_n_test=scale.proposals // 2,
        rpn_post_nms_top_n_test=scale.proposals // 2,
    )


def require_same_size(ours: nn.Module, theirs: nn.Module) -> None:
    """End the program when the networks differ in parameters: their times would not compare."""
    counts = [sum(parameter.numel() for parameter in model.parameters()) for model in (ours, theirs)]
    if counts[0] != counts[1]:
        raise SystemExit(f"the networks have {counts[0]} and {counts[1]} parameters; expected the same")


def reference_training(
    task: str, scale: Scale, batches: Sequence[Any], device: torch.device, bf16: bool, compiled: bool
) -> tuple[int, float]:
    """Train by the loop of torchvision's references on float images, as its loaders give them."""
    torch.manual_seed(0)
    model = reference_model(task, scale).to(device).train()
    network: Any = torch.compile(model) if compiled else model
    optimizer = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4)
    to_input: Any = to_model_input if task == "semantic" else to_detection_input
    prepared: Any = [to_input(batch, "cpu") for batch in batches]
    if task == "semantic":  # the detector normalises by itself
        prepared = [(v2.functional.normalize(images, MEAN, STD), labels) for images, labels in prepared]
    precision = torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()

    def steps() -> Iterator[None]:
        for images, targets in itertools.cycle(prepared):
            with precision:
                loss = (
                    _semantic_loss(network, images, targets, device)
                    if task == "semantic"
                    else _instance_loss(network, images, targets, device)
                )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()  # which its logger does
            yield

    with device_settings(device, matmul_precision="high", fixed_size=task == "semantic"):
        return timed(steps(), scale.seconds, scale.warm_up, device)


def _semantic_loss(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, device: torch.device) -> torch.Tensor:
    output = model(images.to(device))
    labels = labels.to(device)
    losses = {name: functional.cross_entropy(logits, labels, ignore_index=255) for name, logits in output.items()}
    return losses["out"] + 0.5 * losses["aux"] if "aux" in losses else losses["out"]


def _instance_loss(model: nn.Module, images: Any, targets: Any, device: torch.device) -> torch.Tensor:
    images = [image.to(device) for image in images]
    targets = [{key: value.to(device) for key, value in target.items()} for target in targets]
    return sum(model(images, targets).values())  # type: ignore[return-value]


# Prediction.


def our_prediction(experiment: Experiment, images: Sequence[Any], batch: int, scale: Scale) -> tuple[int, float]:
    """Predict batches of images by our predictor."""
    device = build_fabric(experiment.recipe).device
    predictor = predictor_of(experiment, random_model(experiment).eval().to(device))
    pairs = [(number, image) for number, image in enumerate(images)]

    def steps() -> Iterator[None]:
        while True:
            together = [pairs[number % len(pairs)] for number in range(batch)]
            many = predictor.label_maps if experiment.recipe.task == "semantic" else predictor.instances
            assert len(list(many(together, batch=batch))) == batch
            yield

    with device_settings(device, matmul_precision="high"):
        return timed(steps(), scale.seconds, scale.warm_up, device)


@torch.inference_mode()
def reference_prediction(
    experiment: Experiment, scale: Scale, images: Sequence[Any], batch: int, device: torch.device
) -> tuple[int, float]:
    """Predict batches of images as torchvision's references evaluate, to masks at the images' size on the host."""
    task, side = experiment.recipe.task, scale.semantic_side
    model = reference_model(task, scale)
    if task == "instance":  # how many objects there are to work on depends on the weights
        model.load_state_dict(random_model(experiment).state_dict())
    model = model.to(device).eval()

    def steps() -> Iterator[None]:
        while True:
            together = [images[number % len(images)] for number in range(batch)]
            tensors = [torch.from_numpy(image).permute(2, 0, 1).to(device).float() / 255 for image in together]
            if task == "instance":
                _ = [(one["masks"] > 0.5).cpu() for one in model(tensors)]
            else:
                seen = torch.stack([v2.functional.resize(one, [side, side], antialias=True) for one in tensors])
                logits = model(v2.functional.normalize(seen, MEAN, STD))["out"]
                size = tensors[0].shape[-2:]
                _ = functional.interpolate(logits, size, mode="bilinear", align_corners=False).argmax(1).byte().cpu()
            yield

    with device_settings(device, matmul_precision="high"):
        return timed(steps(), scale.seconds, scale.warm_up, device)


# Loading.


class ReferenceDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Images and label maps as torchvision's references load them: Pillow, then transforms of tensors."""

    def __init__(self, pairs: Sequence[tuple[Path, Path]], side: int) -> None:
        self.pairs, self.side = pairs, [side, side]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image_path, mask_path = self.pairs[index]
        image = v2.functional.pil_to_tensor(Image.open(image_path).convert("RGB"))
        mask = torch.from_numpy(np.array(Image.open(mask_path)))[None]
        image = v2.functional.resize(image, self.side, antialias=True)
        mask = v2.functional.resize(mask, self.side, interpolation=v2.InterpolationMode.NEAREST)
        return v2.functional.normalize(image.float() / 255, MEAN, STD), mask[0].long()


def loading(loader: Any, seconds: float, device: torch.device) -> tuple[int, float]:
    """Batches of whole epochs of ``loader``, after a first one that starts its processes and fills caches."""
    try:
        for _ in loader:
            pass
        synchronise(device)
        started, done = time.perf_counter(), 0
        while done == 0 or time.perf_counter() - started < seconds:
            done += sum(1 for _ in loader)
        synchronise(device)
        return done, time.perf_counter() - started
    finally:
        stop_workers(loader)


# The table.


def measure(options: argparse.Namespace, folder: Path) -> Table:
    """Measure and print everything."""
    scale = QUICK if options.quick else FULL
    device = torch.device(resolve_device(options.device))
    table = Table(device, time.monotonic() + 60 * options.minutes)
    print(f"device: {device_name(device)}; torch {torch.__version__}; {torch.get_num_threads()} threads")
    table.show("what", "way", "images/s", "ms a step", "peak MiB", "ours/theirs")
    made = runpy.run_path(str(Path(__file__).with_name("training.py")))["made_data"]
    annotations, images = made(folder / "made", scale.images)
    source = f'{{"images": "{images}", "annotations": "{annotations}"}}'
    data = f"data={{train: {source}, validation: {source}}}"
    classes = f"classes={[f'class {number}' for number in range(1, CLASSES + 1)]}"
    photos = [read_image(path) for path in sorted(images.iterdir())[: max(scale.predicted)]]
    of = {
        task: experiment_of(task, folder / task, data, scale, device.type, classes) for task in ("semantic", "instance")
    }
    for task, experiment in of.items():
        require_same_size(
            build_model(experiment.recipe, experiment.prepared.table.names)[0], reference_model(task, scale)
        )
        measure_training(table, scale, experiment)
    for experiment in of.values():
        for batch in scale.predicted:
            name = f"prediction, {experiment.recipe.model.name}, batch {batch}"
            table.measure(name, "ours", batch, lambda e=experiment, b=batch: our_prediction(e, photos, b, scale))
            table.measure(
                *(name, "torchvision", batch),
                lambda e=experiment, b=batch: reference_prediction(e, scale, photos, b, device),
            )
    measure_loading(table, scale, folder, (data, classes), options.workers)
    if options.compile:
        measure_training(table, scale, of["semantic"], compiled=True)
    return table


def measure_training(table: Table, scale: Scale, experiment: Experiment, compiled: bool = False) -> None:
    """Measure the training of a model in each precision that the device computes in."""
    recipe, batches = experiment.recipe, host_batches(experiment, 8)
    bf16 = table.device.type == "cpu" or resolve_precision("auto", table.device) == "bf16-mixed"
    for precision in ("32-true", "bf16-mixed") if bf16 else ("32-true",):
        train = recipe.train.model_copy(update={"precision": precision, "compile": compiled})
        run = replace(experiment.run, recipe=recipe.model_copy(update={"train": train}))
        other = Experiment(run, other_data=experiment.prepared)
        bits = "float32" if precision == "32-true" else "bfloat16"
        name = f"training, {recipe.model.name}, {bits}{', compiled' if compiled else ''}"
        images = recipe.train.batch_size
        table.measure(name, "ours", images, lambda o=other: our_training(o, batches, scale.seconds, scale.warm_up))
        table.measure(
            *(name, "torchvision", images),
            lambda p=precision: reference_training(recipe.task, scale, batches, table.device, p != "32-true", compiled),
        )


def measure_loading(table: Table, scale: Scale, folder: Path, data: tuple[str, str], workers: int) -> None:
    """Measure images a second from JPEG files; ours decodes every image, as in the first epoch, and then keeps it."""
    size, device = scale.batch["semantic"], table.device.type
    name = f"loading at {scale.semantic_side}², {workers} processes"
    for way, epochs in (("ours", 1), ("ours, kept", 2)):
        settings = (f"train.workers={workers}", f"train.epochs={epochs}")
        experiment = experiment_of("semantic", folder / f"loading-{epochs}", data[0], scale, device, data[1], *settings)
        loader, _ = loader_of(experiment)
        table.measure(name, way, size, lambda own=loader: loading(own, scale.seconds, table.device))
        if way == "ours":
            samples = semantic_samples(experiment, experiment.prepared.parts["train"])
            plain: Any = DataLoader(
                ReferenceDataset([(sample.image, sample.label_map) for sample in samples], scale.semantic_side),
                batch_size=size,
                shuffle=True,
                drop_last=True,
                num_workers=workers,
                persistent_workers=workers > 0,
            )
            table.measure(name, "torchvision", size, lambda theirs=plain: loading(theirs, scale.seconds, table.device))


def device_name(device: torch.device) -> str:
    """The device as people call it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def main(arguments: Sequence[str] | None = None) -> Table:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--minutes", type=float, default=10.0, help="what begins later is left out")
    parser.add_argument("--workers", type=int, default=8, help="processes that load images")
    parser.add_argument("--quick", action="store_true", help="small models for fractions of a second")
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="leave out compiled models")
    options = parser.parse_args(arguments)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it says the precision every time
    with tempfile.TemporaryDirectory() as folder:
        return measure(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main().failed)
