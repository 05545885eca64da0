"""How long a command takes before it works.

``python benchmarks/startup.py`` times the commands that should answer at once, wrong ones too, beside the bare
interpreter and the import of torch: wall and CPU seconds of each. So does what needs a finished run, of an epoch on
eight images: its page is written anew, and an image predicted; ``--finished RUN IMAGE`` takes another run. ``predict``
imports torch because its model computes in it, and ``init`` because it tries its model for three seconds; all others
import none.

``python benchmarks/startup.py run [RECIPE] [--set KEY=VALUE …]`` times ``maskwright run`` from its start to its first
training step, in a new run folder, and shows where the time goes: what is imported, wherever that happens, and the
functions that do the rest. ``--beside CHECKOUT`` times the code of another checkout as well, in turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RUNS = 7
MASKWRIGHT = [sys.executable, "-m", "maskwright"]
# Words of a command that stand for a recipe that does not exist yet, a finished run, and an image.
NEW, RUN_FOLDER, IMAGE = "<new recipe>", "<finished run>", "<image>"
# They import torch, and are called less often.
SLOW = ("import torch", "init", "predict RUN IMAGE")
# The commands, and whether each is wrong, so that it ends with an error.
COMMANDS: dict[str, tuple[list[str], bool]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], False),
    "import torch": ([sys.executable, "-c", "import torch"], False),
    "--help": ([*MASKWRIGHT, "--help"], False),
    "recipes": ([*MASKWRIGHT, "recipes"], False),
    "recipes show demo-semantic": ([*MASKWRIGHT, "recipes", "show", "demo-semantic"], False),
    "models": ([*MASKWRIGHT, "models"], False),
    "models NAME": ([*MASKWRIGHT, "models", "residual_attention_unet"], False),
    "weights list": ([*MASKWRIGHT, "weights", "list"], False),
    "run, a typo in the name": ([*MASKWRIGHT, "run", "demo-semantics"], True),
    "run, a typo in a key": ([*MASKWRIGHT, "run", "demo-semantic", "--set", "train.epoch=3"], True),
    "run of annotations": ([*MASKWRIGHT, "run", "labels.json"], True),
    "train, a wrong path": ([*MASKWRIGHT, "train", "lables.json", "--images", "images"], True),
    "train, a wrong class": ([*MASKWRIGHT, "train", "labels.json", "--classes", "disk"], True),
    "train, a wrong model": ([*MASKWRIGHT, "train", "labels.json", "--model", "unett"], True),
    "check a YOLO file": ([*MASKWRIGHT, "check", "data.yaml"], True),
    "init, a wrong path": ([*MASKWRIGHT, "init", "lables.json"], True),
    "init, a wrong model": ([*MASKWRIGHT, "init", "labels.json", "--model", "unett"], True),
    "evaluate, no run": ([*MASKWRIGHT, "evaluate", "no-run"], True),
    "report, no run": ([*MASKWRIGHT, "report", "no-run"], True),
    "init": ([*MASKWRIGHT, "init", "labels.json", "--images", "images", "--out", NEW], False),
    "report RUN": ([*MASKWRIGHT, "report", RUN_FOLDER], False),
    "predict RUN IMAGE": ([*MASKWRIGHT, "predict", RUN_FOLDER, IMAGE, "--out", "out", "--overwrite"], False),
    "predict, no image": ([*MASKWRIGHT, "predict", "no-run", "no-image.jpg", "--out", "out"], True),
    "predict, no model": ([*MASKWRIGHT, "predict", "no-run", "images", "--out", "out"], True),
}
SOURCE = Path(__file__).resolve().parents[1]
# An installed package is compiled. Where Python keeps no bytecode, each call would compile all sources again.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

# The folder, the recipe and its options follow. Each part is timed without the parts inside it.
RUN = """
import builtins, importlib, json, os, sys, time
from contextlib import contextmanager

