"""Dilated depthwise convolutions that train fast in bfloat16 on a CPU."""

import torch
from torch import nn
from torch.nn import functional

# oneDNN computes the gradients of a convolution of maps that are smaller than its kernel slowly.
_LEAST_SIDE = 3
# Smaller maps than the dilation would be mostly padding.
_MOST_PADDED = 2


class DilatedDepthwise(nn.Conv2d):
    """A dilated depthwise convolution, computed in training without dilation where that is faster.

    The pixels whose rows and columns leave the same remainders by the dilation are a map of their own: a convolution
    without dilation of these maps is the dilated one of the whole. oneDNN has no fast gradients of dilated depthwise
    convolutions in bfloat16: a batch of eight with 1280 maps of 20 × 20 takes 80 ms, and so computed 10 ms
    (``benchmarks/dilated_depthwise.py``). In prediction, in float32 and on a GPU it is PyTorch's own.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the convolution ``(B, C, H, W)`` of ``input`` ``(B, C, H, W)``."""
        if not (self.training and _computes_in_bfloat16(input)):
            return super().forward(input)
        batch, channels, height, width = input.shape
        (down, across), side = self.dilation, _LEAST_SIDE
        rows, columns = max(side, -(-height // down)), max(side, -(-width // across))
        padded = rows * down * columns * across
        if padded > _MOST_PADDED * height * width:
            return super().forward(input)
        pixels = input.to(torch.bfloat16).permute(0, 2, 3, 1)
        if padded != height * width:
            pixels = functional.pad(pixels, (0, 0, 0, columns * across - width, 0, rows * down - height))
        maps = pixels.reshape(batch, rows, down, columns, across, channels).permute(0, 2, 4, 1, 3, 5)
        maps = maps.reshape(batch * down * across, rows, columns, channels).permute(0, 3, 1, 2)
        found = functional.conv2d(maps, self.weight, self.bias, padding=_half_kernel(self), groups=channels)
        found = found.permute(0, 2, 3, 1).reshape(batch, down, across, rows, columns, channels)
        found = found.permute(0, 3, 1, 4, 2, 5).reshape(batch, rows * down, columns * across, channels)
        return found[:, :height, :width].permute(0, 3, 1, 2)


def speed_up_dilated(model: nn.Module) -> None:
    """Replace the dilated depthwise convolutions of ``model`` by :class:`DilatedDepthwise` with the same parameters."""
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Conv2d and _can_be_split(child):
                setattr(parent, name, _copied(child))


def _computes_in_bfloat16(maps: torch.Tensor) -> bool:
    mixed = torch.is_autocast_enabled("cpu")
    kind = torch.get_autocast_dtype("cpu") if mixed else maps.dtype
    return (
        kind is torch.bfloat16 and maps.device.type == "cpu" and maps.is_contiguous(memory_format=torch.channels_last)
    )


def _half_kernel(conv: nn.Conv2d) -> tuple[int, int]:
    return conv.kernel_size[0] // 2, conv.kernel_size[1] // 2


def _can_be_split(conv: nn.Conv2d) -> bool:
    half = _half_kernel(conv)
    return (
        conv.groups == conv.in_channels == conv.out_channels
        and max(conv.dilation) > 1
        and conv.stride == (1, 1)
        and conv.padding_mode == "zeros"
        and conv.padding == (half[0] * conv.dilation[0], half[1] * conv.dilation[1])
        and all(side % 2 for side in conv.kernel_size)
    )


def _copied(conv: nn.Conv2d) -> DilatedDepthwise:
    copy = DilatedDepthwise(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,  # type: ignore[arg-type]
        padding=conv.padding,  # type: ignore[arg-type]
        dilation=conv.dilation,  # type: ignore[arg-type]
        groups=conv.groups,
        bias=False,
        device="meta",
    )
    copy.weight, copy.bias = conv.weight, conv.bias
    return copy.train(conv.training)
