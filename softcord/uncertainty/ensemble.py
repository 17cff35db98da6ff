"""Several soft masks of one image: their mean, and how far they lie apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.measure.surface import smallest_box

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Ensemble:
    """Readings of one image, voxel by voxel: ``mean`` in [0, 1], and ``sd`` (population, at most 0.5).

    ``weights_sha256`` is the checksum of the model whose mask they are about, "" where nobody says.
    """

    mean: Float32
    sd: Float32
    weights_sha256: str = ""

    @property
    def disagreement(self) -> float:
        """Sum of the SD by the sum of the mean: 0 where all agree, and where there is no mask."""
        doubt, mass = (float(part.sum(dtype=np.float64)) for part in (self.sd, self.mean))
        return doubt / mass if mass > 0 else 0.0


def combine(softsegs: Sequence[Float32]) -> Ensemble:
    """Return mean and SD of soft masks of one shape.

    Raises:
        ValueError: fewer than two, or of different shapes.

    >>> import numpy as np
    >>> both = combine([np.zeros((1, 1, 1), np.float32), np.ones((1, 1, 1), np.float32)])
    >>> float(both.mean[0, 0, 0]), float(both.sd[0, 0, 0])
    (0.5, 0.5)
    """
    if len(softsegs) < 2:
        raise ValueError(f"softsegs: at least two readings are needed, got {len(softsegs)}")
    if len({one.shape for one in softsegs}) > 1:
        raise ValueError("softsegs: must have one shape")
    mean, sd = np.zeros_like(softsegs[0], np.float32), np.zeros_like(softsegs[0], np.float32)
    either = np.logical_or.reduce([one != 0 for one in softsegs])
    if either.any():  # a cord fills little of an image, and all else is 0 in each of them
        box = smallest_box(either, (0,) * either.ndim)
        readings = np.stack([one[box] for one in softsegs]).astype(np.float64)
        mean[box], sd[box] = readings.mean(axis=0), readings.std(axis=0)
    return Ensemble(mean, sd)