FUNCTIONS = {
    "draw built-in images": [("maskwright.runs.prepare", "write_shapes"), ("maskwright.runs.stages", "take_images")],
    "read, check and select data": [
        ("maskwright.runs.stages", "declared_classes"), ("maskwright.runs.experiment", "prepare"),
        ("maskwright.runs.stages", "check_stage"),
    ],
    "draw masks": [("maskwright.runs.stages", "masks_stage")],
    "build the model": [("maskwright.runs.stages", "build_model")],
    "first batch": [("maskwright.training.loop", "_batches")],
}
inside, parts = [], {}

def clock():
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system

@contextmanager
def part(name):
    start = clock()
    inside.append([0.0, 0.0])
    try:
        yield
    finally:
        own = inside.pop()
        spent = [end - begin for end, begin in zip(clock(), start)]
        parts[name] = [a + b - c for a, b, c in zip(parts.get(name, (0, 0)), spent, own)]
        if inside:
            inside[-1] = [a + b for a, b in zip(inside[-1], spent)]

plain_import, importing = builtins.__import__, False

def timed_import(*arguments, **options):
    global importing
    if importing:
        return plain_import(*arguments, **options)
    importing = True
    try:
        with part("imports"):
            return plain_import(*arguments, **options)
    finally:
        importing = False

def time_function(name, module, function):
    try:
        module = importlib.import_module(module)
        untimed = getattr(module, function)
    except (ImportError, AttributeError):  # another version of the package
        return
    if function == "_batches":  # a generator: its first value
        def timed(*arguments):
            batches = untimed(*arguments)
            with part(name):
                first = next(batches)
            yield first
            yield from batches
    else:
        def timed(*arguments, **options):
            with part(name):
                return untimed(*arguments, **options)
    setattr(module, function, timed)

def stop(*_):
    # Whatever is still open ends here.
    sys.stdout.write(json.dumps({"parts": parts, "cpu": clock()[1]}) + "\\n")
    sys.stdout.flush()
    os._exit(0)

builtins.__import__ = timed_import
folder, recipe, *options = sys.argv[1:]
from maskwright.cli import main as command_line
import maskwright.cli.run

# The command imports what it needs when it is called; the functions are timed as soon as they are there.
def importer(name, *arguments, **options):
    module = timed_import(name, *arguments, **options)
    loop = sys.modules.get("maskwright.training.loop")
    step = "training_step" if hasattr(loop, "training_step") else "learn"  # as earlier versions call it
    if not importing and loop is not None and hasattr(loop, "fit") and getattr(loop, step, stop) is not stop:
        setattr(loop, step, stop)
        for part_name, functions in FUNCTIONS.items():
            for where, function in functions:
                time_function(part_name, where, function)
    return module

builtins.__import__ = importer
command_line.main(["run", recipe, "--out", folder, "--quiet", *options])
"""


def seconds(command: list[str], runs: int, folder: str, fails: bool = False) -> list[tuple[float, float]]:
    """Wall and CPU seconds of each of ``runs`` calls in ``folder``, after one that warms the file cache.

    What Python compiles is kept after the first.
    """
    times = []
    for number in range(runs + 1):
        words = [f"recipe-{number}.yaml" if word == NEW else word for word in command]
        started, used = time.perf_counter(), child_seconds()
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder, env=ENVIRONMENT, check=False)
        times.append((time.perf_counter() - started, child_seconds() - used))
        if (done.returncode != 0) != fails:
            raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return times[1:]


def child_seconds() -> float:
    """CPU seconds of all processes that this one has started and that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def commands(finished: Sequence[str] | None) -> None:
    """Print a table: median wall and CPU seconds of each command, and the most CPU seconds of a call."""
    with tempfile.TemporaryDirectory() as folder:
        draw = "import sys; from pathlib import Path; from maskwright.synthetic.shapes import write_shapes as write;"
        draw += "write(Path(sys.argv[1]), 8).rename(Path(sys.argv[1]) / 'labels.json')"
        subprocess.run([sys.executable, "-c", draw, folder], check=True)
        (Path(folder) / "data.yaml").touch()
        run, image = (str(Path(each).resolve()) for each in finished or small_run(folder))
        print(f"{'command':28} {'wall s':>7} {'CPU s':>7} {'most CPU s':>11}")
        for name, (words, fails) in COMMANDS.items():
            command = [{RUN_FOLDER: run, IMAGE: image}.get(word, word) for word in words]
            wall, cpu = zip(*seconds(command, 3 if name in SLOW else RUNS, folder, fails), strict=True)
            print(f"{name:28} {statistics.median(wall):7.3f} {statistics.median(cpu):7.3f} {max(cpu):11.3f}")


