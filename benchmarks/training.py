"""The cost of a training step and of what is measured, the rate of the loader and the memory of an evaluation.

``python benchmarks/training.py step`` trains the same model on the same batches, which lie in memory, by our loop and
by the few lines of PyTorch that everybody writes; optimiser, precision, memory layout and threads are the same, and the
losses must agree.

``python benchmarks/training.py loader [ANNOTATIONS IMAGES]`` reads the images of a COCO file (without one, 300 JPEG
images of 640 × 480 pixels that it makes) with their label maps and resizes them to 256², by our loader and by a plain
``Dataset`` with Pillow; two processes each. Nothing is augmented. Processes are started and warmed up before. Ours is
measured as it is in the first epoch, decoding every image, and as in all later ones, from the pixels that it kept.

``python benchmarks/training.py memory [ANNOTATIONS IMAGES]`` evaluates 100 and 500 images (copies, where there are
fewer), in a process of its own each, and prints its peak: a small semantic model, and a detector that finds 100 objects
on each image, whose masks are noise. Its results are scored and saved by ours as they come, and in the usual way: kept
to the end, then pycocotools; the scores must agree.

``python benchmarks/training.py measures [ANNOTATIONS IMAGES]`` trains a semantic and an instance model on all
images and validates them on a quarter of these: scores alone, and with the validation loss and the scores of training
images as by default. The difference is given as a share of an epoch, training and validation together.

What is compared takes turns in short rounds, so that whatever else the machine does meets all alike.
"""

import argparse
import copy
import functools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs import training as workflow
from maskwright.runs.context import build_model
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run
from maskwright.runs.mask_statistics import semantic_samples
from maskwright.runs.masks import masks_stage
from maskwright.runs.processes import build_fabric
from maskwright.runs.training_data import build_loader
from maskwright.training.loop import train_epoch, validate
from maskwright.training.random_state import seed_epoch
from maskwright.training.state import Training

SIDE = 256
CPU = "train.device=cpu"
UNMEASURED = ["train.validation_loss=false", "train.measure_training=false"]
SEMANTIC = [CPU, "model.options={}", f"model.input.size={SIDE}", "augment={}", "train.schedule={name: constant}"]

# The recipe's options follow the folder; the parent reads the peak.
EVALUATION = """
import sys
from pathlib import Path
from maskwright.recipes.loading import load_recipe
from maskwright.runs.evaluation import evaluate_part
from maskwright.runs.context import build_model, predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.progress import Reporter
from maskwright.runs.folder import create_run
from maskwright.runs.masks import masks_stage

recipe, folder, *options = sys.argv[1:]
experiment = Experiment(create_run(load_recipe(recipe, options), Path(folder), Reporter(quiet=True)))
if experiment.recipe.task == "semantic":
    masks_stage(experiment)
model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
evaluate_part(experiment, predictor_of(experiment, model.eval()), "validation", Path(folder) / "predictions")
"""

# As above, after the way; prints mask AP last. What a network takes is left out.
INSTANCES = """
import json, sys
from pathlib import Path
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import nn
from maskwright.evaluation.coco.evaluator import ground_truth
from maskwright.images.decode import read_image
from maskwright.prediction.instance import predict_instances
from maskwright.recipes.loading import load_recipe
from maskwright.runs.evaluation import evaluate_part
from maskwright.runs.context import predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.progress import Reporter
from maskwright.runs.folder import create_run

torch.set_num_threads(1)
chance = torch.Generator().manual_seed(0)

class Noise(nn.Module):
    def __init__(self):
        super().__init__()
        self.where = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        size = torch.tensor(images[0].shape[:0:-1])
        corners, sides = (torch.rand(100, 2, generator=chance) * size * share for share in (0.7, 0.3))
        return [{
            "boxes": torch.cat([corners, corners + sides + 1], dim=1),
            "labels": torch.randint(1, 6, (100,), generator=chance),
            "scores": torch.rand(100, generator=chance),
            "masks": torch.rand(100, 1, 28, 28, generator=chance),
        }]

way, recipe, folder, *options = sys.argv[1:]
experiment = Experiment(create_run(load_recipe(recipe, options), Path(folder), Reporter(quiet=True)))
model, part = Noise().eval(), experiment.prepared.parts["validation"]
if way == "ours":
    noise = predictor_of(experiment, model)
    score = evaluate_part(experiment, noise, "validation", Path(folder) / "predictions")["segm"]["AP"]
else:
    found, size = [], predictor_of(experiment, model).input_size
    for objects in part.selection.images:
        (instances,) = predict_instances(model, [read_image(part.path_of(objects))], size)
        found += instances.to_coco(objects.image.id, objects.image.file_name)
    (Path(folder) / "instances.json").write_text(json.dumps(found))
    truth = COCO()
    truth.dataset = ground_truth(part.selection.images, experiment.prepared.table)
    truth.createIndex()
    for kind in ("bbox", "segm"):
        evaluation = COCOeval(truth, truth.loadRes(found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    score = evaluation.stats[0]
print(f"{score:.12f}")
"""


