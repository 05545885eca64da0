import copy

import pytest
import torch
from torch import nn

from maskwright.models.dilated_depthwise import DilatedDepthwise, speed_up_dilated


def depthwise(kernel: int, dilation: int, channels: int = 8, **options: object) -> nn.Conv2d:
    padding = dilation * (kernel // 2)
    return nn.Conv2d(channels, channels, kernel, padding=padding, dilation=dilation, groups=channels, **options)  # type: ignore[arg-type]


def gradients(model: nn.Module, images: torch.Tensor, weights: torch.Tensor) -> list[torch.Tensor]:
    images = images.clone(memory_format=torch.preserve_format).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        output = model(images)
    output.backward(weights)
    return [output.detach(), *(g for g in [images.grad, *(p.grad for p in model.parameters())] if g is not None)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("kernel", "dilation", "height", "width"), [(3, 2, 20, 20), (3, 4, 21, 18), (3, 7, 20, 20), (5, 2, 9, 14)]
)
def test_output_and_gradients_are_those_of_the_dilated_convolution(
    kernel: int, dilation: int, height: int, width: int, bias: bool
) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(depthwise(kernel, dilation, bias=bias))
    other = copy.deepcopy(model)
    speed_up_dilated(other)
    assert isinstance(other[0], DilatedDepthwise)
    images = torch.randn(2, 8, height, width).bfloat16().contiguous(memory_format=torch.channels_last)
    weights = torch.randn(2, 8, height, width).bfloat16()
    expected, found = gradients(model, images, weights), gradients(other, images, weights)
    assert len(expected) == len(found) == (4 if bias else 3)
    for one, two in zip(expected, found, strict=True):
        # Sums of products of bfloat16 in another order.
        torch.testing.assert_close(one, two, rtol=0.02, atol=0.02 * float(one.abs().max()))


def test_no_dilated_convolution_is_computed_in_training_and_its_own_in_prediction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = nn.Sequential(depthwise(3, 4)).bfloat16()
    speed_up_dilated(model)
    seen: list[object] = []
    real = nn.functional.conv2d

    def recorded(maps: torch.Tensor, *arguments: object, **options: object) -> torch.Tensor:
        seen.append(tuple(maps.shape))
        return real(maps, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(nn.functional, "conv2d", recorded)
    images = torch.randn(2, 8, 16, 12).bfloat16().contiguous(memory_format=torch.channels_last)
    model(images)
    model.eval()(images)
    model.train().float()(images.float())
    # Far smaller than the dilation: most pixels of the split maps would be padding.
    model.bfloat16()(images[:, :, :3, :3].contiguous(memory_format=torch.channels_last))
    assert seen == [(32, 8, 4, 3), (2, 8, 16, 12), (2, 8, 16, 12), (2, 8, 3, 3)]


def test_other_convolutions_stay_and_names_and_parameters_too() -> None:
    model = nn.Sequential(
        depthwise(3, 1), nn.Conv2d(8, 8, 3, dilation=2, padding=2), nn.Sequential(depthwise(3, 2)), depthwise(3, 2)
    )
    model[3].padding = (0, 0)
    before = dict(model.named_parameters())
    speed_up_dilated(model)
    assert [type(part) for part in (model[0], model[1], model[2][0], model[3])] == [  # type: ignore[index]
        nn.Conv2d,
        nn.Conv2d,
        DilatedDepthwise,
        nn.Conv2d,
    ]
    after = dict(model.named_parameters())
    assert list(before) == list(after)
    assert all(before[name] is after[name] for name in before)
