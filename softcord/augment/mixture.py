"""Images from label maps: a Gaussian mixture with a random brightness for every tissue (SynthSeg)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from softcord.augment.ranges import Range, check_range

MAX_CLASSES = 256  # a label map is stored in bytes


@dataclass(frozen=True)
class MixtureParams:
    """What was drawn: mean and standard deviation of each class; the noise follows from ``noise_seed``."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    noise_seed: int


@dataclass(frozen=True)
class Mixture:
    """Draw every voxel from the Gaussian of its class, whose mean and deviation are drawn anew each time.

    Contrast is thus random, and no real image is needed (Billot et al. 2023). Darker than 0 is 0.

    ``structures`` are groups of classes that share a Gaussian; all classes in no group share one more. None
    gives every class its own.
    """

    mean: Range
    deviation: Range
    structures: tuple[tuple[int, ...], ...] | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_range("mean", self.mean, 0)
        check_range("deviation", self.deviation, 0)
        grouped = [number for group in self.structures or () for number in group]
        if len(set(grouped)) < len(grouped) or any(not 0 <= number < MAX_CLASSES for number in grouped):
            raise ValueError(
                f"structures: classes are 0 to {MAX_CLASSES - 1}, each in one group, got {grouped}"
            )

    def draw(self, rng: np.random.Generator) -> MixtureParams:
        """Draw the Gaussians of all classes."""
        means, deviations = (rng.uniform(*limits, MAX_CLASSES) for limits in (self.mean, self.deviation))
        return MixtureParams(tuple(means.tolist()), tuple(deviations.tolist()), int(rng.integers(2**63)))

    def apply(self, classes: Tensor, params: MixtureParams) -> Tensor:
        """Return an image of a label map, which holds whole numbers from 0 to 255."""
        index = classes.round().long()
        if self.structures is not None:
            index = self._structure_of_class().to(index.device)[index]
        means = torch.tensor(params.means, device=classes.device)
        deviations = torch.tensor(params.deviations, device=classes.device)
        rng = np.random.default_rng(params.noise_seed)
        noise = torch.from_numpy(rng.standard_normal(tuple(classes.shape), dtype=np.float32))
        return (means[index] + deviations[index] * noise.to(classes.device)).clamp_min(0)

    def _structure_of_class(self) -> Tensor:
        structure = torch.zeros(MAX_CLASSES, dtype=torch.long)
        for number, group in enumerate(self.structures or (), start=1):
            structure[list(group)] = number
        return structure
