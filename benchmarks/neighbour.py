"""What one busy process beside it costs a training step: ``python benchmarks/neighbour.py``.

Threads of OpenMP that wait for each other spin by default, or sleep where ``OMP_WAIT_POLICY`` says so; Maskwright lets
them spin while the machine has a core for each, and sleep beside other programs. Each way has a process of its own,
which trains the same model on the same batches with the same seed, with one thread per core. The ways take turns in
short rounds, first alone and then beside a program that only counts, so that whatever else the machine does meets all
alike. Their losses must be equal to the last bit, but for the last way: ``train.threads: free`` leaves the neighbour
its core from the start, which rounds differently.

``--spins N`` adds a fourth way, ``GOMP_SPINCOUNT=N``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SPINNING, SLEEPING, GIVING_WAY, FREE = "spinning", "sleeping", "giving way", "threads: free"

# The recipe and its changes, by the name of the model.
MODELS = {
    "deeplabv3_mobilenet_v3_large, 4 × 256²": (
        "demo-semantic",
        *("model.name=deeplabv3_mobilenet_v3_large", "model.options={}", "model.input.size=256"),
    ),
    "mask_rcnn:resnet18, 4 × 128": ("demo-instance",),
    "residual_attention_unet, 4 × 64²": ("demo-semantic",),
}


class Process:
    """A process that trains ``model`` with threads that wait as ``environment`` says; steps are done on demand."""

    def __init__(self, model: str, environment: dict[str, str]) -> None:
        undecided = {
            k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--train", model],
            env={**undecided, "OMP_NUM_THREADS": str(THREADS), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.steps(1)  # warms up

    def steps(self, count: int) -> tuple[float, float]:
        """Return the seconds of a step, and the loss, of the next ``count`` steps."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(count, file=self._process.stdin, flush=True)
        seconds, loss = json.loads(self._process.stdout.readline())
        return seconds, loss

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """Keep one core busy inside the context."""
    process = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def measure(
    model: str, ways: dict[str, dict[str, str]], rounds: int, seconds: float
) -> dict[str, dict[str, list[float]]]:
    """Return the seconds a step of each way, alone and beside a neighbour, by round."""
    found: dict[str, dict[str, list[float]]] = {way: {"alone": [], "beside": []} for way in ways}
    losses: dict[str, list[float]] = {way: [] for way in ways}
    with ExitStack() as stack:
        processes = {way: stack.enter_context(closing(Process(model, ways[way]))) for way in ways}

        # Long enough for the load to be noticed, which takes up to 0.4 s.
        steps = max(2, round(seconds / processes[SPINNING].steps(2)[0]))
        for way in ways:
            if way != SPINNING:
                processes[way].steps(2)

        def one_round(where: str, names: Sequence[str]) -> None:
            for way in names:
                taken, loss = processes[way].steps(steps)
                found[way][where].append(taken)
                losses[way].append(loss)

        for number in range(rounds):
            names = list(ways) if number % 2 == 0 else list(reversed(ways))
            one_round("alone", names)
            with busy_neighbour():
                one_round("beside", names)
            time.sleep(1.5)  # after which threads that give way spin again
    if len({tuple(each) for way, each in losses.items() if way != FREE}) > 1:
        raise SystemExit(f"{model}: the ways learnt differently: {losses}")
    return found


def table(model: str, found: dict[str, dict[str, list[float]]]) -> None:
    """Print medians and ratios."""
    print(f"{model}: {THREADS} threads, {len(found[SLEEPING]['alone'])} rounds, equal losses")
    print(f"  {'threads that wait':20} {'alone, s':>9} {'beside, s':>10} {'beside/alone':>13} {'alone/spinning':>15}")
    median = {way: {where: statistics.median(times) for where, times in both.items()} for way, both in found.items()}
    for way, seconds in median.items():
        # In a round all ways met the same load: the median of ratios, not the ratio of medians.
        slower, dearer = (
            statistics.median(a / b for a, b in zip(found[way][over], found[under]["alone"], strict=True))
            for over, under in (("beside", GIVING_WAY if way == FREE else way), ("alone", SPINNING))
        )
        # Alone, free threads are all threads.
        alone, dearer_shown = ("", "") if way == FREE else (f"{seconds['alone']:.3f}", f"{dearer:.3f}")
        print(f"  {way:20} {alone:>9} {seconds['beside']:10.3f} {slower:13.2f} {dearer_shown:>15}", flush=True)


def train(model: str) -> None:
    """Do as many steps as each line of the standard input says, and print the seconds of one and the loss."""
    # Imported here, as the process that compares needs none of it.
    from maskwright.parallel.waiting_threads import threads_give_way
    from maskwright.training.loop import train_epoch
    from training import in_memory, on_shapes

    recipe, *changes = MODELS[model]
    with tempfile.TemporaryDirectory() as folder, threads_give_way():
        training = on_shapes(recipe, changes, 4, Path(folder))
        batches = list(training.epochs(1, 0))
        for epoch, line in enumerate(sys.stdin, start=1):
            steps = batches * int(line)
            in_memory(training, steps)
            training.position.batch, training.sums, training.seconds = 0, {}, 0.0
            started = time.perf_counter()
            loss: dict[str, Any] = train_epoch(training, epoch)
            print(json.dumps([(time.perf_counter() - started) / len(steps), loss["loss"]]), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table for each of three models."""
    parser = argparse.ArgumentParser(description="What one busy process beside it costs a training step.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a round of spinning threads, alone")
    parser.add_argument("--spins", type=int, help="also measure threads that look so often before they sleep")
    parser.add_argument("--models", nargs="+", choices=[*MODELS], default=[*MODELS], metavar="MODEL")
    parser.add_argument("--train", choices=[*MODELS], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.train:
        train(options.train)
        return
    # Maskwright changes nothing where the environment decides, even if it decides as OpenMP would.
    ways = {SPINNING: {"GOMP_SPINCOUNT": "300000"}, SLEEPING: {"OMP_WAIT_POLICY": "passive"}, GIVING_WAY: {}}
    ways[FREE] = {"OMP_NUM_THREADS": str(max(1, THREADS - 1))}
    if options.spins is not None:
        ways[f"{options.spins} spins"] = {"GOMP_SPINCOUNT": str(options.spins)}
    for model in options.models:
        table(model, measure(model, ways, options.rounds, options.seconds))


if __name__ == "__main__":
    main()
