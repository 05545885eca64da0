"""Write ``constraints-hashes.txt``: the versions of ``constraints.txt`` with the SHA-256 of each of their files.

pip installs by it nothing but these files, for any system and Python. ``python -m tools.constraints.hashes`` writes it
anew when ``constraints.txt`` or the requirements have changed. It needs uv (``pip install uv``), and turns to PyPI.
"""

import re
import shutil
import subprocess
import sys
import tomllib

from tools.architecture.import_graph import ROOT

CONSTRAINTS, HASHES = ROOT / "constraints.txt", ROOT / "constraints-hashes.txt"
PROJECT = ROOT / "pyproject.toml"
# As `make setup` installs them; `dev` has what is tested of the others.
EXTRAS = ("train", "dev", "docs")
# The first that all of these versions accept; a tool of the documentation needs more than the package itself.
_PYTHON = "3.11.5"

HEAD = """\
# The tested versions (constraints.txt) with the SHA-256 of each of their files, for every system and Python.
# Install by it:
#   pip install --require-hashes -r constraints-hashes.txt
#   pip install --no-deps --no-build-isolation .
# Written by `python -m tools.constraints.hashes`; change constraints.txt instead.
"""


def pinned_versions(text: str) -> dict[str, str]:
    """Return the version of each ``NAME==VERSION`` at the start of a line of ``text``, by the normalised name."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!]+)", text, re.MULTILINE)
    return {normalised(name): version for name, version in found}


def normalised(name: str) -> str:
    """Return the name of a package as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def hashes_text() -> str:
    """Return the text of ``constraints-hashes.txt``: what uv finds for the requirements and ``constraints.txt``."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    # What builds the package is installed beforehand, or pip would fetch it without looking at hashes.
    builds = "\n".join(project["build-system"]["requires"])
    done = subprocess.run(
        [
            _uv(), "pip", "compile", str(PROJECT), "-", *(f"--extra={extra}" for extra in EXTRAS),
            "--constraint", str(CONSTRAINTS), "--universal",
            "--python-version", _PYTHON,
            "--generate-hashes", "--no-header", "--no-annotate", "--no-config", "--quiet",
            "--default-index", "https://pypi.org/simple",
        ],
        input=builds, capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    return HEAD + done.stdout


def _uv() -> str:
    found = shutil.which("uv")
    if found is None:
        sys.exit("uv is not installed. Install it with: pip install uv")
    return found


if __name__ == "__main__":
    HASHES.write_text(hashes_text(), encoding="utf-8")
