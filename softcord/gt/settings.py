"""How the ground truth is made from the hard masks of several contrasts."""

from dataclasses import dataclass, field
from typing import Literal

from softcord.contrasts import CONTRASTS


@dataclass(frozen=True)
class GtSettings:
    """A recipe for the ground truth; which contrasts enter it is the study's ``contrasts``, not kept here.

    Attributes:
        name: ``soft`` the average, ``soft_bin`` the average > 0.5, ``hard`` each contrast's own mask (nothing
            is built).
        reference: contrast to whose space the others are aligned.
        alignment: ``translation`` of the centre of mass slice by slice, or ``rigid``, which adds a rotation.
        unmatched_slices: what moves a slice where either mask is missing: the ``nearest`` matched slice's
            motion, or none (``zero``).
        weighting: ``fov`` divides by the contrasts whose field of view covers the voxel, ``equal`` by all
            contrasts that entered, ``user`` is ``fov`` with ``weights``.
        weights: weight by contrast for ``user``; contrasts that are not named weigh 1.
        beyond_reference: whether slices outside the reference's image keep the average of the others there.
        trim_mm: length taken off both S-I ends of a contrast's coverage before averaging.
        trim_except: contrasts that are not trimmed.
        interpolation: between the slices of a hard mask: ``cord`` follows the cord from section to section,
            ``linear`` fades one voxel into the next, ``nearest`` takes the nearest. In-plane, and of the
            average, the first two are linear.
        slab: ``integrate`` averages over a target voxel's thickness, ``centre`` samples its centre only.
        rotation_smoothing_mm: standard deviation along S-I, for ``rigid``.
    """

    name: Literal["soft", "soft_bin", "hard"] = "soft"
    reference: str = "T2w"
    alignment: Literal["translation", "rigid"] = "translation"
    unmatched_slices: Literal["nearest", "zero"] = "nearest"
    weighting: Literal["fov", "equal", "user"] = "fov"
    weights: dict[str, float] = field(default_factory=dict)
    beyond_reference: bool = True
    trim_mm: float = 0.0
    trim_except: tuple[str, ...] = ("T1w", "T2w")
    interpolation: Literal["cord", "linear", "nearest"] = "cord"
    slab: Literal["integrate", "centre"] = "integrate"
    rotation_smoothing_mm: float = 8.0

    def __post_init__(self) -> None:
        """Refuse values that make no ground truth."""
        for name, key in [("reference", self.reference), *(("weights", key) for key in self.weights)]:
            if key not in CONTRASTS:
                raise ValueError(f"{name}: must name one of {', '.join(CONTRASTS)}, got {key!r}")
        if any(not 0 <= weight < float("inf") for weight in self.weights.values()):
            raise ValueError(f"weights: must be finite and >= 0, got {self.weights}")
        if bool(self.weights) != (self.weighting == "user"):
            raise ValueError(f"weights: go with weighting=user, got {self.weights} with {self.weighting}")
        if not 0 <= self.trim_mm < float("inf"):
            raise ValueError(f"trim_mm: must be >= 0, got {self.trim_mm}")
        if not 0 <= self.rotation_smoothing_mm < float("inf"):
            raise ValueError(f"rotation_smoothing_mm: must be >= 0, got {self.rotation_smoothing_mm}")
