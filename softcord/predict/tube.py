"""A tube that runs through a window: what a cord looks like, whatever the image around it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

# A tube is cord if it passes through at least this share of the window's slices, and has a cord's area.
MIN_SHARE = 0.7
AREA_MM2 = (12.0, 300.0)
# Where no tube could be followed, what is seen must at least be as long as a vertebra is high, and as steady
# as a cord that is compressed or ends.
SHORTEST_MM, LEAST_STEADY = 20.0, 0.5
# Of the parts nearly as long as the longest, the steadiest is taken.
NEARLY = 0.8
_CANDIDATES = 10  # parts that are looked at when one is wanted that may be a cord

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tube:
    """What a window shows of the cord: its centre in each slice, in voxels; nan without cord."""

    centres: npt.NDArray[np.float64]  # shape (slices, 2)
    share: float  # of the slices
    area_mm2: float
    unsteadiness: float = np.inf  # standard deviation of its area over the slices, by its mean

    @property
    def is_cord(self) -> bool:
        """Whether it passes through most of the window and has the area of a cord."""
        return self.share >= MIN_SHARE and self.has_area_of_cord

    @property
    def has_area_of_cord(self) -> bool:
        """Whether its mean area is that of a cord."""
        return AREA_MM2[0] <= self.area_mm2 <= AREA_MM2[1]

    def may_be_cord(self, spacing_mm: float) -> bool:
        """Whether all that an image shows, in slices of ``spacing_mm``, may be a cord; a ball is not."""
        is_long = self.share >= MIN_SHARE or len(self.slices) * spacing_mm >= SHORTEST_MM
        return is_long and self.has_area_of_cord and self.unsteadiness <= LEAST_STEADY

    @property
    def likeness(self) -> float:
        """How much like a cord: long and steady. Only comparisons mean something."""
        return len(self.slices) / (0.1 + self.unsteadiness)

    @property
    def slices(self) -> npt.NDArray[np.intp]:
        """Slices in which it is seen."""
        return np.flatnonzero(np.isfinite(self.centres[:, 0]))

    def end(self, step: int) -> int:
        """Last slice in which it is seen, upwards (1) or downwards (-1)."""
        return int(self.slices.max() if step > 0 else self.slices.min())


def find_tube(softseg: npt.NDArray[np.float32], spacing_mm: float) -> Tube:
    """Return the part above 0.5 that runs farthest along the last axis; of similar ones the steadiest."""
    nothing = Tube(np.full((softseg.shape[2], 2), np.nan), 0.0, 0.0)
    parts, _ = ndimage.label(softseg > 0.5)
    boxes = ndimage.find_objects(parts)
    lengths = [box[2].stop - box[2].start for box in boxes]
    long_enough = NEARLY * max(lengths, default=0)  # once: noise has ten thousand parts
    long = [n for n, length in enumerate(lengths) if length >= long_enough]
    tubes = (
        _tube(parts[box] == n + 1, box, softseg.shape[2], spacing_mm) for n in long for box in [boxes[n]]
    )
    return min(tubes, key=lambda tube: (not tube.is_cord, tube.unsteadiness), default=nothing)


def keep_most_cord_like(softseg: npt.NDArray[np.float32], spacing_mm: float) -> Float32 | None:
    """Return a soft mask with one part above 0.5 left, the one most like a cord; None if none may be it."""
    parts, _ = ndimage.label(softseg > 0.5)
    boxes = ndimage.find_objects(parts)
    longest = sorted(range(len(boxes)), key=lambda n: boxes[n][2].start - boxes[n][2].stop)[:_CANDIDATES]
    tubes = {n: _tube(parts[boxes[n]] == n + 1, boxes[n], softseg.shape[2], spacing_mm) for n in longest}
    possible = {n: tube for n, tube in tubes.items() if tube.may_be_cord(spacing_mm)}
    if not possible:
        return None
    chosen = max(possible, key=lambda n: possible[n].likeness)
    kept: Float32 = np.where((parts == 0) | (parts == chosen + 1), softseg, 0).astype(np.float32)
    return kept


def _tube(part: npt.NDArray[np.bool_], box: tuple[slice, ...], n_slices: int, spacing_mm: float) -> Tube:
    centres = np.full((n_slices, 2), np.nan)
    areas = part.sum(axis=(0, 1))
    for k in np.flatnonzero(areas):
        x, y = (part[:, :, k].sum(axis=1 - axis) @ np.arange(part.shape[axis]) / areas[k] for axis in (0, 1))
        centres[box[2].start + k] = box[0].start + x, box[1].start + y
    seen = areas[areas > 0]
    return Tube(
        centres, len(seen) / n_slices, float(seen.mean()) * spacing_mm**2, float(seen.std() / seen.mean())
    )
