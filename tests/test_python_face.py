"""What a notebook imports: the names, how fast they come, their types, and the block of the documentation."""

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import maskwright as mw
from maskwright.synthetic.shapes import write_shapes

SOURCE = Path(mw.__file__).parents[1]

# What a user's script may do with data and scores; a strict type checker must know the type of every name in it.
CLIENT = """
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

import maskwright as mw


def work_on(run: mw.RunFolder) -> list[str]:
    model = mw.load_model(run, task="instance")
    found = model.predict("photos/000000.jpg", score=0.3)
    predicted = mw.predict(run, "photos", "predictions", taxonomy=Path("classes.yaml"))
    scores = mw.evaluate(run, on=mw.CrossEvaluation(Path("photos"), "labels.json", name="ours"))
    return [*scores, str(predicted.folder), str(mw.report(run)), str(found.labels[0])]


def train_all() -> list[mw.RunFolder]:
    sweep = mw.sweep("demo-semantic", ["loss=ce,dice_ce"], out="runs/losses")
    transfer = mw.transfer("shapes-transfer", out=Path("runs/shift"))
    fitted = mw.init("labels.json", "photos", out="fitted.yaml", task="semantic", minutes=5)
    print(fitted.recipe.name, fitted.classes.names, mw.train("labels.json", images="photos", minutes=5).page)
    longer = mw.run("runs/losses", extend=["train.epochs=9"])
    print(mw.demo("demo"), longer.page, sweep.best, transfer.numbers["name"])
    return [mw.run("demo-instance", out="runs/one"), mw.train(Path("mine.yaml"), overrides=["train.epochs=1"])]


def share(samples: Iterable[mw.Sample]) -> float:
    return float(np.mean([(sample.label_map(overlap="smallest") > 0).mean() for sample in samples]))


def trained(images: list[npt.NDArray[np.uint8]]) -> float | None:
    # Checked here, and run on built-in data by test_first_use.
    run = mw.run("demo-instance", overrides=["train.epochs=1"], out="run", reporter=mw.Reporter(quiet=True))
    print(run.folder / "recipe.yaml", run.page.name, run.card["classes"])
    model = mw.load_model(run.folder, task="instance")
    one: mw.Instances = model.predict(images[0])
    every: list[mw.Instances] = model.predict(images, batch=2, score=0.5)
    labels = mw.load_model("unet.safetensors", task="semantic").predict("photo.jpg")
    print(one.boxes.shape, len(every), labels.shape, model.classes.names, model.task)
    return run.scores["validation"].get("segm", {}).get("AP")


data = mw.CocoDataset.open("labels.json", images="photos")
names: list[str] = data.classes.names
first = data[0]
picture, size = first.image, first.size
bright = int(picture.max())
objects = first.instances
pixels = objects.dense().sum(axis=(1, 2))
large = objects[objects.areas > 100]
records = large.to_coco(first.id, first.name)
again = mw.Instances.from_coco(records, size)
drawn = mw.Instances.from_dense(objects.dense(), objects.labels, scores=objects.scores)
table = mw.ClassTable.from_names(["disc", "ring"])
infos: list[mw.ClassInfo] = list(table)
chosen = data.select(classes=["disc"], max_images=3, at_least={"disc": 2}, seed=1)
train, validation = data.split("8:2", seed=0)
whole = train.merge(validation)
path = whole.to_json("whole.json")
found = {sample.name: sample.instances for sample in validation}
average: float = mw.score_instances(validation, found)["segm"]["AP"]
maps = {sample.name: sample.label_map() for sample in validation}
mean: float = mw.score_semantic(validation, maps)["mIoU"]
print(len(names), bright, pixels.sum(), again == large, len(drawn), len(infos), len(chosen), path.name, share(data[:3]))
print(average, mean, whole.audit.adds_up, whole.excluded)
checked = mw.check("labels.json", images="photos", workers=1)
explored = mw.explore("labels.json", classes=["disc"], out="explored")
chosen_masks = mw.draw_masks("labels.json", "masks", options=mw.MaskOptions(overlap="smallest"), workers=0)
parts = mw.split("labels.json", "parts", ratios=(8, 2), images="photos")
fewer = mw.subset("labels.json", "fewer.json", max_images=3)
voc = mw.convert("labels.json", "voc", source_format="coco", target_format="voc", images="photos")
same: float = mw.score("semantic", "masks", Path("masks")).scores["mIoU"]
print(checked.errors, explored.page, chosen_masks.files, sorted(parts.images), fewer.images["used"], voc.images, same)
print(mw.list_models("fcn_resnet50")[0]["task"], mw.list_recipes()[0]["name"])
"""


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a user: labels.json and photos."""
    write_shapes(tmp_path, 10).rename(tmp_path / "labels.json")
    (tmp_path / "images").rename(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_importing_the_package_loads_nothing_that_takes_time() -> None:
    loaded = "import sys, maskwright; print([n for n in ('torch', 'cv2', 'numpy', 'hotcoco') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_data_face_needs_no_torch() -> None:
    used = "mw.CocoDataset, mw.score_instances, mw.score_semantic"
    script = f"import sys, maskwright as mw; {used}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_name_is_listed_and_there() -> None:
    assert set(mw.__all__) <= set(dir(mw))
    assert set(mw._HELD) | set(mw._VERBS) | {"__version__"} == set(mw.__all__)
    assert all(getattr(mw, name) is not None for name in mw.__all__)
    with pytest.raises(AttributeError, match="CocoDatasets"):
        _ = mw.CocoDatasets  # type: ignore[attr-defined]


def test_the_package_says_that_it_is_typed() -> None:
    assert (files("maskwright") / "py.typed").is_file()


def test_a_strict_type_checker_knows_the_type_of_every_name(notebook: Path) -> None:
    checker = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if checker is None:
        pytest.skip("pyright is not installed")
    script = notebook / "client.py"
    script.write_text(CLIENT, encoding="utf-8")
    settings = {"include": ["client.py"], "typeCheckingMode": "strict", "extraPaths": [str(SOURCE)]}
    (notebook / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [checker, "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(command, cwd=notebook, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert [f"{each['range']['start']['line']}: {each['message']}" for each in found] == []


def test_the_script_that_was_type_checked_runs(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(CLIENT, "client.py", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "1.0 1.0 True {}"
    assert lines[2] == "0 explored/explore.html 10 ['train', 'validation'] 3 10 1.0"
    assert lines[3].startswith("semantic ")