def experiment_of(recipe: str, folder: Path, *overrides: str) -> Experiment:
    """The experiment of a shipped recipe with other settings, its label maps drawn."""
    experiment = Experiment(create_run(load_recipe(recipe, overrides), folder, Reporter(quiet=True)))
    if experiment.recipe.task == "semantic":
        masks_stage(experiment)
    return experiment


def in_turn(rounds: int, ways: dict[str, Callable[[], Any]]) -> dict[str, list[Any]]:
    """What each of ``ways`` returns in each round; their order turns round with it."""
    found: dict[str, list[Any]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways) if number % 2 == 0 else list(reversed(ways))
        for name in names:
            found[name].append(ways[name]())
    return found


# Step.


def bare_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: Sequence[Any], loss_of: Callable[..., torch.Tensor]
) -> float:
    """The loop that everybody writes; the mean loss."""
    model.train()
    total = 0.0
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model, batch)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


def semantic_loss(model: nn.Module, batch: Any) -> torch.Tensor:
    """Cross-entropy, as most write it."""
    images, labels = batch
    logits = model(images.contiguous(memory_format=torch.channels_last))["logits"]
    return functional.cross_entropy(logits, labels, ignore_index=255)


def instance_loss(model: nn.Module, batch: Any) -> torch.Tensor:
    """The sum of torchvision's losses."""
    return torch.stack(list(model(*batch).values())).sum()


def on_shapes(recipe: str, changes: Sequence[str], images: int, folder: Path) -> Training:
    """A training on a CPU of the shipped ``recipe`` with ``changes``, on so many built-in images, that never ends."""
    settings = [*changes, "train.device=cpu", f"data.shapes={{train: {images}, validation: 1}}", "train.epochs=100000"]
    experiment = Experiment(create_run(load_recipe(recipe, settings), folder, Reporter(quiet=True)))
    if experiment.recipe.task == "semantic":
        masks_stage(experiment)
    workflow.seed_everything(0)
    model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
    model = model.to(memory_format=workflow.memory_format_of(experiment.recipe, torch.device("cpu")))
    return workflow._build_training(experiment, build_fabric(experiment.recipe), model)


def in_memory(training: Training, batches: Sequence[Any]) -> Training:
    """``training`` on ``batches``, whatever the epoch."""

    def epochs(epoch: int, first_batch: int) -> Iterable[Any]:
        return batches[first_batch:]

    training.epochs, training.batches_per_epoch = epochs, len(batches)
    return training


