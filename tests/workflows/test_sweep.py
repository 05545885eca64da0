"""A sweep end to end on built-in data."""

import csv
import json
import shutil
from pathlib import Path

import pytest

import maskwright
from maskwright.cli.main import main
from maskwright.errors import UsageError
from maskwright.progress import Reporter
from maskwright.training.interruption import Interrupted
from maskwright.workflows import sweep as sweeping
from maskwright.workflows.sweep import sweep
from tests.small_runs import SHARED, SMALL, small_run
from tests.workflows.test_run import assert_same_bits

TINY = [text for text in [*SMALL["semantic"], *SHARED] if "=" in text] + ["model.input.size=32"]
LOSSES = "loss=ce,dice_ce"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep over two losses; do not change it."""
    out = tmp_path_factory.mktemp("sweeps") / "losses"
    assert sweep("demo-semantic", [LOSSES], overrides=TINY, out=out, reporter=Reporter(quiet=True)).failed == []
    return out


def again(out: Path, *sweeps: str, resume: bool = False):
    return sweep("demo-semantic", sweeps, overrides=TINY, out=out, resume=resume, reporter=Reporter(quiet=True))


def weights(run: Path) -> Path:
    return run / "checkpoints" / "last" / "model.safetensors"


def test_each_variant_is_the_run_that_run_alone_makes(swept: Path, tmp_path: Path):
    """Though it is trained after another in one process."""
    alone = tmp_path / "alone"
    assert small_run("semantic", alone, "--set", "model.input.size=32", "--set", "loss.name=dice_ce") == 0
    variant = swept / "loss=dice_ce"
    assert_same_bits(variant, alone)
    for name in ("scores.json", "recipe.yaml"):
        assert (variant / name).read_text() == (alone / name).read_text()
    assert (variant / "report.html").is_file()


def test_the_table_holds_the_scores_of_the_runs(swept: Path):
    said = json.loads((swept / "sweep.json").read_text())
    with (swept / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    best = max(rows, key=lambda row: float(row["mIoU"]))
    assert said["best"] == best["variant"]
    assert [row["best"] for row in rows] == [str(row is best).lower() for row in rows]
    for row, variant in zip(rows, said["variants"], strict=True):
        run = swept / row["variant"]
        scores = json.loads((run / "scores.json").read_text())["validation"]
        assert float(row["mIoU"]) == variant["scores"]["validation"]["mIoU"] == scores["mIoU"]
        assert variant["scores"]["validation"]["classes"] == {n: s["IoU"] for n, s in scores["classes"].items()}
        with (run / "metrics.csv").open() as file:
            seconds = sum(float(epoch["seconds"]) for epoch in csv.DictReader(file))
        assert float(row["train_seconds"]) == pytest.approx(seconds, abs=0.01)
    assert "loss=dice_ce" in (swept / "sweep.html").read_text()
    assert r"loss=dice\_ce" in (swept / "tables.md").read_text()
    assert r"loss=dice\_ce" in (swept / "tables.tex").read_text()


def test_finished_variants_are_not_done_again_and_more_can_be_added(swept: Path, tmp_path: Path):
    out = tmp_path / "more"
    shutil.copytree(swept, out)
    before = weights(out / "loss=ce").stat().st_mtime_ns, weights(out / "loss=dice_ce").stat().st_mtime_ns
    compared = again(out, "loss=dice_ce,lovasz,ce")
    assert [outcome.variant.label for outcome in compared.outcomes] == ["dice_ce", "lovasz", "ce"]
    assert {outcome.status for outcome in compared.outcomes} == {"finished"}
    assert (weights(out / "loss=ce").stat().st_mtime_ns, weights(out / "loss=dice_ce").stat().st_mtime_ns) == before


def test_a_variant_that_fails_is_in_the_table_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    run = sweeping.run

    def surprising(recipe: str, **options):
        if options["out"].name.endswith("1e-3"):
            raise RuntimeError("nobody expected this")
        return run(recipe, **options)

    monkeypatch.setattr(sweeping, "run", surprising)
    sets = [part for text in TINY for part in ("--set", text)]
    command = ["run", "demo-semantic", *sets, "--sweep", "train.optimizer.lr=3e30,1e-3,2e-3", "--out", str(tmp_path)]
    assert main([*command, "--quiet", "--json"]) == 1
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert [variant["status"] for variant in said["variants"]] == ["failed", "failed", "finished"]
    assert said["best"] == "train.optimizer.lr=2e-3"
    assert "The loss became" in said["variants"][0]["error"]
    assert said["variants"][1]["error"] == "RuntimeError: nobody expected this"
    assert "train.optimizer.lr=3e30: failed: The loss became" in err
    assert said == json.loads((tmp_path / "sweep.json").read_text())


def test_an_interrupted_sweep_says_what_is_done_and_resume_ends_with_the_same_bits(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    out, halfway = tmp_path / "out", tmp_path / "halfway"
    more = ("--set", "model.input.size=32", "--set", "loss.name=dice_ce", "--set", "train.checkpoint_every=1")
    assert small_run("semantic", halfway, *more, verb="train") == 0

    def stopped(_: str, **options) -> Path:
        """Leaves a finished run, then what SIGTERM after the first epoch leaves."""
        path = options["out"]
        shutil.copytree(swept / path.name, path)
        if path.name == "loss=ce":
            return path
        shutil.rmtree(path / "checkpoints")
        for name in ("last", "best"):
            shutil.copytree(halfway / "checkpoints" / "epoch-0001", path / "checkpoints" / name)
        (path / "stages.json").write_text(json.dumps({"check": {"seconds": 0}, "masks": {"seconds": 0}}))
        raise Interrupted("The training was asked to stop.")

    monkeypatch.setattr(sweeping, "run", stopped)
    with pytest.raises(Interrupted):
        again(out, "loss=ce,dice_ce,lovasz")
    said = json.loads((out / "sweep.json").read_text())
    assert [variant["status"] for variant in said["variants"]] == ["finished", "interrupted", "waiting"]
    monkeypatch.undo()
    before = weights(out / "loss=ce").stat().st_mtime_ns
    with pytest.raises(UsageError, match=r"--sweep loss=dice_ce: .*expected --resume"):
        again(out, "loss=ce,dice_ce,lovasz")
    compared = again(out, "loss=ce,dice_ce,lovasz", resume=True)
    assert {outcome.status for outcome in compared.outcomes} == {"finished"}
    assert weights(out / "loss=ce").stat().st_mtime_ns == before
    assert_same_bits(out / "loss=dice_ce", swept / "loss=dice_ce")


def test_a_sweep_with_other_settings_is_refused_before_anything_is_begun(swept: Path):
    with pytest.raises(UsageError, match=r"differs in train\.epochs"):
        sweep("demo-semantic", ["loss=focal,ce"], overrides=[*TINY, "train.epochs=3"], out=swept)
    assert not (swept / "loss=focal").exists()


def test_instance_models_are_compared_by_mask_ap(instance_run: Path, tmp_path: Path):
    """Their folder is taken for a variant that is finished already."""
    out = tmp_path / "out"
    name = "train.optimizer.lr=0.0015"
    shutil.copytree(instance_run, out / name)
    (out / "sweep.json").write_text("{}")
    overrides = [text for text in [*SMALL["instance"], *SHARED] if "=" in text]
    swept = ["train.optimizer.lr=0.0015"]
    compared = sweep("demo-instance", swept, overrides=overrides, out=out, reporter=Reporter(quiet=True))
    scores = json.loads((instance_run / "scores.json").read_text())["validation"]
    (variant,) = compared.to_json()["variants"]
    assert variant["scores"]["validation"] == {
        "segm_AP": scores["segm"]["AP"],
        "segm_AP50": scores["segm"]["AP50"],
        "bbox_AP": scores["bbox"]["AP"],
        "classes": {name: row["segm"] for name, row in scores["classes"].items()},
    }


def test_the_verb_is_a_function_of_the_package():
    assert maskwright.sweep is sweep
