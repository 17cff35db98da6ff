"""MONAI's dictionary transforms as links of the chain; a soft mask stays soft in all of them."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

IMAGE, SOFTSEG = "image", "softseg"
_SEEDS = 8  # draws of each transform that the known mask goes through
_SIDE = 24  # voxels of it
_LEAST_SOFT = 0.1  # of its intermediate values; resampling leaves far more, a threshold none


def run_link(transform: Any, seed: int, image: Tensor, softseg: Tensor) -> tuple[Tensor, Tensor]:
    """Return image and soft mask, (R-L, A-P, S-I), after a dictionary transform drawn from ``seed``.

    The transform sees them with a channel in front, as ``image`` and ``softseg``.
    """
    if hasattr(transform, "set_random_state"):
        transform.set_random_state(seed=seed)
    after = transform({IMAGE: image[None], SOFTSEG: softseg[None]})
    return _plain(after[IMAGE], image), _plain(after[SOFTSEG], softseg)


def check_link(name: str, transform: Any) -> None:
    """Refuse a transform by what it does to a known soft mask; its name and arguments do not matter.

    Raises:
        ValueError: it is no dictionary transform, fails, changes the patch's size, leaves [0, 1], makes the
            mask hard, moves it to the nearest voxel, or changes the mask without the image.
    """
    where = f"links.{name}"
    if not (callable(transform) and hasattr(transform, "keys")):
        raise ValueError(
            f"{where}: must be a dictionary transform of MONAI's, got {type(transform).__name__}"
        )
    always = copy.deepcopy(transform)
    if hasattr(always, "prob"):
        always.prob = 1.0
    softseg = _known_softseg()
    for seed in range(_SEEDS):
        with torch.device("cpu"):
            try:
                image, moved = run_link(always, seed, softseg.clone(), softseg.clone())
            except Exception as error:  # whatever somebody else's code raises
                what = (str(error) or type(error).__name__).splitlines()[0]
                raise ValueError(f"{where}: fails on a patch with an image and a softseg ({what})") from error
        fault = _fault(softseg, image, moved)
        if fault:
            raise ValueError(f"{where}: {fault}")


def _fault(softseg: Tensor, image: Tensor, moved: Tensor) -> str | None:
    """Say what is wrong with the mask after a transform that got the mask as its image, too."""
    if image.shape != softseg.shape or moved.shape != softseg.shape:
        return f"must keep a patch's size, makes {tuple(moved.shape)} of {tuple(softseg.shape)}"
    if not (moved.isfinite().all() and moved.min() > -1e-4 and moved.max() < 1 + 1e-4):
        return "takes the soft mask out of [0, 1]"
    if _between(moved).numel() < _LEAST_SOFT * _between(softseg).numel():
        return "makes the soft mask hard: hardly a value between 0 and 1 is left"
    if torch.equal(moved, softseg):
        return None
    if torch.equal(image, softseg):
        return "changes the soft mask and not the image"
    if not torch.isin(moved, softseg).all():
        return None  # interpolated: there are values that were not there before
    _, counts = torch.unique(_between(moved), return_counts=True)
    # Every value of the known mask is there once, so that one found twice was copied to a neighbour.
    if (counts > 1).any() or not torch.isin(image, softseg).all():
        return "moves the soft mask to the nearest voxel, not between them: give it mode=bilinear for softseg"
    return None


def _between(softseg: Tensor) -> Tensor:
    return softseg[(softseg > 0.01) & (softseg < 0.99)]


def _known_softseg() -> Tensor:
    """Return a soft-edged ball, every value between 0 and 1 in it but once, with 0 around it."""
    centre = torch.arange(_SIDE, dtype=torch.float32, device="cpu") - (_SIDE - 1) / 2
    x, y, z = torch.meshgrid(centre, centre, centre, indexing="ij")
    ball = (1.3 - ((x - 0.21) ** 2 + (y + 0.37) ** 2 + (z - 0.13) ** 2).sqrt() / 7).clamp(0, 1)
    jitter = torch.from_numpy(np.random.default_rng(0).uniform(0.98, 1, (_SIDE,) * 3).astype(np.float32))
    softseg = torch.where((ball > 0) & (ball < 1), ball * jitter, ball)
    _, where, counts = torch.unique(softseg, return_inverse=True, return_counts=True)
    return torch.where((counts[where] > 1) & (softseg < 1), 0.0, softseg)


def _plain(after: Any, before: Tensor) -> Tensor:
    return torch.as_tensor(after).as_subclass(Tensor)[0].to(before.device, torch.float32)


def draw_seeds(links: Mapping[str, Any], rng: np.random.Generator) -> tuple[int, ...] | None:
    """Draw one seed for each link; None, and no number, where there are none."""
    return tuple(int(seed) for seed in rng.integers(2**31, size=len(links))) if links else None
