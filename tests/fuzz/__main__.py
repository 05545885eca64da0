"""``python -m tests.fuzz [TARGET …] [--seconds N] [--out FOLDER] [--seed N]`` searches the targets one by one.

Each target has a process of its own. An input at which that ends or hangs is a finding too, and the search goes on.
"""

import argparse
import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.harness import Target
from tests.fuzz.search import Search, save_finding
from tests.fuzz.targets import TARGETS

_HANGS_AFTER = 60.0  # seconds of processor time on one input
_MORE_MEMORY = 3 << 30  # beyond what the process has before the search
_MOST_CRASHES = 20


@dataclass
class _Totals:
    """What the processes of one target did together."""

    seconds: float = 0.0
    inputs: int = 0
    refused: int = 0
    pairs: int = 0
    findings: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Search all targets, or those that are named; return 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Search inputs that break a reader.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60, help="processor time of each target [60]")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="the folder of findings [build/fuzz]")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the beginning of the random numbers")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.targets if name not in TARGETS]
    if unknown:
        parser.error(f"unknown target {unknown[0]}; expected some of {', '.join(TARGETS)}")
    found = 0
    for name in options.targets or TARGETS:
        totals = search_target(TARGETS[name], options.seconds, options.out, options.seed)
        found += totals.findings
        print(
            f"{name}: {totals.seconds:.0f} s, {totals.inputs:,} inputs, {totals.refused:,} refused, "
            f"{totals.pairs:,} pairs of lines, {totals.findings} findings",
            flush=True,
        )
    print(f"{found} findings{f' in {options.out}' if found else ''}")
    return min(found, 1)


def search_target(target: Target, seconds: float, out: Path, seed: int) -> _Totals:
    """Search one target in processes of their own until its ``seconds`` of processor time are used."""
    totals = _Totals()
    for crash in range(_MOST_CRASHES):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sys.stdout.flush()
            child = os.fork()
            if not child:
                _search_here(target, folder, seconds - totals.seconds, out, seed + crash)
            stuck, status, used = _wait(child, folder / "inputs" / target.file)
            totals.seconds += used
            report = folder / "report.json"
            if report.is_file():
                for key, number in json.loads(report.read_text()).items():
                    setattr(totals, key, getattr(totals, key) + number)
                break
            current, said = folder / "inputs" / target.file, (folder / "stderr").read_text()
            if not current.is_file():
                raise RuntimeError(f"the search of {target.name} did not begin: {said}")
            totals.findings += 1
            what = f"hangs for {_HANGS_AFTER:g} s" if stuck else f"ends the process ({status})"
            path = save_finding(out, target.name, current.read_bytes(), f"{what}\n\n{said}")
            print(f"{target.name}: {path}: {what}", flush=True)
        if totals.seconds >= seconds - 1:
            break
    return totals


def _wait(child: int, current: Path) -> tuple[bool, int, float]:
    """Wait for the end of the process ``child``, and end it where one input takes too long.

    Returns whether it was ended, its exit status, and the processor time that it took.
    """
    last, since, stuck = None, 0.0, False
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return stuck, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        time.sleep(0.2)
        now = current.stat().st_mtime_ns if current.is_file() else None
        used = _seconds_of(child)
        if now != last:
            last, since = now, used
        elif now is not None and used - since > _HANGS_AFTER and not stuck:
            stuck = True
            os.kill(child, signal.SIGKILL)


def _seconds_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _search_here(target: Target, folder: Path, seconds: float, out: Path, seed: int) -> None:
    """Search in this process, write a report, and end it, without waiting for the threads of a server."""
    status, errors = 1, (folder / "stderr").open("w")
    try:
        os.dup2(errors.fileno(), 2)
        faulthandler.enable(errors)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + _MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        search = Search(target, folder / "inputs", out, seed)
        search.run(seconds)
        for found, path in search.findings.items():
            print(f"{target.name}: {path}: {found}", flush=True)
        report = {
            "inputs": search.inputs, "refused": search.refused, "findings": len(search.findings),
            "pairs": len(search.coverage),
        }  # fmt: skip
        (folder / "report.json").write_text(json.dumps(report))
        status = 0
    except BaseException:
        traceback.print_exc(file=errors)
    finally:
        errors.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
