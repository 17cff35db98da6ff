"""Run a net over a 1 mm volume: window by window over all of it, or one window at a given place."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from softcord.data.resample import Shape
from softcord.errors import DataError
from softcord.nets.activation import Activation, activate
from softcord.train.patches import standardise

OVERLAP = 0.25  # of one window with the next, where windows slide over an image


@dataclass(frozen=True)
class Apply:
    """How a net is applied to windows.

    ``bfloat16`` computes convolutions in that precision: about twice as fast on processors that have it.
    ``mirror`` averages the raw outputs of each window and of its R-L mirror image (test-time augmentation):
    cords are symmetric that way and no other, and a net need not have seen any stand on its head.
    """

    bfloat16: bool = False
    mirror: bool = False

    def __call__(self, net: nn.Module, windows: Tensor) -> Tensor:
        """Return raw outputs, float32, of windows (batch, 1, R-L, A-P, S-I), each standardised by itself.

        Raises:
            DataError: the net answered with what is no number.
        """
        if tuple(windows.shape[2:]) == getattr(net, "required_multiple", None):
            # A net that normalises over space cannot do so over the one voxel that it halves this to.
            longer = pad(windows, (0, windows.shape[4]), value=float(windows.min()))
            return self(net, longer)[..., : windows.shape[4]]
        standardised = torch.stack([standardise(window) for window in windows])
        with torch.inference_mode(), torch.autocast(windows.device.type, torch.bfloat16, self.bfloat16):
            raw: Tensor = net(standardised)[0].float()
            if self.mirror:
                raw = (raw + net(standardised.flip(2))[0].float().flip(2)) / 2
        if raw.isnan().any():  # it would pass for an image without a cord
            raise DataError("its net", "answered with what is no number", "Use another model")
        return raw


# One reading of each window, in the precision of the weights.
PLAIN = Apply()


@dataclass(frozen=True)
class Remembering(Apply):
    """An Apply that answers at once where it has seen the very same window before.

    A search looks again where it has looked, and what slides over a small image sees the same as the search.
    """

    answers: dict[tuple[Shape, bytes], Tensor] = field(default_factory=dict)

    def __call__(self, net: nn.Module, windows: Tensor) -> Tensor:
        """Return raw outputs as :class:`Apply` does."""
        if len(windows) != 1:
            return super().__call__(net, windows)
        values = windows.cpu().contiguous().numpy()
        x, y, z = values.shape[2:]
        key = (x, y, z), hashlib.blake2b(values.tobytes()).digest()
        if key not in self.answers:
            self.answers[key] = super().__call__(net, windows)
        return self.answers[key]


def sliding_voxels(shape: Shape, window: Shape, overlap: float = OVERLAP) -> int:
    """Return how many voxels the windows have that slide once over an image of ``shape``.

    >>> sliding_voxels((64, 320, 320), (64, 192, 320)) == 2 * 64 * 192 * 320
    True
    """
    counts = (
        1 + math.ceil(max(0, n - side) / max(1, int(side * (1 - overlap))))
        for n, side in zip(shape, window, strict=True)
    )
    return math.prod(counts) * math.prod(window)


def device_of(net: nn.Module) -> torch.device:
    """Return where the net computes; one without weights of torch computes on the processor."""
    weight = next(net.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def predict_grid(
    net: nn.Module,
    image_rpi: npt.NDArray[np.floating],
    *,
    window: Shape,
    activation: Activation,
    apply: Apply = PLAIN,
    overlap: float = OVERLAP,
    windows_at_once: int = 4,
) -> npt.NDArray[np.float32]:
    """Return the soft cord mask, float32 in [0, 1], of a 1 mm RPI image by windows over all of it.

    Windows have the size the net was trained on, are normalised one by one as training patches are, and
    overlap with Gaussian weights. Raw outputs are blended first and activated after, so that a window
    without cord is never stretched to 1 by an activation that divides by its maximum.
    """
    from monai.inferers.utils import sliding_window_inference  # takes seconds to import

    image = torch.as_tensor(np.ascontiguousarray(image_rpi, dtype=np.float32))[None, None].to(device_of(net))
    net.eval()
    with torch.inference_mode():
        raw = sliding_window_inference(
            image,
            roi_size=window,
            sw_batch_size=windows_at_once,
            predictor=lambda windows: apply(net, windows),
            overlap=overlap,
            mode="gaussian",
            padding_mode="constant",
            cval=float(image.min()),
        )
        assert isinstance(raw, Tensor)
        softseg: npt.NDArray[np.float32] = activate(raw, activation)[0, 0].cpu().numpy()
    return softseg
