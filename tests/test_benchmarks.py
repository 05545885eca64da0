"""The benchmarks run on little data, and what they compare is the same on both sides."""

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from maskwright.annotations.coco.file import read_coco
from maskwright.images.decode import read_image
from maskwright.models.catalogue import create_model

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def training() -> ModuleType:
    return benchmark("training")


@pytest.fixture(scope="module")
def gpu() -> ModuleType:
    return benchmark("gpu")


def benchmark(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_of_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their module
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


def test_the_networks_of_the_gpu_benchmark_are_torchvisions(gpu: ModuleType) -> None:
    with torch.device("meta"):
        ours = create_model("deeplabv3_resnet50", gpu.CLASSES, gpu.SEMANTIC_OPTIONS["deeplabv3_resnet50"])
        theirs = gpu.reference_model("semantic", gpu.FULL)
        gpu.require_same_size(ours, theirs)
        with pytest.raises(SystemExit, match="expected the same"):
            gpu.require_same_size(ours, create_model("deeplabv3_resnet50", gpu.CLASSES, {}))


def test_a_row_that_no_time_is_left_for_is_named(gpu: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    table = gpu.Table(torch.device("cpu"), deadline=time.monotonic() + 60)
    table.measure("training", "ours", 4, lambda: (10, 2.0))
    table.measure("training", "torchvision", 4, lambda: (10, 4.0))
    table.deadline = 0.0
    table.measure("loading", "ours", 4, lambda: pytest.fail("measured"))
    assert table.rows == [
        ("training", "ours", "20.0", "200.0", "–", ""),
        ("training", "torchvision", "10.0", "400.0", "–", "2.00×"),
        ("loading", "ours", "no time left", "", "", ""),
    ]
    assert "no time left" in capsys.readouterr().out


def test_a_row_that_fails_is_named_and_the_others_are_measured(
    gpu: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def compiled() -> tuple[int, float]:
        raise RuntimeError("no compiler here")

    def large() -> tuple[int, float]:
        raise torch.OutOfMemoryError

    table = gpu.Table(torch.device("cpu"), deadline=time.monotonic() + 60)
    table.measure("training", "ours", 4, lambda: (10, 2.0))
    table.measure("training, compiled", "ours", 4, compiled)
    table.measure("training, compiled", "torchvision", 4, lambda: (10, 4.0))
    table.measure("training, large", "ours", 4, large)
    # The rate of an earlier row is not what the last one is compared with.
    assert [row[2:] for row in table.rows[1:]] == [
        ("failed", "", "", ""),
        ("10.0", "400.0", "–", ""),
        ("memory ran out", "", "", ""),
    ]
    assert table.failed
    assert "no compiler here" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_gpu_benchmark_measures_everything_on_a_cpu_too(gpu: ModuleType) -> None:
    arguments = ["--quick", "--no-compile", "--workers", "0", "--device", "cpu"]
    rows = gpu.main(arguments).rows[1:]
    assert [row[1] for row in rows] == ["ours", "torchvision"] * 9 + ["ours, kept"]
    assert all(float(row[2]) > 0 for row in rows)
    assert sum(row[0].startswith("training, ") for row in rows) == 8
    assert sum(row[0].startswith("prediction, ") for row in rows) == 8


def test_a_served_model_at_its_limit_answers_or_says_when_to_ask_again(capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package)
    arguments = ["serving.py", "--seconds", "3", "--clients", "6", "--queue", "2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        # Memory still grows in the first seconds of a process; what it is in a minute is not asked here.
        serving = benchmark("serving")
        patch.setattr(serving, "_GROWTH", 2)
        assert serving.main() == 0
    said = capsys.readouterr().out
    assert "exit code at SIGTERM  0" in said
    assert " × 200" in said


def test_the_command_and_the_runtimes_are_timed_beside_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("onnxruntime", "openvino"):
        pytest.importorskip(package)
    predict = benchmark("predict")
    little = ["--count", "2", "--rounds", "1", "--model", "demo-semantic"]
    threads = torch.get_num_threads()
    try:
        for what, rows in (("command", 3), ("runtimes", 3)):
            predict.main([what, *little])
            shown = capsys.readouterr().out
            assert shown.startswith("2 images, 1 rounds")
            # A time, a CPU time and both ratios; the first row is what the others are compared with.
            found = [line.split()[-4:] for line in shown.splitlines() if re.search(r"( +\d+\.\d+){4}$", line)]
            assert len(found) == rows
            assert found[0][2:] == ["1.00", "1.00"]
    finally:
        torch.set_num_threads(threads)
