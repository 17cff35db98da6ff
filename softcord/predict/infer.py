"""Run a net over a whole 1 mm volume by sliding windows."""

import numpy as np
import numpy.typing as npt
import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor, nn

from softcord.data.dataset import standardise
from softcord.nets.activation import Activation, activate


def predict_grid(
    net: nn.Module,
    image_rpi: npt.NDArray[np.floating],
    *,
    window: tuple[int, int, int],
    activation: Activation,
    overlap: float = 0.25,
    windows_at_once: int = 4,
    bfloat16: bool = False,
) -> npt.NDArray[np.float32]:
    """Return the soft cord mask, float32 in [0, 1], of a 1 mm RPI image.

    Windows have the size the net was trained on, are normalised one by one as training patches are, and
    overlap with Gaussian weights. Raw outputs are blended first and activated after, so that a window
    without cord is never stretched to 1 by an activation that divides by its maximum. ``bfloat16`` computes
    the convolutions in that precision: about twice as fast on processors that have it.
    """
    device = next(net.parameters()).device
    image = torch.as_tensor(np.ascontiguousarray(image_rpi, dtype=np.float32))[None, None].to(device)
    net.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        raw = sliding_window_inference(
            image,
            roi_size=window,
            sw_batch_size=windows_at_once,
            predictor=lambda windows: net(torch.stack([standardise(window) for window in windows]))[
                0
            ].float(),
            overlap=overlap,
            mode="gaussian",
            padding_mode="constant",
            cval=float(image.min()),
        )
        assert isinstance(raw, Tensor)
        softseg: npt.NDArray[np.float32] = activate(raw, activation)[0, 0].cpu().numpy()
    return softseg
