"""The runs of a folder, as they train."""

import json
import shutil
from pathlib import Path

import pytest

from maskwright.server.refusal import Refusal
from maskwright.server.run_list import RunList
from tests.browser import in_browser
from tests.devtools import tab
from tests.server.served import running, service_of

OLD = Path(__file__).parents[1] / "runs" / "old_runs" / "semantic"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run that is trained, one in its second epoch, one before its first, and what is no run."""
    runs = tmp_path / "runs"
    for name in ("done", "live", "new"):
        (runs / name).mkdir(parents=True)
        shutil.copy(OLD / "recipe.yaml", runs / name)
    (runs / "done" / "stages.json").write_text(json.dumps({"train": {"finished": "now"}}))
    (runs / "done" / "metrics.csv").write_text("epoch,train/loss\n1,0.5\n")
    head = "epoch,train/loss,validation/loss,validation/mIoU,validation/IoU/disc,learning_rate"
    (runs / "live" / "metrics.csv").write_text(f"{head}\n1,2.0,2.5,0.25,0.1,0.01\n2,1.5,,nan,0.2,0.01\n")
    (runs / "no run").mkdir()
    (runs / "link").symlink_to(runs / "done")
    return runs


def test_runs_tell_how_far_they_are(folder: Path) -> None:
    found = {each["name"]: each for each in RunList(folder).runs()}
    assert {name: (each["epoch"], each["trained"]) for name, each in found.items()} == {
        "done": (1, True), "live": (2, False), "new": (None, False),
    }  # fmt: skip
    assert all(0 <= each["seconds"] < 600 for each in found.values())


def test_curves_have_a_value_for_each_epoch_and_none_where_it_is_missing(folder: Path) -> None:
    found = RunList(folder).curves("live")
    assert found["epochs"] == [1, 2]
    assert found["columns"] == {
        "train/loss": [2.0, 1.5], "validation/loss": [2.5, None], "validation/mIoU": [0.25, None],
        "learning_rate": [0.01, 0.01],
    }  # fmt: skip
    assert RunList(folder).curves("new")["epochs"] == []


@pytest.mark.parametrize("name", ["no run", "link", "..", "../runs/done", "", "nowhere"])
def test_a_name_that_is_no_run_leads_nowhere(name: str, folder: Path) -> None:
    with pytest.raises(Refusal):
        RunList(folder).curves(name)


def test_a_file_that_is_damaged_or_being_written_is_no_error(folder: Path) -> None:
    (folder / "live" / "stages.json").write_text("{")
    with (folder / "live" / "metrics.csv").open("ab") as file:
        file.write(b'3,0.9,\xff\xff,"0.5')
    found = RunList(folder).curves("live")
    assert found["epochs"][:2] == [1, 2]
    assert found["columns"]["train/loss"][:2] == [2.0, 1.5]


@in_browser
def test_the_page_follows_a_run(folder: Path, models: dict[str, Path], tmp_path: Path) -> None:
    with running(service_of(models["semantic"]), RunList(folder)) as url, tab(tmp_path) as page:
        page.open(url)
        page.get("(s => {s.value = 'live'; s.dispatchEvent(new Event('change'))})(document.getElementById('run'))")
        page.wait("document.getElementById('run-state').textContent.startsWith('epoch 2, in training')")
        assert page.get("document.querySelectorAll('#curves path.series').length") > 0
        assert "validation/mIoU" in page.get("document.getElementById('curves').textContent")
        with (folder / "live" / "metrics.csv").open("a") as file:
            file.write("3,1.0,1.1,0.5,0.3,0.01\n")
        page.wait("document.getElementById('run-state').textContent.startsWith('epoch 3')")
        assert page.faults == []


@in_browser
def test_the_curves_are_readable_wide_and_narrow_dark_and_light(
    folder: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    axe = pytest.importorskip("axe_core_python", reason="no axe-core-python")
    source = next(Path(axe.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
    with running(service_of(models["instance"]), RunList(folder)) as url, tab(tmp_path) as page:
        for width in (400, 1280):
            for dark in (False, True):
                page.shade(dark)
                page.open(url, width)
                page.wait("document.querySelectorAll('#curves path.series').length")
                page.do("Page.setBypassCSP", enabled=True)
                page.do("Runtime.evaluate", expression=source)
                found = page.get(
                    "axe.run({resultTypes: ['violations']}).then(r => r.violations.filter(v => "
                    "['serious', 'critical'].includes(v.impact)).map(v => `${v.id}: ${v.nodes[0].html}`))"
                )
                assert found == [], (width, dark)
                assert page.get("document.documentElement.scrollWidth") <= width
                page.picture(tmp_path / f"runs-{width}-{'dark' if dark else 'light'}.png")
