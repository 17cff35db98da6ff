"""A network of MONAI's, called as softcord's training and prediction call one."""

import copy

import torch
from torch import Tensor, nn

Sides = tuple[int, int, int]
# What a side of a patch may have to be a multiple of; the first that a net takes is its own.
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_WINDOW = 64  # voxels along the other axes meanwhile


class MonaiNet(nn.Module):
    """Gives the outputs of a MONAI network as a list, finest first, and says what its patches must be.

    ``required_multiple`` is found by trial, on the meta device: the smallest power of two of which an uneven
    multiple goes through as it is, axis by axis.

    Args:
        net: takes (batch, 1, R-L, A-P, S-I) and answers with a tensor of the same shape, with a list of
            such outputs, finest first, or with several stacked in a second axis (DynUNet's deep supervision).

    Raises:
        ValueError: it answers with something else, or takes patches of one size only.

    >>> from monai.networks.nets.segresnet import SegResNet
    >>> net = MonaiNet(SegResNet(init_filters=8, out_channels=1))
    >>> net.required_multiple
    (8, 8, 8)
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.required_multiple = _required_multiple(net)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return raw outputs, finest first, of an image (batch, 1, R-L, A-P, S-I)."""
        outputs = _outputs(self.net(image))
        return outputs if self.training else outputs[:1]


def called_as_ours(net: nn.Module) -> nn.Module:
    """Return a network of MONAI's as a :class:`MonaiNet`, any other one as it is."""
    return MonaiNet(net) if type(net).__module__.startswith("monai.") else net


def _outputs(raw: object) -> list[Tensor]:
    if isinstance(raw, Tensor):
        return list(raw.unbind(1)) if raw.ndim == 6 else [raw]
    if isinstance(raw, list) and raw and all(isinstance(one, Tensor) and one.ndim == 5 for one in raw):
        return raw
    raise ValueError(f"a net must answer with a tensor or a list of them, not with a {type(raw).__name__}")


def _required_multiple(net: nn.Module) -> Sides:
    tried = copy.deepcopy(net).to("meta")
    _check_outputs(tried)
    x, y, z = (_multiple_along(tried.eval(), axis) for axis in range(3))
    return x, y, z


def _check_outputs(net: nn.Module) -> None:
    """Refuse a net that does not make one mask of an image, in training or afterwards."""
    image = torch.empty(1, 1, _WINDOW, _WINDOW, _WINDOW, device="meta")
    for training in (True, False):
        with torch.no_grad():
            try:
                outputs = _outputs(net.train(training)(image))
            except (RuntimeError, TypeError, IndexError, AssertionError) as error:
                what = (str(error) or type(error).__name__).splitlines()[0]
                raise ValueError(
                    f"takes no image of one channel and {_WINDOW} voxels a side: {what}"
                ) from error
        if outputs[0].shape != image.shape:
            shapes = f"{tuple(outputs[0].shape)} of {tuple(image.shape)}"
            raise ValueError(f"must make one mask of the image's size (out_channels=1), makes {shapes}")


def _multiple_along(net: nn.Module, axis: int) -> int:
    for multiple in _MULTIPLES:
        sides = [_WINDOW] * 3
        sides[axis] = 3 * multiple  # not of any larger power of two
        image = torch.empty(1, 1, *sides, device="meta")
        try:
            with torch.no_grad():
                if _outputs(net(image))[0].shape == image.shape:
                    return multiple
        except (RuntimeError, ValueError, TypeError, IndexError, AssertionError):
            continue
    largest = _MULTIPLES[-1]
    raise ValueError(f"takes patches of one size only, not of any multiple up to {largest} voxels")
