"""Hostile inputs end every command that reads them soon, in little memory, and with a message.

The drill runs all inputs. The sample in the normal run has, of the kinds that are read without torch, some that once
hung, crashed or filled the memory.
"""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hostile.corpus import KINDS, Hostile, commands, inputs

CPU_SECONDS = 10
MEMORY = 1 << 30
# Seconds. A command that waits for ever takes no CPU time, and on a busy machine a good one takes many times its own.
PATIENCE = 240

# Seconds of CPU time that the import of torch and torchvision takes, besides which a command has its ten.
IMPORTS = {"recipe": 8, "weights": 8, "model": 8}

SAMPLE = {
    "annotations: an image record of 65535 × 65535",
    "annotations: an RLE whose sum wraps",
    "annotations: a FIFO",
    "results: the size 2**31 squared",
    "image: a header of 32000×32000",
    "label map: a device",
    "panoptic: a FIFO",
    "panoptic: colours of 4900×4900",
    "yolo: a class of 100,000 digits",
    "yolo: data.yaml with merges",
    "labelme: a FIFO",
    "groups: merges",
}

# A process between this one and the command: the memory of a command counts that of the process which started it.
LAUNCHER = """
import json, resource, subprocess, sys
seconds, patience = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
with open("printed.txt", "wb") as printed:
    try:
        code = subprocess.call(sys.argv[4:], stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, timeout=patience)
    except subprocess.TimeoutExpired:
        code = None
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as ended:
    json.dump([code, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024], ended)
"""


class Ended(NamedTuple):
    """How a command ended.

    ``code`` is its exit code, negative for a signal and None when it had to be stopped. ``cpu`` is in seconds,
    ``memory`` in bytes.
    """

    code: int | None
    cpu: float
    memory: int
    printed: str


def run_limited(arguments: list[str], folder: Path, seconds: int) -> Ended:
    """Run the command line in ``folder``; more than twice ``seconds`` of CPU time end it."""
    launched = [sys.executable, "-S", "-c", LAUNCHER, "ended.json", str(2 * seconds), str(PATIENCE)]
    subprocess.run([*launched, sys.executable, "-m", "maskwright", *arguments], cwd=folder, check=True)
    code, cpu, memory = json.loads((folder / "ended.json").read_text())
    return Ended(code, cpu, memory, (folder / "printed.txt").read_text(encoding="utf-8", errors="replace"))


def assert_withstood(hostile: Hostile, folder: Path, most: int | None = None) -> None:
    """Run every command that reads ``hostile``, or the first ``most`` of them, and say all that went wrong."""
    seconds = CPU_SECONDS + IMPORTS.get(hostile.kind, 0)
    wrong = []
    for command in islice(commands(hostile, folder), most):
        ended = run_limited(command, folder, seconds)
        faults = [
            *(["it hung"] if ended.code is None else []),
            *([f"exit code {ended.code}"] if ended.code not in (0, 1, 2, None) else []),
            *([f"{ended.cpu:.1f} s of CPU time"] if ended.cpu > seconds else []),
            *([f"{ended.memory >> 20} MiB"] if ended.memory > MEMORY else []),
            *(["a traceback"] if "Traceback (most recent" in ended.printed else []),
            *(["code was run"] if (folder / "hostile-code-ran").exists() else []),
        ]
        if faults:
            said = " ".join(command).replace(str(folder), "")
            wrong.append(f"{said}: {', '.join(faults)}; it printed: {ended.printed[-1500:]}")
    assert not wrong, "\n".join(wrong)


CORPUS = inputs()


def test_the_corpus_has_many_inputs_of_every_kind() -> None:
    names = [str(hostile) for hostile in CORPUS]
    assert len(names) == len(set(names))
    assert len(names) >= 150
    assert {hostile.kind for hostile in CORPUS} == set(KINDS)
    assert set(names) >= SAMPLE


@pytest.mark.parametrize("hostile", [each for each in CORPUS if str(each) in SAMPLE], ids=str)
def test_a_sample_is_withstood(hostile: Hostile, tmp_path: Path) -> None:
    assert_withstood(hostile, tmp_path, most=2)


@pytest.mark.slow
@pytest.mark.parametrize("hostile", CORPUS, ids=str)
def test_every_input_is_withstood(hostile: Hostile, tmp_path: Path) -> None:
    assert_withstood(hostile, tmp_path)
