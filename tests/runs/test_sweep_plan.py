"""What a sweep refuses before anything is begun."""

import json
from pathlib import Path

import pytest

from maskwright.errors import MaskwrightError, UsageError
from maskwright.recipes.loading import load_recipe
from maskwright.runs import sweep_plan
from maskwright.runs.sweep_plan import plan_sweep
from tests.small_runs import SHARED, SMALL

OVERRIDES = [text for text in [*SMALL["semantic"], *SHARED] if "=" in text]


def planned(*sweeps: str, out: Path, overrides: tuple[str, ...] = (), resume: bool = False):
    return plan_sweep("demo-semantic", sweeps, (*OVERRIDES, *overrides), out, resume)[1]


def test_each_variant_has_its_recipe_and_folder_and_nothing_is_written(tmp_path: Path):
    out = tmp_path / "out"
    items = planned("loss=ce,focal", "train.optimizer=sgd", out=out, overrides=("seed=5",))
    assert [item.path.relative_to(out).as_posix() for item in items] == [
        "loss=ce,train.optimizer=sgd",
        "loss=focal,train.optimizer=sgd",
    ]
    for item in items:
        assert item.recipe == load_recipe("demo-semantic", item.overrides)
        assert item.recipe.seed == 5
        assert item.recipe.train.optimizer.name == "sgd"
    assert not out.exists()


def test_without_out_a_sweep_lies_beside_the_runs_not_in_one():
    path, _ = plan_sweep("demo-semantic", ["loss=ce"], OVERRIDES, None, False)
    assert path == Path("runs") / "demo-semantic-sweep"


@pytest.mark.parametrize(
    ("sweeps", "said"),
    [
        (["loss.nmae=ce,focal"], ["loss.nmae: unknown key. Nearest: name", "(and 1 more)"]),
        (["train.optimizer.lr=1e-3,x", "train.epochs=2,0"], ["found 'x'", "train.epochs: found 0"]),
        (["model.name=residual_attention_unet,residual_unet"], ["--sweep model.name=residual_unet", "Nearest"]),
        (["model.options.widths=[4],[]", "model.options.width=4"], ["Unknown option", "widths"]),
        (["classes=all,[disk]"], ["Nearest: disc"]),
        (["train.best_by=mIoU,IoU/disk"], ["Nearest: IoU/disc"]),
        (["model.weights=none,imagnet.pth"], ["imagnet.pth"]),
        (["loss=ce,cross_entropy"], ["loss=ce and loss=cross_entropy: are the same experiment"]),
        (["loss.class_weights=none,median_frequency", "loss=ce"], ["are the same experiment", "order of the sweeps"]),
        (["task=semantic,instance", "model.input.resize=short-side"], ["one task"]),
        (["task=semantic,instance"], ["task=instance", "model.input.resize: square"]),
        ([], ["expected key=value,value"]),
    ],
)
def test_a_fault_of_any_variant_is_said_before_anything_is_begun(sweeps: list[str], said: list[str], tmp_path: Path):
    with pytest.raises(MaskwrightError) as caught:
        planned(*sweeps, out=tmp_path / "out")
    for part in said:
        assert part in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_model_is_built_once_for_the_variants_that_share_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    built = []
    build = sweep_plan.build_model
    monkeypatch.setattr(sweep_plan, "build_model", lambda *given: built.append(given) or build(*given))
    planned("loss=ce,focal,tversky", "model.options.bottleneck=8,16", out=tmp_path)
    assert len(built) == 2


def test_a_folder_that_is_no_sweep_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not the folder of a sweep"):
        planned("loss=ce", out=tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_variant_s_folder_with_other_files_is_refused(tmp_path: Path):
    (tmp_path / "sweep.json").write_text(json.dumps({}))
    (tmp_path / "loss=ce").mkdir()
    (tmp_path / "loss=ce" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"--sweep loss=ce: .*not a run folder"):
        planned("loss=ce,focal", out=tmp_path)


def test_one_process_of_several_does_not_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="Use --devices"):
        planned("loss=ce", out=tmp_path)


def test_more_devices_than_a_batch_has_slices_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="multiple of devices"):
        planned("loss=ce,focal", out=tmp_path, overrides=("train.devices=3",))
