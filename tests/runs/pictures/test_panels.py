"""Panels during a training: which epochs have some, what they show, and that the training does not notice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from maskwright.errors import UsageError
from maskwright.images.decode import read_image
from maskwright.images.resize import InputSize
from maskwright.prediction.predictor import Predictor
from maskwright.progress import Reporter
from maskwright.recipes.loading import load_recipe
from maskwright.runs.experiment import Experiment
from maskwright.runs.folder import create_run, open_run
from maskwright.runs.loaded_model import load_model
from maskwright.runs.pictures import panels as sample_panels
from maskwright.runs.pictures.panels import (
    draw_panels,
    has_panels,
    preserving_training_state,
    read_panels,
    write_panels,
)
from maskwright.structures import Instances
from maskwright.training.checkpoint import read_state
from tests.small_runs import small_run

EVERY_EPOCH = ["--set", "report.panels_every=1", "--set", "train.ema=0.9"]


def opened(run: Path) -> Experiment:
    return Experiment(open_run(run, Reporter(quiet=True)))


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal to the bit, whatever they are made of."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize(
    ("panels_every", "validate_every", "expected"),
    [
        # The first validation always has panels.
        (None, 1, [1]),
        (None, 4, [4]),
        (None, 20, [9]),
        (1, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (3, 1, [1, 3, 6, 9]),
        # Validated at 2, 4, 6, 8 and the end, 9: the first validation from a multiple on.
        (3, 2, [2, 4, 6, 9]),
        (1, 4, [4, 8, 9]),
        (10, 1, [1]),
    ],
)
def test_panels_come_with_the_next_validation(
    panels_every: int | None, validate_every: int, expected: list[int]
) -> None:
    settings = {"report.panels_every": panels_every, "train.validate_every": validate_every, "train.epochs": 9}
    recipe = load_recipe("demo-semantic", [f"{key}={'null' if v is None else v}" for key, v in settings.items()])
    validated = [epoch for epoch in range(1, 10) if epoch % validate_every == 0 or epoch == 9]
    assert [epoch for epoch in validated if has_panels(recipe, epoch)] == expected


def test_every_so_many_epochs_is_at_least_every_epoch() -> None:
    with pytest.raises(UsageError, match="panels_every"):
        load_recipe("demo-semantic", ["report.panels_every=0"])


def test_no_panels_are_asked_for_where_the_report_has_none() -> None:
    assert not has_panels(load_recipe("demo-semantic", ["report.panels=0", "report.panels_every=1"]), 1)


class Noisy(nn.Module):
    """Draws random numbers and keeps running statistics, as a model in training mode does."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.frozen, self.dropout = nn.BatchNorm2d(3), nn.BatchNorm2d(3), nn.Dropout(0.5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        torch.rand(())  # as a detector that samples would
        return self.dropout(self.frozen(self.norm(images)))


def test_the_model_and_the_random_numbers_are_left_as_they_were() -> None:
    model = Noisy().train()
    model.frozen.eval()
    torch.manual_seed(5)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = torch.get_rng_state()
    with preserving_training_state(model, torch.device("cpu")):
        assert not any(module.training for module in model.modules())
        model(torch.randn(2, 3, 4, 4))
    assert torch.equal(torch.get_rng_state(), state)
    assert same(dict(model.state_dict()), before)
    assert (model.training, model.norm.training, model.frozen.training, model.dropout.training) == (
        True, True, False, True,
    )  # fmt: skip


