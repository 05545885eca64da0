"""The page on clusters, and the Dockerfile: its instructions, its files, and the scripts for SLURM."""

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/clusters.md").read_text(encoding="utf-8")
# Dockerfile reference, Docker's documentation.
INSTRUCTIONS = {
    *("ARG", "FROM", "RUN", "ENV", "COPY", "USER", "WORKDIR", "EXPOSE", "ENTRYPOINT", "CMD"),
    *("ADD", "HEALTHCHECK", "LABEL", "ONBUILD", "SHELL", "STOPSIGNAL", "VOLUME"),
}


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what follows each."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def given(kind: str) -> list[str]:
    return [rest for name, rest in instructions() if name == kind]


def scripts() -> list[str]:
    return re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)


def test_the_instructions_are_docker_s_and_nothing_is_fetched_but_by_pip() -> None:
    assert {name for name, _ in instructions()} <= INSTRUCTIONS
    assert not given("ADD")
    assert all(command.startswith(("pip install", "python -m venv")) for command in given("RUN"))
    assert [json.loads(rest) for rest in given("ENTRYPOINT")] == [["maskwright"]]
    assert [json.loads(rest) for rest in given("CMD")] == [["--help"]]


def test_it_does_not_run_as_root() -> None:
    (user,) = given("USER")
    assert not user.startswith(("0", "root"))
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))


def test_the_files_that_it_copies_are_there_and_reach_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    copied = [name for rest in given("COPY") if "--from" not in rest for name in shlex.split(rest)[:-1]]
    assert sorted(copied) == sorted(let_through)
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["readme"], *project["license-files"]} <= set(copied)


def test_extras_and_arguments_are_those_of_the_project_and_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    defaults = dict(rest.split("=", 1) for rest in given("ARG") if "=" in rest)
    extras = defaults["EXTRAS"].strip('"').split(",")
    extras += re.findall(r"EXTRAS=([\w,]+)", PAGE)[0].split(",")
    assert set(extras) <= project["optional-dependencies"].keys()
    assert set(re.findall(r"--build-arg (\w+)=", PAGE)) <= defaults.keys()
    assert all(defaults["PYTHON"] in rest or "${PYTHON}" in rest for rest in given("FROM"))


def test_the_scripts_are_shell() -> None:
    assert len(scripts()) == 2
    for script in scripts():
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("jobs", [1, 3, 16])
def test_the_jobs_of_an_array_predict_each_image_once(jobs: int, tmp_path: Path) -> None:
    photos = [tmp_path / "photos" / f"{number}.jpg" for number in range(10)]
    photos[0].parent.mkdir()
    for photo in photos:
        photo.touch()
    (tmp_path / "maskwright").write_text('#!/bin/sh\ncat > "list-$5"\n', encoding="utf-8")
    (tmp_path / "maskwright").chmod(0o755)
    script = scripts()[1].replace('"predicted/$SLURM_ARRAY_TASK_ID"', '"$SLURM_ARRAY_TASK_ID"')
    for job in range(jobs):
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        numbers = {"SLURM_ARRAY_TASK_COUNT": str(jobs), "SLURM_ARRAY_TASK_ID": str(job)}
        subprocess.run(["bash", "-c", script], cwd=tmp_path, env=path | numbers, check=True)
    lists = sorted(tmp_path.glob("list-*"))
    assert len(lists) == jobs
    found = [name for each in lists for name in each.read_text(encoding="utf-8").split()]
    assert sorted(found) == sorted(f"photos/{photo.name}" for photo in photos)
