"""The data commands work on a machine without torch."""

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maskwright.synthetic.shapes import write_shapes

ROOT = Path(__file__).parents[2]
TORCH = (
    "torch",
    "torchvision",
    "timm",
    "segmentation_models_pytorch",
    "lightning_fabric",
    "safetensors",
    "tensorboard",
)
_JOB = """
import sys
from maskwright.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    return write_shapes(tmp_path / "shapes", 4)


def assert_masks_drawn(folder: Path) -> None:
    from maskwright.masks.png import read_label_map

    names = [entry["name"] for entry in json.loads((folder / "classes.json").read_text())]
    assert names == ["disc", "square", "triangle", "ring"]
    labels = {int(v) for file in folder.glob("*.png") for v in np.unique(read_label_map(file))}
    assert labels - {255} <= set(range(5))
    assert len(labels) > 2


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where nothing of torch can be imported."""
    blocked = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in TORCH)
    command = [sys.executable, "-c", blocked + _JOB, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def draw_masks(annotations: Path, folder: Path) -> None:
    done = without_torch("masks", str(annotations), "--out", str(folder / "masks"), "--workers", "0")
    assert done.returncode == 0, done.stderr
    assert_masks_drawn(folder / "masks")


def score_instances(annotations: Path, folder: Path) -> None:
    """The results are the truth itself, but for its last object, so that all numbers are known."""
    objects = [each for each in json.loads(annotations.read_text())["annotations"] if not each["iscrowd"]]
    found = [{key: each[key] for key in ("image_id", "category_id", "segmentation")} for each in objects]
    (folder / "results.json").write_text(json.dumps([each | {"score": 0.9} for each in found[:-1]]))
    more = ("--json", "--boundary", "--out", str(folder / "out"))
    done = without_torch("score", "instance", str(annotations), str(folder / "results.json"), *more)
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    at = scores["at_score"]
    assert (at["kind"], at["right"], at["wrong"], at["missed"]) == ("segm", len(found) - 1, 0, 1)
    assert 0.5 < scores["segm"]["AP"] < 1
    assert scores["foreground"]["mean_IoU"] > 0.5
    assert (folder / "out" / "curves.json").is_file()


@pytest.mark.parametrize("job", [draw_masks, score_instances])
def test_a_data_command_runs_where_torch_cannot_be_imported(
    job: Callable[[Path, Path], None], annotations: Path, tmp_path: Path
) -> None:
    job(annotations, tmp_path)


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_page_of_a_run_is_written_where_torch_cannot_be_imported(
    task: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(request.getfixturevalue(f"{task}_run"), copy)
    (copy / "report.html").unlink()
    shutil.rmtree(copy / "figures")
    done = without_torch("report", str(copy), "--quiet")
    assert done.returncode == 0, done.stderr
    assert "<img" in (copy / "report.html").read_text(encoding="utf-8")
    assert any((copy / "figures" / "panels").iterdir())


# Each is answered before torch is imported, which takes seconds; `benchmarks/startup.py` times them.
AT_ONCE = [
    "recipes", "recipes show demo-semantic", "models", "models residual_attention_unet", "weights list",
    "run demo-semantics", "run demo-semantic --set train.epoch=3", "run demo-semantic --set model.name=unett",
    "run demo-semantic classes=disk", "run deeplab-mobilenet-5class --set data.root=none", "run labels.json",
    "train lables.json",
    "train labels.json --classes disk", "train labels.json --set classes=[disk]", "run mine.yaml classes=disk",
    "train mine.yaml --classes disk", "models unett", "init labels.json --model mask_rcnn_small --task semantic",
    "init labels.json --model unett", "evaluate none", "report none",
    "predict none images --out out", "predict none none.jpg --out out",
]  # fmt: skip


def test_what_ends_before_a_training_imports_no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shapes(tmp_path, 2, size=(64, 80)).rename(tmp_path / "labels.json")
    part = "{images: images, annotations: labels.json}"
    recipe = f"{{name: mine, task: semantic, data: {{train: {part}, validation: {part}}}, "
    (tmp_path / "mine.yaml").write_text(recipe + "model: {name: residual_attention_unet}, train: {epochs: 1}}")
    monkeypatch.chdir(tmp_path)
    code = (
        "import json, sys\nfrom maskwright.cli.main import main\n"
        "codes = [main(words.split()) for words in json.loads(sys.argv[1])]\n"
        "assert codes == [0] * 5 + [2] * (len(codes) - 5), codes\n"
        f"assert not [name for name in {TORCH} if name in sys.modules]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(AT_ONCE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_predict_imports_no_library_of_other_models() -> None:
    others = ("timm", "segmentation_models_pytorch", "lightning_fabric", "tensorboard", "matplotlib")
    code = f"import sys\nimport maskwright.workflows.predict\nassert not [n for n in {others} if n in sys.modules]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def files_below(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.slow
def test_masks_run_from_an_installation_without_torch(annotations: Path, tmp_path: Path) -> None:
    environment = tmp_path / "env"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), str(ROOT)]
    subprocess.run(install, check=True)
    (installed,) = environment.glob("lib/python*/site-packages/maskwright")
    assert files_below(ROOT / "src" / "maskwright") <= files_below(installed), "the wheel lacks files"
    assert subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode != 0
    out = tmp_path / "masks"
    done = subprocess.run(
        [environment / "bin" / "maskwright", "masks", annotations, "--out", out, "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert_masks_drawn(out)
    train = [environment / "bin" / "maskwright", "run", "demo-semantic", "--out", tmp_path / "run"]
    refused = subprocess.run(train, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "pip install 'maskwright[train]'" in refused.stderr
    assert "Traceback" not in refused.stderr
