"""Whether freed memory stays with the process, counted by the pages that the system has to clear."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the setting is one of the GNU C library")

# Five times a hundred megabytes, of 25,600 pages each or 50 huge ones.
PROGRAM = """
import json, resource
import numpy as np
from maskwright.parallel.freed_memory import freed_memory_kept

def pages(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.full(100 << 20, 1, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

pages(1)
found = {"usual": pages(5)}
with freed_memory_kept():
    pages(1)
    found["inside"], found["held"] = pages(5), resident()
found["after"], found["rest"] = pages(5), resident()
print(json.dumps(found))
"""


def counted(**environment: str) -> dict[str, int]:
    undecided = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=undecided | environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_freed_memory_serves_again_inside_the_context_and_goes_back_at_its_end() -> None:
    pages = counted()
    assert pages["usual"] >= 200
    assert pages["inside"] < pages["usual"] / 20
    assert pages["after"] >= pages["usual"] / 2
    assert pages["rest"] < pages["held"] - 90


@pytest.mark.parametrize(
    "decision", [{"MALLOC_MMAP_THRESHOLD_": "65536"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=65536"}]
)
def test_what_a_user_has_decided_stands(decision: dict[str, str]) -> None:
    pages = counted(**decision)
    assert pages["inside"] >= pages["usual"] / 2
