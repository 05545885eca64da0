"""The checks and tests in environments of their own: ``nox -l`` lists them.

``lint``, ``docs``, ``drills`` and ``fuzz`` use the environment that nox runs in, as they need most libraries there are.
``tests``, ``lowest``, ``licences``, ``sbom`` and ``package`` make new ones, of 6 GB each.
"""

import re
import tomllib
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
# As in the Makefile: the workers of pytest are parallel enough.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}

nox.options.sessions = ["lint", "tests"]
nox.options.error_on_missing_interpreters = False


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, types and layers."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("pyright")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The fast tests with the tested versions of the libraries."""
    session.install("--constraint", "constraints.txt", "--editable", ".[train,dev]")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs, env=ONE_THREAD)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The fast tests with the lowest versions of the libraries that are allowed."""
    floors = Path(session.create_tmp()) / "floors.txt"
    floors.write_text("\n".join(lowest_versions()), encoding="utf-8")
    session.install("--constraint", str(floors), "--editable", ".[train,dev]")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs, env=ONE_THREAD)


@nox.session(venv_backend="none")
def drills(session: nox.Session) -> None:
    """The slow tests: hours on a CPU. Name one with ``nox -s drills -- tests/drills/test_demo.py``."""
    session.run("python", "-m", "pytest", "-m", "slow", *session.posargs)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Searches inputs that break a reader: ``nox -s fuzz -- [TARGET …] [--seconds N]``, 60 s each by default."""
    session.run("python", "-m", "tests.fuzz", *session.posargs, env=ONE_THREAD)


@nox.session
def licences(session: nox.Session) -> None:
    """The licence of everything that any extra installs: accepted, and listed in docs/licences.md."""
    _install_all_extras(session)
    session.run("python", "-m", "tools.licences", *session.posargs)


@nox.session
def sbom(session: nox.Session) -> None:
    """A bill of materials of what all extras install, as CycloneDX's JSON: build/sbom.json."""
    _install_all_extras(session)
    session.install("cyclonedx-bom")
    Path("build").mkdir(exist_ok=True)
    session.run("cyclonedx-py", "environment", "--output-file", "build/sbom.json", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """The advisories about the tested versions, which PyPI is asked for."""
    session.install("pip-audit")
    session.run(
        "pip-audit", "--requirement", "constraints-hashes.txt", "--require-hashes", "--disable-pip", *session.posargs
    )


@nox.session
def package(session: nox.Session) -> None:
    """The wheel and the source archive are built, and each is installed alone and passes the demo."""
    session.install("build")
    folder = Path(session.create_tmp()) / "dist"
    session.run("python", "-m", "build", "--outdir", str(folder), ".")
    for file in sorted(folder.iterdir()):
        session.install("--force-reinstall", "--constraint", "constraints.txt", f"maskwright[train] @ {file.as_uri()}")
        with session.chdir(session.create_tmp()):
            session.run("maskwright", "demo", "--out", f"demo-{file.suffix[1:]}")


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """The documentation site."""
    session.run("make", "docs", external=True)


def _install_all_extras(session: nox.Session) -> None:
    """Install the package with the extras that users choose from, in the tested versions where there are some."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [extra for extra in project["optional-dependencies"] if extra not in ("dev", "docs")]
    session.install("--constraint", "constraints.txt", "packaging", f".[{','.join(extras)}]")


def lowest_versions() -> list[str]:
    """What the package itself needs, each pinned to its lower bound; the tools of the tests stay as they come."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    return [re.sub(r">=", "==", requirement) for requirement in wanted]
