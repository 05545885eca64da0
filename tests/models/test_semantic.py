"""The common interface of semantic models: normalisation inside, and the names of the outputs."""

import numpy as np
import pytest
import torch
from torch import nn

from maskwright.models.semantic import SemanticModel


class Recording(nn.Module):
    """A network that records its input and returns ``output``."""

    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output

    def forward(self, images: torch.Tensor) -> object:
        self.seen = images
        return self.output


def test_the_network_sees_images_normalised_by_the_statistics_of_imagenet() -> None:
    images = torch.rand(2, 3, 4, 5)
    network = Recording(torch.zeros(1))
    SemanticModel(network)(images)
    # The constants of torchvision's documentation of its pre-trained models.
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (images.numpy().transpose(0, 2, 3, 1) - mean) / std
    np.testing.assert_allclose(network.seen.numpy().transpose(0, 2, 3, 1), expected, rtol=1e-5, atol=1e-6)


def test_a_plain_tensor_is_the_logits() -> None:
    logits = torch.rand(1, 3, 2, 2)
    output = SemanticModel(Recording(logits))(torch.rand(1, 3, 2, 2))
    assert set(output) == {"logits"}
    assert output["logits"] is logits


@pytest.mark.parametrize("auxiliary", [False, True])
def test_the_dictionary_of_torchvision_is_renamed(auxiliary: bool) -> None:
    given = {"out": torch.rand(1, 3, 2, 2)}
    if auxiliary:
        given["aux"] = torch.rand(1, 3, 2, 2)
    output = SemanticModel(Recording(given))(torch.rand(1, 3, 2, 2))
    assert output["logits"] is given["out"]
    assert output.get("auxiliary") is given.get("aux")


def test_points_and_their_logits_pass_as_they_are() -> None:
    given = {"out": torch.rand(1, 3, 2, 2), "points": torch.rand(1, 7, 2), "point_logits": torch.rand(1, 3, 7)}
    output = SemanticModel(Recording(given))(torch.rand(1, 3, 2, 2))
    assert set(output) == {"logits", "points", "point_logits"}
    assert output["points"] is given["points"]
    assert output["point_logits"] is given["point_logits"]


@pytest.mark.parametrize("size", [(32, 64), (33, 64), (31, 17), (1, 1)])
def test_a_network_of_whole_levels_sees_whole_levels_and_the_logits_have_the_size_of_the_image(
    size: tuple[int, int],
) -> None:
    network = nn.Conv2d(3, 2, 1)
    seen = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    images = torch.rand(1, 3, *size)
    logits = SemanticModel(network, multiple=16)(images)["logits"]
    assert logits.shape[-2:] == size
    assert seen[0].shape[-2:] == tuple(-(-side // 16) * 16 for side in size)
    torch.testing.assert_close(logits, SemanticModel(network)(images)["logits"])
    assert not seen[0][..., size[0] :, :].any()  # ImageNet's mean colour


def test_the_normalisation_adds_nothing_to_the_state_so_published_weights_still_fit() -> None:
    assert set(SemanticModel(nn.Conv2d(3, 2, 1)).state_dict()) == {"network.weight", "network.bias"}
