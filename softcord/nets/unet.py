"""Plain convolutional 3-D U-Net with deep supervision, after nnU-Net's ``3d_fullres`` template."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

Stride = tuple[int, int, int]


class UNet(nn.Module):
    """A U-Net whose stages are plain blocks of convolution, instance norm and leaky ReLU.

    Args:
        features: channels of each stage, finest first.
        strides: downsampling on entering each stage, per axis (R-L, A-P, S-I); the first is 1, 1, 1.
        kernel: side of every convolution kernel in voxels, odd.
        convs_per_stage: convolution blocks in each stage of encoder and decoder.
        deep_supervision: in training, give an output at every resolution of the decoder.
        in_channels: channels of the image.
        out_channels: channels of the output.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.

    Source: paper 2.3.3; details as in its code (dynamic_network_architectures' PlainConvUNet).

    >>> import softcord, torch
    >>> net = softcord.UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2))).eval()
    >>> [tuple(output.shape) for output in net(torch.zeros(1, 1, 16, 16, 8))]
    [(1, 1, 16, 16, 8)]
    """

    def __init__(
        self,
        features: tuple[int, ...],
        strides: tuple[Stride, ...],
        kernel: int = 3,
        convs_per_stage: int = 2,
        deep_supervision: bool = True,
        in_channels: int = 1,
        out_channels: int = 1,
    ) -> None:
        super().__init__()
        _check_plan(features, strides, kernel, convs_per_stage)
        self.deep_supervision = deep_supervision
        self.required_multiple: Stride = _total_stride(strides)
        self.encoder = nn.ModuleList()
        channels = in_channels
        for width, stride in zip(features, strides, strict=True):
            self.encoder.append(_stage(channels, width, kernel, convs_per_stage, stride))
            channels = width
        self.upsampling = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for below, width, step in reversed(list(zip(features[1:], features[:-1], strides[1:], strict=True))):
            self.upsampling.append(nn.ConvTranspose3d(below, width, kernel_size=step, stride=step))
            self.decoder.append(_stage(2 * width, width, kernel, convs_per_stage, (1, 1, 1)))
        # Without deep supervision only the finest stage has a head: a parameter that no loss reaches
        # makes distributed training stop.
        headed = features[-2::-1] if deep_supervision else features[:1]
        self.heads = nn.ModuleList(nn.Conv3d(width, out_channels, kernel_size=1) for width in headed)
        self.apply(_initialise)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return raw outputs, finest first; just one when evaluating or without deep supervision.

        ``image`` has shape (batch, channel, R-L, A-P, S-I), every side a multiple of
        ``required_multiple``. The first output has the image's size.

        Raises:
            ValueError: a side of the image is not such a multiple.
        """
        if any(side % step for side, step in zip(image.shape[2:], self.required_multiple, strict=True)):
            size, multiple = tuple(image.shape[2:]), self.required_multiple
            raise ValueError(f"image: its sides must be multiples of {multiple}, got {size}")
        skips: list[Tensor] = []
        x = image
        for stage in self.encoder:
            x = stage(x)
            skips.append(x)
        skips.pop()
        decoded: list[Tensor] = []
        for upsample, stage in zip(self.upsampling, self.decoder, strict=True):
            x = stage(torch.cat((upsample(x), skips.pop()), dim=1))
            decoded.append(x)
        if not (self.training and self.deep_supervision):
            return [self.heads[-1](x)]
        return [head(level) for head, level in zip(self.heads, decoded, strict=True)][::-1]


def _stage(channels: int, width: int, kernel: int, convs: int, stride: Stride) -> nn.Sequential:
    blocks = [_block(channels, width, kernel, stride)]
    blocks += [_block(width, width, kernel, (1, 1, 1)) for _ in range(convs - 1)]
    return nn.Sequential(*blocks)


def _block(channels: int, width: int, kernel: int, stride: Stride) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(channels, width, kernel, stride=stride, padding=kernel // 2),
        nn.InstanceNorm3d(width, eps=1e-5, affine=True),
        nn.LeakyReLU(0.01, inplace=True),
    )


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
        nn.init.kaiming_normal_(module.weight, a=0.01)  # a: the leaky ReLU's slope
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _total_stride(strides: Sequence[Stride]) -> Stride:
    x, y, z = (math.prod(steps) for steps in zip(*strides, strict=True))
    return x, y, z


def _check_plan(features: Sequence[int], strides: Sequence[Stride], kernel: int, convs: int) -> None:
    if len(features) < 2 or min(features) < 1:
        raise ValueError(f"features: must be two or more widths of at least 1, got {features}")
    if len(strides) != len(features):
        raise ValueError(f"strides: must be one per stage ({len(features)}), got {len(strides)}")
    if any(len(stride) != 3 or min(stride) < 1 for stride in strides) or max(strides[0]) > 1:
        raise ValueError(
            f"strides: must be three steps of at least 1, the first stage's all 1, got {strides}"
        )
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"kernel: must be odd and at least 1, got {kernel}")
    if convs < 1:
        raise ValueError(f"convs_per_stage: must be at least 1, got {convs}")
