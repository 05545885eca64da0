"""The jobs on a Ray cluster that is started here: the same files and counts as without, whatever dies."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maskwright.cli.main import main
from maskwright.errors import DataError, MaskwrightError
from maskwright.parallel.pool import parallel_map
from maskwright.parallel.ray_pool import _connect, _ray
from maskwright.progress import Reporter
from maskwright.workflows.masks import MasksSummary, masks

QUIET = Reporter(quiet=True)
needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed: the extra [ray]")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One cluster for all tests of this file; the jobs find that the process is connected."""
    pytest.importorskip("ray", reason="ray is not installed: the extra [ray]")
    ray = _ray()
    _connect(ray, 2, None)
    yield
    ray.shutdown()


def square(number: int) -> int:
    return number * number


def failing(number: int) -> int:
    if number == 2:
        raise DataError("part 2 has no number")
    return number


def killed_once(part: tuple[Path, int]) -> int:
    folder, number = part
    if number == 3 and not (folder / "killed").exists():
        (folder / "killed").touch()
        os._exit(1)
    return number


def killed_always(part: str) -> str:
    if "kills" in part:
        os._exit(1)
    return part


@pytest.fixture
def scene(coco) -> Path:
    """100 images, more than three parts, with a fault among their annotations."""
    rng = np.random.default_rng(0)
    images = [{"file_name": f"{i}.jpg"} for i in range(1, 101)]
    annotations = [
        {"image_id": int(rng.integers(1, 101)), "category_id": int(rng.integers(1, 3)), "segmentation": [points]}
        for points in (rng.random((300, 8)) * 48).round(1).tolist()
    ]
    return coco(*annotations, {"segmentation": []}, {"iscrowd": 1}, images=images)


def test_results_come_in_the_order_of_the_parts(cluster: None):
    assert list(parallel_map(square, range(30), engine="ray")) == [number**2 for number in range(30)]


def test_a_part_whose_process_was_killed_is_done_again(cluster: None, tmp_path: Path):
    assert list(parallel_map(killed_once, [(tmp_path, number) for number in range(6)], engine="ray")) == list(range(6))
    assert (tmp_path / "killed").exists()


def test_a_part_that_always_kills_is_named(cluster: None):
    with pytest.raises(MaskwrightError, match="Ray could not do the part that kills in 3 attempts"):
        list(parallel_map(killed_always, ["a part", "the part that kills"], engine="ray"))


def test_what_the_function_raises_ends_the_job_with_that_error_alone(cluster: None):
    results = parallel_map(failing, range(6), engine="ray")
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(DataError) as caught:
        next(results)
    assert str(caught.value) == "part 2 has no number"


def test_a_job_that_ends_early_leaves_the_cluster_of_others_running(cluster: None):
    results = parallel_map(square, range(30), engine="ray")
    assert next(results) == 0
    results.close()
    assert list(parallel_map(square, [3], engine="ray")) == [9]


def content(summary: MasksSummary) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in summary.folder.iterdir()}
    del found[".maskwright-masks"]  # the record has the times of the files
    return found


@pytest.mark.parametrize("mode", ["multiclass", "instance"])
def test_files_and_counts_are_those_of_the_pool(cluster: None, scene: Path, tmp_path: Path, mode: str):
    settings = {"mode": mode, "audit": True, "reporter": QUIET}
    local = masks(scene, tmp_path / "local", workers=2, **settings)
    ray = masks(scene, tmp_path / "ray", engine="ray", **settings)
    assert content(local) == content(ray)
    assert len(content(ray)) >= 103
    assert {**local.to_json(), "folder": ""} == {**ray.to_json(), "folder": ""}


