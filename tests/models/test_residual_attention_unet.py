"""The residual self-attention U-Net against its formulas written out in NumPy."""

import numpy as np
import pytest
import torch
from torch import nn

from maskwright.models.residual_attention_unet import ResidualAttentionUNet, ResidualBlock, SelfAttention


def small_unet(**options) -> ResidualAttentionUNet:
    torch.manual_seed(0)
    return ResidualAttentionUNet(3, widths=(4, 6, 8), bottleneck=10, **options)


def randomise(module: nn.Module) -> None:
    """Give every parameter a random value, as initial ones and zeros hide mistakes."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)


def silence(block: ResidualBlock) -> None:
    """Make the convolutional path return zero, so that only the shortcut remains."""
    last = block.body[-1]
    assert isinstance(last, nn.BatchNorm2d)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)


def silu(values: np.ndarray) -> np.ndarray:
    return values / (1 + np.exp(-values))


def test_self_attention_is_softmax_of_query_times_key_over_root_of_channels_times_value() -> None:
    torch.manual_seed(1)
    attention = SelfAttention(6).double()
    randomise(attention)
    features = torch.randn(2, 6, 3, 5, dtype=torch.float64)
    state = {key: value.numpy() for key, value in attention.state_dict().items()}

    x = features.numpy().reshape(2, 6, 15)
    normed = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    normed = normed * state["norm.weight"][:, None] + state["norm.bias"][:, None]
    projected = state["query_key_value.weight"][:, :, 0, 0] @ normed + state["query_key_value.bias"][:, None]
    query, key, value = projected[:, :6], projected[:, 6:12], projected[:, 12:]
    exponentials = np.exp(query.transpose(0, 2, 1) @ key / np.sqrt(6))  # (B, position that asks, position asked)
    weights = exponentials / exponentials.sum(axis=2, keepdims=True)
    attended = value @ weights.transpose(0, 2, 1)
    expected = x + state["projection.weight"][:, :, 0, 0] @ attended + state["projection.bias"][:, None]

    np.testing.assert_allclose(attention(features).detach().numpy().reshape(2, 6, 15), expected, rtol=1e-9, atol=1e-9)


def test_a_block_of_equal_widths_adds_its_input_unprojected() -> None:
    block = ResidualBlock(5, 5)
    randomise(block)
    silence(block)
    features = torch.randn(2, 5, 4, 6)
    np.testing.assert_allclose(block(features).detach().numpy(), silu(features.numpy()), atol=1e-6)


def test_a_block_of_other_widths_adds_its_input_through_a_1_by_1_convolution() -> None:
    block = ResidualBlock(5, 3)
    silence(block)
    features = torch.randn(2, 5, 4, 6)
    weight = block.shortcut.weight.detach().numpy()[:, :, 0, 0]
    expected = silu(np.einsum("oi,bihw->bohw", weight, features.numpy()))
    np.testing.assert_allclose(block(features).detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(37, 53), (1, 1), (7, 64), (64, 9), (16, 24)])
def test_the_logits_have_the_size_of_the_image_whatever_it_is(size: tuple[int, int]) -> None:
    assert small_unet().eval()(torch.rand(1, 3, *size)).shape == (1, 3, *size)


def test_an_image_of_whole_levels_is_not_padded() -> None:
    model = small_unet().eval()
    seen = []
    model.encoder[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = torch.rand(1, 3, 16, 24)
    model(image)
    assert torch.equal(seen[0], image)


def test_every_parameter_gets_a_gradient() -> None:
    model = small_unet(dropout=0.1)
    model(torch.rand(2, 3, 21, 18)).square().mean().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_a_skip_connection_carries_what_the_bottleneck_lost() -> None:
    model = small_unet().eval()
    for raising in model.raise_:
        nn.init.zeros_(raising.weight)  # nothing comes up from below
    fine = torch.zeros(1, 3, 16, 16)
    fine[..., ::2, :] = 1
    logits = model(fine)[0, :, 8, 8] - model(fine)[0, :, 9, 8]
    assert logits.abs().max() > 1e-4
