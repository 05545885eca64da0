"""An exported network behaves as one of torch, and says what it cannot do."""

from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.errors import NotFinite, UsageError, WeightsError
from maskwright.prediction.runtimes.exported_network import ExportedNetwork, open_exported, open_runtime
from tests.prediction.invented import Local


class Doubling:
    """A runtime that doubles the image, or answers with one ``answer``."""

    def __init__(self, size: tuple[int | None, int | None] = (None, None), answer: float | None = None) -> None:
        self.metadata: dict[str, str] = {}
        self.size, self.answer = size, answer

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return {"logits": 2 * images if self.answer is None else np.full_like(images, self.answer)}


def test_it_takes_and_returns_tensors_on_the_cpu() -> None:
    network = ExportedNetwork(Doubling(), "semantic").eval()
    assert next(network.parameters()).device == torch.device("cpu")
    images = torch.rand(2, 3, 4, 5)
    assert torch.equal(network(images)["logits"], 2 * images)
    (found,) = ExportedNetwork(Doubling(), "instance")([images[0]])
    assert torch.equal(found["logits"], 2 * images[0])


def test_another_size_than_the_file_takes_is_refused() -> None:
    network = ExportedNetwork(Doubling((4, 5)), "semantic")
    network(torch.rand(1, 3, 4, 5))
    with pytest.raises(UsageError, match=r"6×4 pixels; expected 5×4"):
        network(torch.rand(1, 3, 4, 6))


@pytest.mark.parametrize("answer", [float("nan"), float("inf")])
def test_an_output_that_is_not_finite_is_refused(answer: float) -> None:
    with pytest.raises(NotFinite):
        ExportedNetwork(Doubling(answer=answer), "semantic")(torch.rand(1, 3, 4, 5))


def test_another_suffix_is_refused() -> None:
    with pytest.raises(UsageError, match="suffix of an exported model"):
        open_runtime(Path("a.pt"), 1)


@pytest.mark.parametrize("card", [None, "{}", "[", '{"name": 3}'])
def test_a_file_without_a_sound_card_is_refused(card: str | None, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from maskwright.export.graphs import move_with_metadata, write_onnx

    write_onnx(Local(), "semantic", torch.rand(3, 20, 30), tmp_path / "a.onnx", fixed=True)
    move_with_metadata(tmp_path / "a.onnx", tmp_path / "b.onnx", {} if card is None else {"maskwright": card})
    with pytest.raises(WeightsError, match="without a card" if card is None else "damaged card"):
        open_exported(tmp_path / "b.onnx")


class Following(torch.nn.Module):
    """A query model of squares of eight pixels at most, and a rule of its own for masks."""

    def padded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        if max(size) > 8:
            raise UsageError("too large")
        return 8, 8

    def detections_of(self, arrays: dict, seen: tuple[int, int], padded: tuple[int, int]) -> dict:
        return {**arrays, "sizes": torch.tensor([*seen, *padded])}

    def paste(self) -> None:
        """Do nothing."""


def test_it_makes_detections_as_the_network_does_that_it_follows() -> None:
    network = ExportedNetwork(Doubling(), "instance")
    network.follow(Following())
    (found,) = network([torch.ones(3, 4, 5)])
    assert found["sizes"].tolist() == [4, 5, 8, 8]
    assert float(found["logits"].max()) == 2
    assert callable(network.paste)
    assert len(list(network.parameters())) == 1
    with pytest.raises(UsageError, match="too large"):
        network([torch.ones(3, 9, 5)])
