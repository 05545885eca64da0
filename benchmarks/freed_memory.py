"""What a training step gains by keeping freed memory: ``python benchmarks/freed_memory.py``.

One process trains a model on the same batches, in rounds that take turns: freed memory goes back to the system, as the
C library does by itself, or is kept for the next tensors, as Maskwright does. Seconds of CPU count what the process
itself used, in its own code and in the system's, whatever else the machine does.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from maskwright.parallel.freed_memory import freed_memory_kept
from maskwright.training.loop import train_epoch
from training import in_memory, on_shapes

RETURNED, KEPT = "returned", "kept"

# The recipe and its changes, by the name of the model.
MODELS = {
    "smp:DeepLabV3Plus/mobilenet_v2, 8 × 256²": (
        "demo-semantic",
        "model.name=smp:DeepLabV3Plus/mobilenet_v2",
        "model.options={}",
        "model.input.size=256",
        "train.batch_size=8",
    ),
    "mask_rcnn:resnet18, 4 × 256": ("demo-instance", "model.input.size=256"),
    "residual_attention_unet, 4 × 64²": ("demo-semantic",),
}


def seconds() -> tuple[float, float, float]:
    """Return the time, and the seconds of CPU that this process has used in its own code and in the system's."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime, used.ru_stime


def peak_memory() -> int:
    """Return the largest resident memory in MiB since the last call, on Linux."""
    status = Path("/proc/self/status")
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5")
    return peak >> 10


def measure(step: Callable[[], float], rounds: int, steps: int) -> dict[str, list[tuple[float, ...]]]:
    """Return the time, own CPU and system CPU in seconds of a step, and the peak memory, of each way by round."""
    found: dict[str, list[tuple[float, ...]]] = {RETURNED: [], KEPT: []}
    for number in range(rounds):
        for way in (RETURNED, KEPT) if number % 2 == 0 else (KEPT, RETURNED):
            with freed_memory_kept() if way == KEPT else nullcontext():
                step()  # fills what is kept
                peak_memory()
                before = seconds()
                for _ in range(steps):
                    step()
                taken = [(now - then) / steps for now, then in zip(seconds(), before, strict=True)]
                found[way].append((*taken, peak_memory()))
    return found


def train_step(model: str, folder: Path) -> Callable[[], float]:
    """Return a function that trains ``model`` by one step and returns the loss."""
    recipe, *changes = MODELS[model]
    training = on_shapes(recipe, changes, 8, folder)
    in_memory(training, list(training.epochs(1, 0))[:1])
    epochs = iter(range(1, 100000))

    def step() -> float:
        training.position.batch, training.sums, training.seconds = 0, {}, 0.0
        return train_epoch(training, next(epochs))["loss"]

    return step


def table(model: str, found: dict[str, list[tuple[float, ...]]]) -> None:
    """Print the medians, and the median of the ratios of rounds."""
    print(f"{model}: {len(found[KEPT])} rounds")
    print(f"  {'freed memory is':16} {'time, s':>8} {'CPU, s':>8} {'of it system, s':>16} {'peak, MiB':>10}")
    for way, rows in found.items():
        taken, own, system, peak = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"  {way:16} {taken:8.3f} {own + system:8.3f} {system:16.3f} {peak:10.0f}")
    pairs = list(zip(found[KEPT], found[RETURNED], strict=True))
    taken = statistics.median(kept[0] / returned[0] for kept, returned in pairs)
    used = statistics.median(sum(kept[1:3]) / sum(returned[1:3]) for kept, returned in pairs)
    peak = statistics.median(kept[3] / returned[3] for kept, returned in pairs)
    print(f"  {'kept/returned':16} {taken:8.3f} {used:8.3f} {'':16} {peak:10.3f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each of three models."""
    parser = argparse.ArgumentParser(description="What a training step gains by keeping freed memory.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="steps of a round")
    parser.add_argument("--models", nargs="+", choices=[*MODELS], default=[*MODELS], metavar="MODEL")
    options = parser.parse_args(arguments)
    for model in options.models:
        with tempfile.TemporaryDirectory() as folder:
            table(model, measure(train_step(model, Path(folder)), options.rounds, options.steps))


if __name__ == "__main__":
    main()