def test_relative_folders_are_found_by_the_processes_of_ray(
    cluster: None, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert masks(scene, Path("out"), engine="ray", reporter=QUIET).files == 100
    assert len(list((tmp_path / "elsewhere" / "out").glob("*.png"))) == 100


def test_label_maps_that_stayed_on_another_machine_are_missed(
    cluster: None, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # As if the same path were another folder there.
    monkeypatch.setattr(Path, "absolute", lambda path: tmp_path / "other" / path.name)
    with pytest.raises(MaskwrightError, match=r"100 label maps drawn on other machines are not here, such as 1\.png"):
        masks(scene, tmp_path / "out", engine="ray", reporter=QUIET)


def test_ray_reports_nothing_to_its_makers(cluster: None):
    usage = pytest.importorskip("ray._common.usage.usage_lib", reason="another version of Ray keeps it elsewhere")
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert not usage.usage_stats_enabled()


# A stand-in that writes down what is asked of it, to see what happens before Ray is there and after it is needed.
STAND_IN = """
import os
import ray._private.services
from ray import exceptions

print("imported", os.environ["RAY_USAGE_STATS_ENABLED"])


def init(**options):
    print("init", os.environ["RAY_USAGE_STATS_ENABLED"], options["address"], options["num_cpus"])
    print("of usage", ray._private.services.start_api_server(False, raise_on_failure=False))


def remote(**options):
    def of(function):
        function.remote = function
        return function

    return of


def is_initialized():
    return False


def cluster_resources():
    return {"CPU": 2.0}


def get(result):
    return result


def cancel(result):
    print("cancelled")


def shutdown():
    print("shutdown")
"""


def write_stand_in(folder: Path, services: str) -> None:
    (folder / "ray" / "_private").mkdir(parents=True)
    (folder / "ray" / "__init__.py").write_text(STAND_IN)
    (folder / "ray" / "_private" / "services.py").write_text(services)
    (folder / "ray" / "exceptions.py").write_text("class RayError(Exception): pass\nRayTaskError = RayError\n")


def with_stand_in(folder: Path) -> dict[str, str]:
    """The environment of a process that finds the stand-in before Ray."""
    paths = (str(folder), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.mark.parametrize(
    ("consumed", "printed"),
    [
        ("for result in results: print(result)", ["0", "1", "4", "9", "16"]),
        ("next(results); results.close()", ["cancelled"] * 4),
    ],
    ids=["to the end", "in part"],
)
def test_a_cluster_started_for_the_job_ends_with_it_and_is_told_first_to_report_nothing(
    tmp_path: Path, consumed: str, printed: list[str]
):
    write_stand_in(tmp_path, "def start_api_server(*_, **__): return 'the address', 'the process'")
    script = f"""
from maskwright.parallel.pool import parallel_map
results = parallel_map(lambda number: number * number, range(5), engine="ray", workers=3)
{consumed}
"""
    environment = {**with_stand_in(tmp_path), "RAY_ADDRESS": "somewhere:1"}
    environment.pop("RAY_USAGE_STATS_ENABLED", None)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    begun = ["imported 0", "init 0 local 3", "of usage (None, None)"]
    assert run.stdout.splitlines() == [*begun, *printed, "shutdown"], run.stderr


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999", "[::1]:1"])
def test_a_cluster_that_does_not_answer_is_named_at_once(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(MaskwrightError) as caught:
        next(parallel_map(square, [1], engine="ray", address=address))
    assert str(caught.value).startswith(f"No Ray cluster answers at {address} (")
    assert str(caught.value).endswith("Start one with: ray start --head")


def test_without_ray_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MaskwrightError, match=r"pip install 'maskwright\[ray\]'"):
        next(parallel_map(square, [1], engine="ray"))


def test_no_parts_start_no_cluster(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(parallel_map(square, [], engine="ray")) == []


@needs_ray
def test_the_address_goes_with_ray_alone(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["masks", str(scene), "--out", str(tmp_path / "out"), "--address", "auto"]) == 2
    assert "--address auto: goes with --engine ray" in capsys.readouterr().err


def test_a_ray_that_cannot_be_kept_from_asking_clouds_is_not_started(tmp_path: Path):
    write_stand_in(tmp_path, "")
    script = (
        "from maskwright.parallel.pool import parallel_map\nlist(parallel_map(abs, [1], engine='ray', workers=2))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=with_stand_in(tmp_path))
    assert "cannot be kept from asking cloud providers where it runs; expected a version from 2.54" in run.stderr
    assert "init" not in run.stdout
