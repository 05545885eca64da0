"""An invented model: weights of every kind of number, and the card that says what they are."""

import torch

from maskwright.model_file import ModelCard
from maskwright.structures import ClassTable

TABLE = ClassTable.from_names(["person", "café"], [(1,), (0, 7)])


def make_card(epoch: int = 3) -> ModelCard:
    return ModelCard(
        name="residual_attention_unet",
        task="semantic",
        options={"widths": [4, 8], "dropout": 0.1},
        classes=TABLE.to_json(),
        input={"resize": "square", "size": 64},
        epoch=epoch,
        scores={"mIoU": 0.1 + 0.2, "IoU/café": None},
        recipe="name: ümlaut\n",
    )


def make_weights(seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    odd = torch.tensor([0.0, -0.0, float("nan"), float("inf"), 1e-45])
    return {
        "float": torch.randn(3, 4),
        "odd": odd,
        "half": torch.randn(5).half(),
        "turned": torch.randn(4, 6).T,
        "count": torch.tensor(12),
    }


def bits(tensors: dict[str, torch.Tensor]) -> dict[str, tuple]:
    return {key: (value.dtype, tuple(value.shape), value.numpy().tobytes()) for key, value in tensors.items()}