def small_run(folder: str) -> tuple[Path, Path]:
    """Return a finished run of an epoch on eight images below ``folder``, and one of its images."""
    run = Path(folder) / "finished"
    small = ["data.shapes={train: 8, validation: 4, seed: 0}", "train.epochs=1", "train.schedule.warmup_steps=0"]
    options = [word for setting in small for word in ("--set", setting)]
    command = [*MASKWRIGHT, "run", "demo-semantic-short", "--out", str(run), "--quiet", *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return run, next(iter(sorted((Path(folder) / "images").iterdir())))


def until_first_step(checkout: Path, recipe: str, options: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return wall and CPU seconds of each part of ``maskwright run``, and in all, until its first training step."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**ENVIRONMENT, "PYTHONPATH": str(checkout / "src")}
        command = [sys.executable, "-c", RUN, str(Path(folder) / "run"), recipe, *options]
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        wall = time.perf_counter() - started
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    parts = {name: (spent[0], spent[1]) for name, spent in found["parts"].items()}
    rest = [
        whole - sum(each) for whole, each in zip((wall, found["cpu"]), zip(*parts.values(), strict=True), strict=True)
    ]
    return {**parts, "the rest": (rest[0], rest[1]), "until the first step": (wall, found["cpu"])}


def run(options: argparse.Namespace) -> None:
    """Print a table: median wall and CPU seconds of each part, for each checkout."""
    checkouts = [*([options.beside.resolve()] if options.beside else []), SOURCE]
    settings = [argument for each in options.set or () for argument in ("--set", each)]
    found: list[list[dict[str, tuple[float, float]]]] = [[] for _ in checkouts]
    for number in range(options.runs + 1):  # the first warms the file cache
        for checkout, times in list(zip(checkouts, found, strict=True))[:: 1 if number % 2 else -1]:
            times.append(until_first_step(checkout, options.recipe, settings))
    heads = ["beside", "this"] if options.beside else ["this"]
    print(f"{options.recipe}: median of {options.runs}", *(f"{f'{head}: wall s':>15}{'CPU s':>8}" for head in heads))
    names = dict.fromkeys(name for times in found for each in times for name in each)
    for name in sorted(names, key=["the rest", "until the first step"].__contains__):
        cells = ""
        for times in found:
            wall, cpu = zip(*(each.get(name, (0.0, 0.0)) for each in times[1:]), strict=True)
            cells += f"{statistics.median(wall):16.2f}{statistics.median(cpu):8.2f}"
        print(f"{name:30}{cells}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table that the arguments ask for."""
    parser = argparse.ArgumentParser(description="How long a command takes before it works.")
    parser.add_argument("--finished", nargs=2, metavar=("RUN", "IMAGE"), help="a finished run and an image")
    kinds = parser.add_subparsers()
    of_run = kinds.add_parser("run")
    of_run.add_argument("recipe", nargs="?", default="demo-semantic")
    of_run.add_argument("--set", action="append", metavar="KEY=VALUE")
    of_run.add_argument("--beside", type=Path, help="another checkout")
    of_run.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(arguments)
    run(options) if hasattr(options, "recipe") else commands(options.finished)


if __name__ == "__main__":
    main()
