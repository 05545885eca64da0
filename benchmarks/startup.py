"""How long ``maskwright --help`` takes beside the bare interpreter: ``python benchmarks/startup.py``."""

import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "maskwright --help": [sys.executable, "-m", "maskwright", "--help"],
    "import torch": [sys.executable, "-c", "import torch"],
}


def seconds(command: list[str], runs: int) -> list[float]:
    """Wall seconds of each of ``runs`` calls, after one that warms the file cache."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return times[1:]


def main() -> None:
    """Print a table: median and slowest call of each command."""
    print(f"{'command':20} {'median s':>9} {'slowest s':>10}")
    for name, command in COMMANDS.items():
        times = seconds(command, 3 if "torch" in name else RUNS)
        print(f"{name:20} {statistics.median(times):9.3f} {max(times):10.3f}")


if __name__ == "__main__":
    main()