@pytest.mark.parametrize("task", ["semantic", pytest.param("instance", marks=pytest.mark.slow)])
def test_a_training_ends_with_the_same_bits_with_and_without_panels(
    task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = sample_panels.draw_panels

    def disturbing(experiment: Experiment, model: Predictor[Any]) -> Any:
        torch.rand(7)
        model.module.train().eval()
        return drawn(experiment, model)

    monkeypatch.setattr(sample_panels, "draw_panels", disturbing)
    for name, panels in (("with", "2"), ("without", "0")):
        more = [*EVERY_EPOCH, "--set", "data.shapes.train=4", "--set", f"report.panels={panels}"]
        assert small_run(task, tmp_path / name, *more, verb="train") == 0
    one, other = (read_state(tmp_path / name / "checkpoints" / "last") for name in ("with", "without"))
    assert one is not None
    assert other is not None
    assert same(one | {"seconds": 0}, other | {"seconds": 0})
    weights = [tmp_path / name / "checkpoints" / "last" / "model.safetensors" for name in ("with", "without")]
    for one, other in zip(*(torch_weights(path) for path in weights), strict=True):
        assert torch.equal(one, other)
    folders = sorted(file.parent.relative_to(tmp_path / "with") for file in (tmp_path / "with").rglob("epoch-*/*.png"))
    assert [str(folder) for folder in folders] == [f"figures/epochs/epoch-000{epoch}" for epoch in (1, 1, 2, 2)]
    assert not list((tmp_path / "without").rglob("epoch-*/*.png"))
    # Drawn again from the kept weights: those are what the panels show.
    experiment = opened(tmp_path / "with")
    again = drawn(experiment, load_model(tmp_path / "with" / "checkpoints" / "last", "cpu"))
    last = read_panels(tmp_path / "with", 2)
    assert again.keys() == last.keys()
    for name, picture in again.items():
        np.testing.assert_array_equal(last[name], picture)


def torch_weights(path: Path) -> list[torch.Tensor]:
    return [value for _, value in sorted(load_file(path).items())]


def test_a_panel_shows_the_image_its_truth_and_the_prediction(
    semantic_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = opened(semantic_run)
    shown: list[list[Any]] = []
    monkeypatch.setattr(sample_panels, "panel", lambda images, *_: shown.append(images) or images[0])

    class Nothing(Predictor[Any]):
        def predict(self, images: Any, **_: Any) -> Any:
            return np.zeros(images.shape[:2], np.uint8)

    nothing = Nothing(nn.Identity(), "semantic", experiment.classes.own, InputSize(True, 8), None)
    names = list(draw_panels(experiment, nothing))
    assert len(names) == len(shown) == experiment.recipe.report.panels
    for name, (image, truth, nothing_found) in zip(names, shown, strict=True):
        part = experiment.prepared.parts["validation"]
        (objects,) = [o for o in part.selection.images if Path(o.image.file_name).stem == name]
        np.testing.assert_array_equal(image, read_image(part.path_of(objects)))
        np.testing.assert_array_equal(nothing_found, image)
        assert (truth != image).any()


def test_only_detections_that_the_report_shows_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe("demo-instance", ["data.shapes={train: 1, validation: 5}", "report.panels=3"])
    experiment = Experiment(create_run(recipe, tmp_path, Reporter(quiet=True)))
    part, least = experiment.prepared.parts["validation"], experiment.recipe.evaluate.show_score
    shown: list[tuple[bool, Instances]] = []

    def noted(image: Any, instances: Instances, table: Any, show_scores: bool = True, enlarge: int = 1) -> Any:
        shown.append((show_scores, instances))
        return image

    class Found(Predictor[Any]):
        def instances(self, images: Any, batch: int = 1, *_: Any) -> Any:
            for item, image in images:
                objects = next(o for o in part.selection.images if np.array_equal(read_image(part.path_of(o)), image))
                instances = objects.instances()
                instances.scores = np.resize(np.array([least, least - 0.01, 1.0], np.float32), len(instances))
                yield item, image, instances

    monkeypatch.setattr(sample_panels, "overlay_instances", noted)
    found = Found(nn.Linear(1, 1), "instance", experiment.classes.own, InputSize(True, 8), None)
    assert len(draw_panels(experiment, found)) == experiment.recipe.report.panels
    assert [with_scores for with_scores, _ in shown] == [False, True] * experiment.recipe.report.panels
    for (_, truth), (_, drawn) in zip(shown[::2], shown[1::2], strict=True):
        kept = [number for number in range(len(truth)) if number % 3 != 1]
        np.testing.assert_array_equal(drawn.boxes, truth.boxes[kept])


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 13, 3), np.uint8)
    write_panels(tmp_path, 10, {"a b": picture, "c": picture[:, ::-1]})
    assert sorted(path.name for path in (tmp_path / "figures/epochs/epoch-0010").iterdir()) == ["a b.png", "c.png"]
    (tmp_path / "figures/epochs/epoch-0010" / ".0123456789abcdef0123456789abcdef.part").touch()
    found = read_panels(tmp_path, 10)
    assert list(found) == ["a b", "c"]
    np.testing.assert_array_equal(found["a b"], picture)
    assert read_panels(tmp_path, 11) == {}
