"""What the processes of a training on several devices do in the drills: called in each, instead of the command line."""

import json
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from maskwright.cli.main import main
from maskwright.progress import Reporter
from maskwright.runs import evaluation as evaluate
from maskwright.runs.context import build_model, predictor_of
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import open_run
from maskwright.runs.processes import build_fabric
from maskwright.runs.training import seed_everything
from maskwright.training.processes import ProcessGroup
from tests.drills.accidents import stopped_at_batch_four
from tests.drills.warm import Running, Warm
from tests.equal_draws import equal_draws

HERE = "tests.drills.together:"


def start_together(machine: Warm, arguments: Sequence[str], function: str, count: int = 2) -> list[Running]:
    """Start ``function`` in each of ``count`` processes, with what torchrun would tell them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {
        "TORCHELASTIC_RUN_ID": "drill", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        "GLOO_SOCKET_IFNAME": "lo", "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count),
        "GROUP_WORLD_SIZE": "1", "GROUP_RANK": "0",
    }  # fmt: skip
    own = [{**told, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]
    return [machine.start(arguments, function=HERE + function, environment=each) for each in own]


def train(arguments: Sequence[str]) -> int:
    """One process's part of the command ``arguments``."""
    return main(arguments)


def train_without_batchnorm(arguments: Sequence[str]) -> int:
    """As :func:`fit`, with normalisation over each image instead of over the images that a process has."""
    nn.BatchNorm2d = lambda channels: nn.GroupNorm(1, channels)  # type: ignore[assignment,misc]
    return main(arguments)


def train_on_equal_draws(arguments: Sequence[str]) -> int:
    """As :func:`train`, with the same numbers for each image and mask wherever it is, however many there are.

    Query models compare masks at random points; which these are depends on the images that a process has.
    """

    with equal_draws():
        return main(arguments)


def stop_the_second(arguments: Sequence[str]) -> int:
    """As :func:`fit`, but the second process gets SIGTERM at its fourth batch, and the first gets none."""
    return stopped_at_batch_four(arguments) if os.environ["RANK"] == "1" else main(arguments)


def die_as_the_second(arguments: Sequence[str]) -> int:
    """As :func:`fit`, but the second process is killed at its fourth batch."""
    kill = os.kill
    os.kill = lambda pid, _: kill(pid, signal.SIGKILL)
    return stop_the_second(arguments)


def score(arguments: Sequence[str]) -> int:
    """Score an untrained model on the validation images of a run: ``run file``.

    The first process writes the scores to ``file``, and how many images all processes have read for them.
    """
    run, file = map(Path, arguments)
    experiment = Experiment(open_run(run, Reporter(quiet=True)))
    seed_everything(3)
    model, _ = build_model(experiment.recipe, experiment.prepared.table.names)
    processes = ProcessGroup(build_fabric(experiment.recipe))
    read, read_image = [], evaluate.read_image
    evaluate.read_image = lambda path: (read.append(path), read_image(path))[1]
    with torch.inference_mode():
        scores = evaluate.evaluate_part(
            experiment, predictor_of(experiment, model.eval()), "validation", None, processes
        )
    images = sum(processes.gather(len(read)))
    if processes.is_main:
        file.write_text(json.dumps({**scores, "images": images}))
        print(file)
    return 0
