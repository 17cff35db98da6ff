"""What may be drawn, and how often."""

import math
from dataclasses import dataclass, field

from softcord.augment.bias_field import BiasField
from softcord.augment.gamma import Gamma
from softcord.augment.ranges import Range, check_range

_PROBABILITIES = (
    *("empty", "nothing", "cervical", "compression", "conus", "medulla", "roots", "lesions", "vertebrae"),
    *(
        "real_sizes",
        "spoiled_gradient_echo",
        "equal_grey",
        "coil_falloff",
        "metal",
        "epi_distortion",
        "slice_motion",
    ),
    *("realistic_signal", "fat_extremes", "flow_voids", "thick_slices", "ghosting", "chemical_shift"),
    *("dropout", "sharpening", "masked_fov"),
)


@dataclass(frozen=True)
class SyntheticSettings:
    """Everything that determines the generator; ``conf/synthetic/default.yaml`` says what each key means.

    Keys that are a bare number are probabilities, shares or upper limits, pairs are ranges. Lengths are in
    millimetres, angles in degrees, signals relative to the brightest tissue.

    Raises:
        ValueError: a value out of range; the message starts with its name.
    """

    # What is in the patch
    empty: float = 0.2
    nothing: float = 0.1
    offset_mm: float = 20.0
    tilt_deg: float = 28.0
    bend_radius_mm: Range = (60.0, 400.0)
    deformation_mm: float = 1.2
    cervical: float = 0.5
    real_sizes: float = 0.75
    person_spread: float = 1.3
    area_spread: float = 0.4
    compression: float = 0.3
    conus: float = 0.4
    medulla: float = 0.04
    roots: float = 0.8
    lesions: float = 0.2
    vertebrae: float = 0.88
    random_background: bool = True
    distractors: int = 6
    # How bright
    realistic_signal: float = 0.35
    cord_csf_difference: Range = (0.12, 0.8)
    spoiled_gradient_echo: float = 0.2
    equal_grey: float = 0.1
    fat_extremes: float = 0.4
    flow_voids: float = 0.35
    texture: Range = (0.0, 0.08)
    # How it is scanned
    thick_slices: float = 0.6
    slice_mm: Range = (1.5, 17.0)
    upright_slice_mm: float = 5.0
    slice_gap: float = 0.6
    in_plane_mm: Range = (0.3, 2.0)
    noise: Range = (0.005, 0.12)
    noise_share: float = 0.35
    ghosting: float = 0.12
    chemical_shift: float = 0.15
    dropout: float = 0.2
    coil_falloff: float = 0.25
    metal: float = 0.06
    epi_distortion: float = 0.12
    slice_motion: float = 0.25
    sharpening: float = 0.1
    bias_field: BiasField = field(default_factory=lambda: BiasField(0.7, (-0.35, 0.35), 3))
    gamma: Gamma = field(default_factory=lambda: Gamma(0.4, (0.6, 1.7)))
    masked_fov: float = 0.3
    smallest_fov_mm: float = 22.0
    # What is learnt
    soft_targets: bool = True
    patches_per_epoch: int = 200
    validation_patches: int = 64

    # A misspelt key in a yaml file is refused, not ignored.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        for name in _PROBABILITIES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: must be in [0, 1], got {getattr(self, name)}")
        check_range("bend_radius_mm", self.bend_radius_mm, 40)
        check_range("cord_csf_difference", self.cord_csf_difference, 0.01, 1)
        check_range("texture", self.texture, 0)
        check_range("noise", self.noise, 1e-4)
        check_range("slice_mm", self.slice_mm, 1)
        check_range("in_plane_mm", self.in_plane_mm, 0.1)
        for name in ("patches_per_epoch", "validation_patches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be >= 1, got {getattr(self, name)}")
        for name in (
            "offset_mm",
            "tilt_deg",
            "deformation_mm",
            "distractors",
            "slice_gap",
            "upright_slice_mm",
            "area_spread",
            "person_spread",
            "noise_share",
            "smallest_fov_mm",
        ):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}: must be >= 0 and finite, got {getattr(self, name)}")
