"""The benchmarks run on little data, and what they compare is the same on both sides."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from maskwright.annotations.coco.file import read_coco
from maskwright.images.decode import read_image

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def training() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_training", BENCHMARKS / "training.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(BENCHMARKS.glob("*.py")), ids=lambda p: p.stem)
def test_what_a_benchmark_imports_exists_also_in_the_programs_that_it_starts(path: Path) -> None:
    # The programs are texts, in which renamed functions are easily forgotten.
    for statement in re.findall(r"^\s*(from maskwright\S* import (?:\([^)]*\)|.+))$", path.read_text(), re.MULTILINE):
        exec(statement, {})


@pytest.mark.slow
def test_both_loops_learn_the_same(training: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    training.main(
        [
            "step",
            "--model",
            "lraspp_mobilenet_v3_large",
            "--side",
            "32",
            "--steps",
            "2",
            "--rounds",
            "2",
            "--threads",
            "1",
        ]
    )
    shown = capsys.readouterr().out
    assert shown.count("the losses differ by at most 0\n") == 2
    assert shown.count("ratio") == 2


def test_the_loaders_are_timed_on_made_images(training: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    training.main(["loader", "--count", "6", "--rounds", "1", "--workers", "0"])
    shown = capsys.readouterr().out
    assert shown.startswith("6 images, 1 rounds of one epoch each, 0 processes")
    assert [line.split("  ")[0] for line in shown.splitlines()[2:]] == [
        "plain",
        "ours, decoding",
        "ours, kept",
    ]


@pytest.mark.slow
def test_the_cost_of_what_is_measured_is_shown(training: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    model = "lraspp_mobilenet_v3_large"
    training.main(["measures", "--count", "8", "--rounds", "1", "--instance-side", "64", "--model", model])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("8 training and 2 validation images")
    assert [line.split(",")[0] for line in shown[2:]] == [model, "mask_rcnn:resnet18"]
    assert all(re.search(r" -?\d+\.\d%$", line) for line in shown[2:])


def test_made_images_are_like_cocos(training: ModuleType, tmp_path: Path) -> None:
    annotations, images = training.made_data(tmp_path / "made", 3)
    assert [read_image(path).shape for path in sorted(images.iterdir())] == [(480, 640, 3)] * 3
    assert all(90_000 < path.stat().st_size < 260_000 for path in images.iterdir())
    assert len(read_coco(annotations).images) == 3


def test_copies_are_the_same_images_and_objects_under_other_names(training: ModuleType, tmp_path: Path) -> None:
    annotations, images = training.made_data(tmp_path / "made", 2)
    more, folder = training.copied(annotations, images, 5, tmp_path / "more")
    before, after = json.loads(annotations.read_text()), json.loads(more.read_text())
    assert len({image["file_name"] for image in after["images"]}) == 5
    assert len({each["id"] for each in after["annotations"]}) == len(after["annotations"]) == 7 * 5
    for number, image in enumerate(after["images"]):
        original = before["images"][number % 2]
        assert np.array_equal(read_image(folder / image["file_name"]), read_image(images / original["file_name"]))
        objects, originals = (
            [each["segmentation"] for each in document["annotations"] if each["image_id"] == of["id"]]
            for document, of in ((after, image), (before, original))
        )
        assert objects == originals


@pytest.mark.slow
def test_the_memory_of_evaluations_is_shown(training: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    training.main(["memory", "--counts", "2", "4"])
    shown = capsys.readouterr().out
    assert [line[:26].strip() for line in shown.splitlines()[1:]] == [
        "semantic", "instance", "instance, the usual way"
    ]  # fmt: skip


@pytest.mark.slow
def test_threads_that_spin_and_threads_that_sleep_learn_the_same_beside_a_neighbour() -> None:
    few = ["--rounds", "1", "--steps", "1", "--models", "residual_attention_unet, 4 × 64²"]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "neighbour.py", *few], capture_output=True, text=True, check=True
    )
    assert "equal losses" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == ["spinning", "sleeping"]
