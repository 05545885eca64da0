"""Hostile inputs end every command that reads them soon, in little memory, and with a message.

The drill runs all inputs, in forks of a process that has imported everything. The sample in the normal run has, of the
kinds that are read without torch, some that once hung, crashed or filled the memory; its commands are processes of
their own.

A command has ten seconds of CPU time, and ten in which it waits for anything but a processor: the verdict is that of a
quiet machine, whatever else runs.
"""

import json
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.hostile.corpus import KINDS, Hostile, commands, inputs
from tests.hostile.programs import MARK, programs
from tests.hostile.warm_process import WITH_TORCH, Ended, WarmProcess, alone, run_alone, warm_process

SECONDS = 10
MEMORY = 1 << 30
TIMES = 3

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

Run = Callable[[list[str], Path, int], Ended]


def assert_withstood(hostile: Hostile, folder: Path, run: Run, most: int | None = None) -> None:
    """Run every command that reads ``hostile``, or the first ``most`` of them, and say all that went wrong.

    Where a command took too much CPU time, all is done again in a new folder: what others do on the core multiplies
    it, and the least of ``TIMES`` counts.
    """
    for number in range(TIMES):
        (place := folder / str(number)).mkdir()
        wrong, slow = [], []
        for command in islice(commands(hostile, place), most):
            ended = run(command, place, SECONDS)
            faults = [
                *(["it hung"] if ended.code is None else []),
                *([f"exit code {ended.code}"] if ended.code not in (0, 1, 2, None) else []),
                *([f"{ended.idle:.1f} s of waiting"] if ended.idle > SECONDS else []),
                *([f"{ended.memory >> 20} MiB"] if ended.memory > MEMORY else []),
                *(["a traceback"] if "Traceback (most recent" in ended.printed else []),
                *(["code was run"] if (place / MARK).exists() else []),
            ]
            said = f"{' '.join(command).replace(str(place), '')}: {{}}; it printed: {ended.printed[-1500:]}"
            if ended.cpu > SECONDS:
                slow.append(said.format(", ".join([f"{ended.cpu:.1f} s of CPU time", *faults])))
            elif faults:
                wrong.append(said.format(", ".join(faults)))
        assert not wrong, "\n".join([*wrong, *slow])
        if not slow:
            return
    raise AssertionError("\n".join(slow))


CORPUS = [*inputs(), *programs()]


def test_the_corpus_has_many_inputs_of_every_kind() -> None:
    names = [str(hostile) for hostile in CORPUS]
    assert len(names) == len(set(names))
    assert len(names) >= 150
    assert {hostile.kind for hostile in CORPUS} == set(KINDS)
    assert set(names) >= SAMPLE


def test_the_page_on_reliability_counts_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert f"makes {len(inputs())} hostile inputs of {len(KINDS)} kinds" in page
    assert f"on each, {sum(len(KINDS[each.kind]) for each in CORPUS):,} in all" in page


@pytest.mark.parametrize(
    ("work", "idle"), [("time.sleep(0.5)", True), ("while time.process_time() < 0.5: pass", False)]
)
def test_time_that_waits_and_time_that_works_are_told_apart(
    work: str, idle: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone([sys.executable, "-S", "-c", f"import time\n{work}"], str(tmp_path), SECONDS)
    code, cpu, waited, _ = json.loads(capfd.readouterr().out)
    assert code == 0
    assert (cpu > 0.4, waited > 0.4) == (not idle, idle)


@pytest.mark.parametrize("hostile", [each for each in CORPUS if str(each) in SAMPLE], ids=str)
def test_a_sample_is_withstood(hostile: Hostile, tmp_path: Path) -> None:
    assert_withstood(hostile, tmp_path, run_alone, most=2)


@pytest.fixture(scope="module")
def core() -> Iterator[WarmProcess]:
    """Runs the commands that need no torch."""
    with warm_process(with_torch=False) as started:
        yield started


@pytest.fixture(scope="module")
def with_torch() -> Iterator[WarmProcess]:
    """Runs the others, whose memory has that of torch in it."""
    with warm_process(with_torch=True) as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("hostile", CORPUS, ids=str)
def test_every_input_is_withstood(hostile: Hostile, tmp_path: Path, core: WarmProcess, with_torch: WarmProcess) -> None:
    def run(arguments: list[str], folder: Path, seconds: int) -> Ended:
        return (with_torch if arguments[0] in WITH_TORCH else core).run(arguments, folder, seconds)

    assert_withstood(hostile, tmp_path, run)
