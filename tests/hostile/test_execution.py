"""No command executes a program that is in a file which it reads, though each of these programs can be run."""

import io
import os
import pickle
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from PIL import EpsImagePlugin, Image, UnidentifiedImageError

from tests.hostile.corpus import KINDS, Hostile, commands
from tests.hostile.programs import MARK, PICKLE, POSTSCRIPT, YAML, install_ghostscript, programs, torch_archive
from tests.hostile.test_corpus import run_alone
from tests.hostile.warm_process import WITH_TORCH

PROGRAMS = programs()
# JSON, CSV and XML have no programs in them; tests/annotations/test_xml_text.py has XML that fetches files.
NO_PROGRAMS = {"annotations", "results", "voc", "image groups"}
CPU_SECONDS = 60


@pytest.fixture(autouse=True)
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program ``gs`` that leaves the mark, where Pillow finds it; the current folder is the test's."""
    folder = install_ghostscript(tmp_path / "programs")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)


def test_each_program_runs_where_a_reader_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")

    def read_picture() -> None:
        monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)
        with pytest.raises(UnidentifiedImageError), Image.open(io.BytesIO(POSTSCRIPT)) as image:
            image.load()

    for read in (
        read_picture,
        lambda: yaml.unsafe_load(f"a: {YAML}"),
        lambda: pickle.loads(PICKLE),
        lambda: torch.load(io.BytesIO(PICKLE), weights_only=False),
        lambda: torch.load(io.BytesIO(torch_archive()), weights_only=False),
    ):
        with suppress(RuntimeError):  # of torch, which then finds that the rest is no checkpoint
            read()
        Path(MARK).unlink()


def test_every_kind_that_can_hold_a_program_is_tried() -> None:
    assert {hostile.kind for hostile in PROGRAMS} == set(KINDS) - NO_PROGRAMS


@pytest.mark.parametrize("hostile", PROGRAMS, ids=str)
def test_no_program_in_a_file_is_executed(hostile: Hostile, tmp_path: Path) -> None:
    """Those that need torch run by one command here, and by all in the drill of the corpus."""
    folder = tmp_path / "files"
    for command in commands(hostile, folder):
        ended = run_alone(command, folder, CPU_SECONDS)
        assert not (folder / MARK).exists(), command
        assert ended.code in (0, 1, 2), ended.printed
        assert "Traceback (most recent" not in ended.printed
        if command[0] in WITH_TORCH:
            break
