"""What ``maskwright predict`` costs beside its network, and what other runtimes gain.

``python benchmarks/predict.py command [--images DIR] [--count 30] [--rounds 3] [--model NAME …]`` predicts images
(without a folder, JPEG files of 640 × 480 pixels that it makes) by the whole command: it loads the model, decodes,
resizes, predicts, encodes masks, draws overlays and writes all files. Beside it stands the network alone, on the same
images, which lie in memory as it sees them, one by one. Both run in this process, with one thread for torch, in turns.

``python benchmarks/predict.py runtimes`` exports the same models and computes the same inputs by torch, by ONNX
Runtime and by OpenVINO, in turns, with one thread each.

Weights are random. The CPU seconds of the command are those of all its threads; a busy machine spares them, not the
times. The ratio is the median of those of the rounds.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from maskwright.cli.main import main as maskwright
from maskwright.images.decode import find_images, read_image
from maskwright.model_file import ModelCard, write_model_file
from maskwright.models.catalogue import create_model, find_model
from maskwright.parallel.freed_memory import freed_memory_kept
from maskwright.prediction.resizing import to_network_input
from maskwright.prediction.runtimes.onnx_runtime import OnnxRuntime
from maskwright.prediction.runtimes.openvino_runtime import OpenVinoRuntime
from maskwright.recipes.loading import load_recipe
from maskwright.runs.loaded_model import LoadedModel, load_model
from maskwright.structures import ClassTable

DEMOS = ("demo-semantic", "demo-instance")
DETECTOR = "mask_rcnn_resnet50_fpn"
DETECTOR_INPUT: dict[str, Any] = {"resize": "short-side", "size": 800, "longest": 1333}
CLASSES = ["disc", "square", "triangle", "ring"]

Seconds = tuple[float, float]
"""Wall and CPU seconds."""


def random_model(name: str, folder: Path) -> Path:
    """Write the model of a demo's recipe, or the detector, with random weights."""
    torch.manual_seed(0)
    model, options, size = name, {}, DETECTOR_INPUT
    if name in DEMOS:
        recipe = load_recipe(name)
        model, options, size = recipe.model.name, dict(recipe.model.options), recipe.model.input.model_dump()
    module = create_model(model, len(CLASSES), options)
    classes = ClassTable.from_names(CLASSES).to_json()
    card = ModelCard(model, find_model(model).task, options, classes, size, 1, {}, "")
    write_model_file(folder / f"{name}.safetensors", card, module.state_dict(), {})
    return folder / f"{name}.safetensors"


def image_folder(given: Path | None, count: int, folder: Path) -> Path:
    """Return a folder with the first ``count`` images of the folder ``given``, or with as many that are made."""
    folder.mkdir()
    if given is not None:
        for path in islice(find_images(given), count):
            shutil.copyfile(path, folder / path.name)
        return folder
    for number in range(count):
        coarse = np.random.default_rng(number).integers(0, 256, (24, 32, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.jpg"), cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC))
    return folder


def seconds_of(work: Callable[[], object]) -> Seconds:
    """Return the wall and CPU seconds of ``work``."""
    started, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - busy


def inputs_of(model: LoadedModel[Any], images: Path) -> list[torch.Tensor]:
    """Return the images of a folder as the network sees them, ``(3, h, w)`` each."""
    return [to_network_input(read_image(path), model.input_size, model.device) for path in find_images(images)]


def forward(model: LoadedModel[Any], inputs: Sequence[torch.Tensor]) -> None:
    """Compute the network for each of ``inputs``."""
    with torch.inference_mode(), freed_memory_kept():
        for seen in inputs:
            model.module([seen] if model.task == "instance" else seen[None])


def in_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[Seconds]]:
    """Return the seconds of each of ``ways`` by round, after one that does not count."""
    found: dict[str, list[Seconds]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, work in ways.items() if number % 2 else reversed(ways.items()):
            seconds = seconds_of(work)
            if number:
                found[name].append(seconds)
    return found


def print_table(found: Mapping[str, Sequence[Seconds]], first: str, count: int) -> None:
    """Print milliseconds for each image, and the ratio of each way to the ``first``."""
    for name, rounds in found.items():
        wall, cpu = (statistics.median(each[place] for each in rounds) / count * 1000 for place in (0, 1))
        pairs = list(zip(rounds, found[first], strict=True))
        ratios = [statistics.median(one[place] / other[place] for one, other in pairs) for place in (0, 1)]
        print(f"  {name:28} {wall:9.1f} {cpu:9.1f} {ratios[0]:8.2f} {ratios[1]:8.2f}")


def time_command(name: str, images: Path, folder: Path, rounds: int) -> None:
    """Print the times of the network ``name`` and of the command with it, on the folder ``images``."""
    path = random_model(name, folder)
    model = load_model(path, "cpu")
    inputs = inputs_of(model, images)
    arguments = ["predict", str(path), str(images), "--quiet", "--overwrite", "--device", "cpu"]

    def command(*more: str) -> None:
        if maskwright([*arguments, "--out", str(folder / f"{name}-results"), *more]) != 0:
            raise SystemExit(f"{name}: the command failed")
        shutil.rmtree(folder / f"{name}-results")

    found = in_turns(
        {
            "the network": lambda: forward(model, inputs),
            "the command": command,
            "the command, --no-overlays": lambda: command("--no-overlays"),
        },
        rounds,
    )
    print(name)
    print_table(found, "the network", len(inputs))


def time_runtimes(name: str, images: Path, folder: Path, rounds: int) -> None:
    """Print the times of the network ``name`` by torch and by the runtimes it is exported to."""
    path = random_model(name, folder)
    model = load_model(path, "cpu")
    inputs = inputs_of(model, images)
    ways: dict[str, Callable[[], object]] = {"torch": lambda: forward(model, inputs)}
    for title, to, suffix, runtime in (
        ("ONNX Runtime", "onnx", ".onnx", OnnxRuntime),
        ("OpenVINO", "openvino", ".xml", OpenVinoRuntime),
    ):
        out = folder / f"{name}{suffix}"
        if maskwright(["export", str(path), "--to", to, "--out", str(out), "--images", str(images), "--quiet"]) != 0:
            print(f"{name}: not for {title}")
            continue
        network, batched = runtime(out, 1), model.task == "semantic"
        arrays = [(seen[None] if batched else seen).numpy() for seen in inputs]
        ways[title] = lambda network=network, arrays=arrays: [network.run(each) for each in arrays]
    print(name)
    print_table(in_turns(ways, rounds), "torch", len(inputs))


def main(arguments: Sequence[str] | None = None) -> None:
    """Time each model and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["command", "runtimes"])
    parser.add_argument("--images", type=Path)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", nargs="+", default=[*DEMOS, DETECTOR])
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    time_one = time_command if options.what == "command" else time_runtimes
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        images = image_folder(options.images, options.count, folder / "images")
        print(f"{len(find_images(images))} images, {options.rounds} rounds; milliseconds an image, and ratios")
        print(f"  {'':28} {'ms':>9} {'CPU ms':>9} {'time':>8} {'CPU':>8}")
        for name in options.model:
            time_one(name, images, folder, options.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
