"""Train on two sizes of patch, so that a net can be applied through small windows along the cord."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from softcord.data.resample import Shape
from softcord.train.patches import standardise


@dataclass(frozen=True)
class Narrow:
    """Cut a share of the batches down to patches of ``size`` (R-L, A-P, S-I in voxels) with the cord in them.

    A net with instance norm answers differently through windows of a size it has never seen; one that has
    seen both sizes can segment through the smaller, at a fraction of the time (docs/performance.md). Which
    batches, and where they are cut, depends on (seed, epoch, batch) alone, on every rank alike.
    """

    size: Shape
    share: float
    seed: int

    def __call__(self, batch: dict[str, Tensor], epoch: int, index: int) -> dict[str, Tensor]:
        """Return the batch, or its narrow patches: ``image`` standardised anew, ``softseg`` in [0, 1]."""
        rng = np.random.default_rng([self.seed, epoch, index])
        if rng.random() >= self.share:
            return batch
        # Where the cord lies in the patch: off its middle, as in PatchDataset.
        place, start = rng.uniform(0.25, 0.75, 2), rng.random()
        boxes = [self._box(softseg[0], place, start) for softseg in batch["softseg"]]
        image, softseg = (
            torch.stack([sample[(slice(None), *box)] for sample, box in zip(batch[key], boxes, strict=True)])
            for key in ("image", "softseg")
        )
        return {"image": torch.stack([standardise(sample) for sample in image]), "softseg": softseg}

    def _box(self, softseg: Tensor, place: npt.NDArray[np.float64], start: float) -> tuple[slice, ...]:
        low = int(start * (softseg.shape[2] - self.size[2] + 1))
        across = softseg[:, :, low : low + self.size[2]].sum(dim=2)
        box = []
        for axis in (0, 1):
            n, side = softseg.shape[axis], self.size[axis]
            profile = across.sum(dim=1 - axis)
            mass = float(profile.sum())
            at = (
                float(profile @ torch.arange(n, dtype=profile.dtype, device=profile.device)) / mass
                if mass
                else n / 2
            )
            corner = min(max(round(at - place[axis] * side), 0), n - side)
            box.append(slice(corner, corner + side))
        return (*box, slice(low, low + self.size[2]))
