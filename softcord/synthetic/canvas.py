"""Paint tissues over each other with the share of each voxel that they cover."""

from dataclasses import dataclass

import numpy as np

from softcord.phantom.scan import coverage
from softcord.synthetic.lattice import Float32, Indices


@dataclass
class Canvas:
    """The signal of all tissues, and that of fat alone where the two are needed apart (chemical shift)."""

    signal: Float32
    fat: Float32 | None = None

    def paint(
        self, distance_mm: Float32, signal: Float32 | float, *, width_mm: float = 1.0, is_fat: bool = False
    ) -> None:
        """Paint where ``distance_mm`` to a border is negative; the border is as soft as a voxel is wide."""
        self.blend(coverage(distance_mm, width_mm), signal, is_fat=is_fat)

    def blend(self, share: Float32, signal: Float32 | float, *, is_fat: bool = False) -> None:
        """Lay a tissue over what is there, covering the given share of each voxel."""
        self.signal += share * (np.float32(signal) - self.signal)
        if self.fat is not None:
            self.fat += share * ((np.float32(signal) if is_fat else np.float32(0)) - self.fat)

    def cut(self, voxels: Indices) -> "Canvas":
        """Return a canvas of some voxels only, by their flat indices."""
        fat = None if self.fat is None else self.fat.ravel()[voxels]
        return Canvas(self.signal.ravel()[voxels], fat)

    def put(self, voxels: Indices, part: "Canvas") -> None:
        """Bring back what :meth:`cut` has taken out."""
        self.signal.reshape(-1)[voxels] = part.signal
        if self.fat is not None and part.fat is not None:
            self.fat.reshape(-1)[voxels] = part.fat