def compare_steps(name: str, experiment: Experiment, batches: Sequence[Any], loss_of: Callable, rounds: int) -> None:
    """Alternate our loop and the bare one on ``batches`` and print seconds a step."""
    workflow.seed_everything(0)
    model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
    layout = torch.channels_last if experiment.recipe.task == "semantic" else torch.contiguous_format
    own = copy.deepcopy(model).to(memory_format=layout)
    optimizer = workflow.build_recipe_optimizer(experiment.recipe, own)
    training = workflow._build_training(experiment, build_fabric(experiment.recipe), model.to(memory_format=layout))
    in_memory(training, batches)
    epoch: dict[str, int] = {"bare": 0, "ours": 0}
    losses: dict[str, list[float]] = {"bare": [], "ours": []}

    def bare() -> float:
        return bare_epoch(own, optimizer, batches, loss_of)

    def ours() -> float:
        training.position.batch, training.sums, training.seconds = 0, {}, 0.0
        return train_epoch(training, epoch["ours"])["loss"]

    def timed(way: str, run: Callable[[], float]) -> tuple[float, float]:
        epoch[way] += 1
        seed_epoch(training.seed, epoch[way])  # what Mask R-CNN draws; ours does it once more
        started, used = time.perf_counter(), time.process_time()
        losses[way].append(run())
        return (time.perf_counter() - started) / len(batches), (time.process_time() - used) / len(batches)

    ways = {"bare": functools.partial(timed, "bare", bare), "ours": functools.partial(timed, "ours", ours)}
    in_turn(1, ways)  # to warm up
    found = in_turn(rounds, ways)
    apart = max(abs(a - b) for a, b in zip(losses["bare"], losses["ours"], strict=True))
    print(f"{name}: {rounds} rounds of {len(batches)} steps, the losses differ by at most {apart:.1g}")
    print(f"{'ms':6} {'wall: median':>13} {'fastest':>8} {'CPU: median':>12} {'lowest':>8}")
    rows = {
        way: [f(column) for column in zip(*times, strict=True) for f in (statistics.median, min)]
        for way, times in found.items()
    }
    for way, (wall, fastest, cpu, lowest) in rows.items():
        print(f"{way:6} {1e3 * wall:13.2f} {1e3 * fastest:8.2f} {1e3 * cpu:12.2f} {1e3 * lowest:8.2f}")
    wall, fastest, cpu, lowest = (mine / theirs for mine, theirs in zip(rows["ours"], rows["bare"], strict=True))
    print(f"{'ratio':6} {wall:13.3f} {fastest:8.3f} {cpu:12.3f} {lowest:8.3f}\n")


def semantic_batches(count: int, size: int, side: int, classes: int) -> list[Any]:
    """Batches of noise with labels."""
    chance = torch.Generator().manual_seed(0)
    return [
        (
            torch.rand((size, 3, side, side), generator=chance),
            torch.randint(0, classes + 1, (size, side, side), generator=chance),
        )
        for _ in range(count)
    ]


def step(options: argparse.Namespace, folder: Path) -> None:
    """A semantic and an instance model."""
    torch.set_num_threads(options.threads)
    shapes = f"data.shapes={{train: {4 * options.steps}, validation: 1}}"
    experiment = experiment_of(
        *("demo-semantic", folder / "semantic", shapes, *SEMANTIC, f"model.name={options.model}"),
        *(f"model.input.size={options.side}", "train.batch_size=4"),
    )
    batches = semantic_batches(options.steps, 4, options.side, len(experiment.prepared.table))
    compare_steps(f"{options.model}, 4 × {options.side}²", experiment, batches, semantic_loss, rounds=options.rounds)
    small = [] if options.side == SIDE else ["model.options.proposals_train=50", f"model.input.size={options.side}"]
    experiment = experiment_of(
        "demo-instance",
        folder / "instance",
        shapes,
        CPU,
        *small,
        "train.batch_size=4",
        "train.schedule={name: constant}",
    )
    compare_steps(
        f"{experiment.recipe.model.name}, 4 × {experiment.recipe.model.input.size}²",
        experiment,
        list(build_loader(experiment)[0]),
        instance_loss,
        rounds=options.rounds,
    )


# Loader.


class PlainDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """What most projects write: Pillow, then arrays, then tensors."""

    def __init__(self, pairs: Sequence[tuple[Path, Path]]) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image_path, mask_path = self.pairs[index]
        image = Image.open(image_path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        mask = Image.open(mask_path).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        return pixels, torch.from_numpy(np.array(mask)).long()


def made_data(folder: Path, images: int) -> tuple[Path, Path]:
    """A COCO file of ``images`` JPEG images of 640 × 480 pixels, about as large as COCO's, and their folder."""
    chance = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    document: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": [], "categories": []}
    document["categories"] = [{"id": label, "name": f"class {label}"} for label in range(1, 6)]
    for number in range(1, images + 1):
        name = f"{number:06d}.jpg"
        coarse = cv2.resize(chance.integers(0, 256, (12, 16, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
        grain = chance.integers(-14, 15, coarse.shape, np.int16)
        picture = np.clip(coarse + grain, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / "images" / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 93])
        document["images"].append({"id": number, "file_name": name, "width": 640, "height": 480})
        for _ in range(7):
            (x, y), (width, height) = chance.integers(0, (500, 350)).tolist(), chance.integers(20, 130, 2).tolist()
            angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            outline = np.stack([x + width * (1 + np.cos(angles)) / 2, y + height * (1 + np.sin(angles)) / 2], axis=1)
            document["annotations"].append(
                {
                    **{"id": len(document["annotations"]) + 1, "image_id": number, "iscrowd": 0},
                    **{"category_id": int(chance.integers(1, 6)), "area": width * height * 0.78},
                    **{"bbox": [x, y, width, height], "segmentation": [outline.round(1).ravel().tolist()]},
                }
            )
    (folder / "labels.json").write_text(json.dumps(document), encoding="utf-8")
    return folder / "labels.json", folder / "images"


def coco_data(options: argparse.Namespace, folder: Path, images: int) -> tuple[Path, Path]:
    """The annotations and images that were named, or that are made."""
    if options.annotations is None:
        return made_data(folder, images)
    return options.annotations.absolute(), options.images.absolute()


def source(annotations: Path, images: Path, count: int | None = None) -> str:
    """A recipe's source, as YAML."""
    return json.dumps({"images": str(images), "annotations": str(annotations), "max_images": count})


def loader(options: argparse.Namespace, folder: Path) -> None:
    """Images a second of the plain loader and of ours."""
    annotations, images = coco_data(options, folder / "data", options.count)
    common = [
        *(f"data={{train: {source(annotations, images)}, validation: {source(annotations, images, 1)}}}",),
        *(*SEMANTIC, f"train.workers={options.workers}", "train.batch_size=4"),
    ]
    keeping = experiment_of("demo-semantic", folder / "keeping", *common)
    decoding = experiment_of("demo-semantic", folder / "decoding", *common, "train.epochs=1")
    samples = semantic_samples(keeping, keeping.prepared.parts["train"])
    plain: DataLoader[Any] = DataLoader(
        PlainDataset([(sample.image, sample.label_map) for sample in samples]),
        batch_size=4,
        shuffle=True,
        drop_last=True,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
    )
    ways = {
        "plain": functools.partial(one_epoch, plain),
        "ours, decoding": functools.partial(one_epoch, build_loader(decoding)[0]),
        "ours, kept": functools.partial(one_epoch, build_loader(keeping)[0]),
    }
    for warm in ways.values():
        warm()
    found = in_turn(options.rounds, ways)
    print(f"{len(samples)} images, {options.rounds} rounds of one epoch each, {options.workers} processes")
    print(f"{'':20}{'images/s: median':>16}{'fastest':>16}{'CPU ms an image':>16}")
    base = None
    for name, epochs in found.items():
        rates, cpu = zip(*epochs, strict=True)
        row = statistics.median(rates), max(rates), statistics.fmean(cpu)
        base = base or row
        shares = row[0] / base[0], row[1] / base[1], base[2] / (row[2] or math.nan)
        print(
            f"{name:20}"
            + "".join(
                f"{value:9.{digits}f} {share:5.2f}×"
                for value, digits, share in zip(row, (0, 0, 2), shares, strict=True)
            )
        )


def one_epoch(loader: DataLoader[Any]) -> tuple[float, float]:
    """Images a second of one epoch of ``loader``, and milliseconds an image of all processors (NaN but on Linux)."""
    processes = ["self", *(worker.pid for worker in getattr(loader._iterator, "_workers", ()))]
    started, used = time.perf_counter(), sum(map(cpu_seconds, processes))
    images = sum(len(pictures) for pictures, _ in loader)
    return images / (time.perf_counter() - started), 1e3 * (sum(map(cpu_seconds, processes)) - used) / images


def cpu_seconds(process: int | str) -> float:
    """The processor time that a process has used, in units of about 10 ms; see proc(5)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# Measures.


def measures(options: argparse.Namespace, folder: Path) -> None:
    """The share of an epoch that validation loss and training scores take, by processor time."""
    torch.set_num_threads(options.threads)
    annotations, images = coco_data(options, folder / "data", options.count)
    count = len(json.loads(annotations.read_text(encoding="utf-8"))["images"])
    parts = source(annotations, images), source(annotations, images, max(1, count // 4))
    common = ["data={{train: {}, validation: {}}}".format(*parts), "train.batch_size=4", "train.validate_every=1"]
    small = f"model.input={{resize: short-side, size: {options.instance_side}, longest: {2 * options.instance_side}}}"
    print(f"{count} training and {max(1, count // 4)} validation images, {options.rounds} rounds, CPU seconds (median)")
    print(f"{'':42}{'training':>10}{'validation':>12}{'with measures':>15}{'of an epoch':>13}")
    for recipe, settings in {
        "demo-semantic": [*SEMANTIC, f"model.name={options.model}"],
        "demo-instance": [CPU, small, "train.schedule={name: constant}"],
    }.items():
        plain = training_of(recipe, folder / f"{recipe}-plain", *common, *settings, *UNMEASURED)
        ours = training_of(recipe, folder / recipe, *common, *settings)
        epochs = iter(range(1, options.rounds + 2))
        ways = {
            "training": functools.partial(timed, lambda t=plain, e=epochs: trained(t, next(e))),
            "validation": functools.partial(timed, functools.partial(validate, plain)),
            "measured": functools.partial(validated_like, ours, plain),
        }
        in_turn(1, ways)  # to warm up
        training, alone, measured = map(statistics.median, in_turn(options.rounds, ways).values())
        name = (
            f"{options.model}, {SIDE}²" if recipe == "demo-semantic" else f"mask_rcnn:resnet18, {options.instance_side}"
        )
        share = (measured - alone) / (training + alone)
        print(f"{name:42}{training:10.2f}{alone:12.2f}{measured:15.2f}{share:13.1%}", flush=True)


def training_of(recipe: str, folder: Path, *overrides: str) -> Training:
    """The training of a shipped recipe with other settings."""
    experiment = experiment_of(recipe, folder, *overrides)
    workflow.seed_everything(0)
    model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
    layout = torch.channels_last if experiment.recipe.task == "semantic" else torch.contiguous_format
    return workflow._build_training(experiment, build_fabric(experiment.recipe), model.to(memory_format=layout))


def trained(training: Training, epoch: int) -> None:
    """Train for one epoch from its first batch on."""
    training.position.batch, training.sums, training.seconds = 0, {}, 0.0
    train_epoch(training, epoch)


def validated_like(training: Training, other: Training) -> float:
    """The processor seconds of a validation of ``training`` with the weights of ``other``: as many detections."""
    training.model.load_state_dict(other.model.state_dict())
    return timed(functools.partial(validate, training))


def timed(work: Callable[[], Any]) -> float:
    """The processor seconds that ``work`` takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


# Memory.


def memory(options: argparse.Namespace, folder: Path) -> None:
    """Peak memory of evaluating few and many images."""
    few, many = options.counts
    annotations, images = coco_data(options, folder / "data", many)
    annotations, images = copied(annotations, images, many, folder / "copies")
    categories = json.loads(annotations.read_text(encoding="utf-8"))["categories"]
    classes = json.dumps([category["name"] for category in categories[:5]])
    print(f"{'':26}" + "".join(f"{f'{count} images, MiB':>18}" for count in (few, many)) + f"{'growth':>9}")
    ways = {
        "semantic": (EVALUATION, "demo-semantic"),
        "instance": (INSTANCES, "ours", "demo-instance"),
        "instance, the usual way": (INSTANCES, "usual", "demo-instance"),
    }
    printed = {}
    for name, command in ways.items():
        peaks, printed[name] = [], []
        for count in (few, many):
            sources = source(annotations, images, 1), source(annotations, images, count)
            overrides = [CPU, f"classes={classes}", "data={{train: {}, validation: {}}}".format(*sources)]
            said, peak = peak_of(*command, str(folder / f"{'-'.join(command[1:])}-{count}"), *overrides)
            peaks.append(peak)
            printed[name].append(said)
        print(f"{name:26}" + "".join(f"{peak:18.0f}" for peak in peaks) + f"{peaks[1] / peaks[0] - 1:9.1%}", flush=True)
    if printed["instance"] != printed["instance, the usual way"]:
        raise SystemExit(f"the scores differ: {printed}")


def peak_of(script: str, *arguments: str) -> tuple[str, float]:
    """The last line that ``script`` prints, and its peak in MiB."""
    process = subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"an evaluation failed with status {status}")
    return lines[-1] if lines else "", usage.ru_maxrss / 1024


def copied(annotations: Path, images: Path, count: int, folder: Path) -> tuple[Path, Path]:
    """The images of a COCO file over and over under new names, until there are ``count``."""
    document = json.loads(annotations.read_text(encoding="utf-8"))
    (folder / "images").mkdir(parents=True)
    objects: dict[Any, list[dict[str, Any]]] = {}
    for each in document["annotations"]:
        objects.setdefault(each["image_id"], []).append(each)
    made: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
    for number in range(count):
        image = document["images"][number % len(document["images"])]
        name = f"{number}-{Path(image['file_name']).name}"
        shutil.copyfile(images / image["file_name"], folder / "images" / name)
        made["images"].append({**image, "id": number + 1, "file_name": name})
        made["annotations"] += [
            {**each, "image_id": number + 1, "id": len(made["annotations"]) + position}
            for position, each in enumerate(objects.get(image["id"], []), start=1)
        ]
    (folder / "labels.json").write_text(json.dumps({**document, **made}), encoding="utf-8")
    return folder / "labels.json", folder / "images"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    of_step = kinds.add_parser("step")
    of_step.add_argument("--model", default="deeplabv3_mobilenet_v3_large", help="a semantic model of the catalogue")
    of_step.add_argument("--side", type=int, default=SIDE)
    of_step.add_argument("--steps", type=int, default=5, help="steps in a round")
    of_step.add_argument("--rounds", type=int, default=20)
    of_step.add_argument("--threads", type=int, default=os.cpu_count())
    of_step.set_defaults(run=step)
    of_loader = kinds.add_parser("loader")
    of_loader.add_argument("--count", type=int, default=300, help="images to make where none are named")
    of_loader.add_argument("--rounds", type=int, default=10)
    of_loader.add_argument("--workers", type=int, default=2)
    of_loader.set_defaults(run=loader)
    of_measures = kinds.add_parser("measures")
    of_measures.add_argument(
        "--model", default="deeplabv3_mobilenet_v3_large", help="a semantic model of the catalogue"
    )
    of_measures.add_argument("--count", type=int, default=100, help="images to make where none are named")
    of_measures.add_argument("--instance-side", type=int, default=256, help="the short side of images in pixels")
    of_measures.add_argument("--rounds", type=int, default=3)
    of_measures.add_argument("--threads", type=int, default=1)
    of_measures.set_defaults(run=measures)
    of_memory = kinds.add_parser("memory")
    of_memory.add_argument("--counts", type=int, nargs=2, default=(100, 500), help="images of either evaluation")
    of_memory.set_defaults(run=memory)
    for kind in (of_loader, of_measures, of_memory):
        kind.add_argument("annotations", type=Path, nargs="?")
        kind.add_argument("images", type=Path, nargs="?")
    options = parser.parse_args(arguments)
    if getattr(options, "annotations", None) is not None and options.images is None:
        parser.error("ANNOTATIONS needs the folder of its IMAGES")
    with tempfile.TemporaryDirectory() as folder:
        options.run(options, Path(folder))


if __name__ == "__main__":
    main()
