"""Settings of a phantom dataset: who is drawn, how they are scanned, how their masks are biased."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from softcord.contrasts import CONTRASTS

# Part of every dataset's identity: raise it whenever a change here makes other bytes from the same settings.
GENERATOR_VERSION = 1
Region = Literal["cervical", "thoracolumbar"]
_ADDED_LATER: dict[str, object] = {"region": "cervical", "pathology": None, "masks": True}
_ADDED_LATER_TO_SCANS: dict[str, object] = {"distortion_mm": 0.0, "dropout": 0.0, "tilt_deg": (0.0, 0.0)}


@dataclass(frozen=True)
class ScanSettings:
    """How one contrast is acquired.

    ``matrix`` and ``voxel_mm`` are (R-L, A-P, S-I), whatever the axes of the file; ``centre_mm`` is the
    middle of the field of view (A-P, S-I) from the cord's centre at the C2/C3 disc; ``axcodes`` are the
    nibabel axis codes in which the file is stored. ``noise`` is the standard deviation of the noise in units
    of the cord's signal, ``slice_jitter_mm`` that of the in-plane displacement of each axial slice.
    ``distortion_mm`` is the standard deviation of the displacement along A-P that an uneven magnetic field
    causes in echo-planar images, ``dropout`` the share of the signal lost where it is most uneven.
    ``tilt_deg`` turns the stack of slices, and its header, about the R-L, then the A-P axis.
    """

    matrix: tuple[int, int, int]
    voxel_mm: tuple[float, float, float]
    centre_mm: tuple[float, float]
    axcodes: str = "LAS"
    noise: float = 0.06
    slice_jitter_mm: float = 0.0
    distortion_mm: float = 0.0
    dropout: float = 0.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)

    # A misspelt key in a yaml file is refused, not ignored.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        _require(min(self.matrix) >= 2, "matrix", "needs at least 2 voxels along each axis", self.matrix)
        _require(min(self.voxel_mm) > 0, "voxel_mm", "must be > 0", self.voxel_mm)
        axes = sorted(_AXIS.get(code, code) for code in self.axcodes)
        _require(axes == ["AP", "RL", "SI"], "axcodes", "must name each axis once, like LAS", self.axcodes)
        for name in ("noise", "slice_jitter_mm", "distortion_mm"):
            _require(getattr(self, name) >= 0, name, "must be >= 0", getattr(self, name))
        _require(0 <= self.dropout < 1, "dropout", "must be in [0, 1)", self.dropout)
        is_small = max(abs(angle) for angle in self.tilt_deg) <= 40  # beyond, the slices are not axial
        _require(is_small, "tilt_deg", "must be two angles within 40", self.tilt_deg)


@dataclass(frozen=True)
class PathologySettings:
    """What is wrong with the cords of a dataset's patients; ranges are drawn from uniformly.

    ``name`` is what participants.tsv says of a patient, ``patients`` the share of participants who are.
    ``lesions`` and ``compressions`` count them in one patient. ``lesion_signal`` is relative to the white
    matter around it, ``lesion_radius`` to the cord's semi-axes, ``lesion_length_mm`` along the cord.
    ``area_loss`` is the share of the cord's area that is lost where it is squeezed most.
    """

    name: str
    patients: float = 1.0
    lesions: tuple[int, int] = (0, 0)
    lesion_signal: float = 1.0
    lesion_radius: tuple[float, float] = (0.25, 0.5)
    lesion_length_mm: tuple[float, float] = (5.0, 15.0)
    compressions: tuple[int, int] = (0, 0)
    area_loss: tuple[float, float] = (0.2, 0.5)

    # A misspelt key in a yaml file is refused, not ignored.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    def __post_init__(self) -> None:
        _require(0 <= self.patients <= 1, "patients", "must be in [0, 1]", self.patients)
        _require(self.lesion_signal >= 0, "lesion_signal", "must be >= 0", self.lesion_signal)
        for name, low, high in (
            ("lesions", 0, 20),
            ("lesion_radius", 0, 1),
            ("lesion_length_mm", 0, 200),
            ("compressions", 0, 5),
            ("area_loss", 0, 0.8),
        ):
            smallest, largest = getattr(self, name)
            holds = low <= smallest <= largest <= high
            _require(holds, name, f"must be two numbers in [{low}, {high}]", getattr(self, name))


_AXIS = {"R": "RL", "L": "RL", "A": "AP", "P": "AP", "S": "SI", "I": "SI"}


def _demo_scans() -> dict[str, ScanSettings]:
    return {
        "T1w": ScanSettings((48, 64, 88), (1.0, 1.0, 1.0), (4.0, -10.0), "RAS", 0.07),
        "T2w": ScanSettings((56, 72, 100), (0.8, 0.8, 0.8), (4.0, -8.0), "PSR", 0.06),
        "T2star": ScanSettings((96, 112, 16), (0.5, 0.5, 3.0), (2.0, 0.0), "LAS", 0.07, 0.25),
        "MTon": ScanSettings((54, 64, 14), (0.9, 0.9, 5.0), (2.0, -8.0), "LAS", 0.06, 0.2),
        "GREt1w": ScanSettings((54, 64, 14), (0.9, 0.9, 5.0), (2.0, -8.0), "LAS", 0.06, 0.2),
        "dwi": ScanSettings((48, 56, 12), (0.9, 0.9, 5.0), (1.0, -5.0), "LPS", 0.05, 0.3),
    }


def _default_bias() -> dict[str, float]:
    return {"T1w": -0.09, "T2w": 0.09, "T2star": 0.05, "MTon": 0.01, "GREt1w": -0.02, "dwi": -0.04}


@dataclass(frozen=True)
class PhantomSettings:
    """Everything that determines a phantom dataset; the defaults are the ``demo`` preset.

    ``csa_mean_mm2`` and ``csa_sd_mm2`` describe the true area over participants, at C2-C3 (of a thoracolumbar
    ``region``: T11-T12), where no ``pathology`` squeezes it. ``masks`` says whether hard masks are written.
    ``boundary_bias_mm`` is how far outside the true border each contrast's segmenter draws it;
    ``boundary_bias_sd_mm`` its variation between participants and ``boundary_error_sd_mm`` a random error,
    smooth around and along the cord (all zero: unbiased masks, wrong by rasterisation only).
    ``motion_mm`` and ``motion_deg`` are standard deviations per axis of the rigid motion between contrasts;
    ``bias_field`` that of the logarithm of the receive field, ``signal_sd`` of each tissue's signal.

    Raises:
        ValueError: a value out of range; the message starts with the field's name.
    """

    name: str = "demo"
    n_participants: int = 60
    seed: int = 2024
    scans: Mapping[str, ScanSettings] = field(default_factory=_demo_scans)
    csa_mean_mm2: float = 75.0
    csa_sd_mm2: float = 9.0
    boundary_bias_mm: Mapping[str, float] = field(default_factory=_default_bias)
    boundary_bias_sd_mm: float = 0.03
    boundary_error_sd_mm: float = 0.12
    motion_mm: float = 0.5
    motion_deg: float = 1.0
    bias_field: float = 0.15
    signal_sd: float = 0.06
    tissue_map: bool = True
    region: Region = "cervical"
    pathology: PathologySettings | None = None
    masks: bool = True

    def __post_init__(self) -> None:
        _require(self.n_participants >= 1, "n_participants", "must be >= 1", self.n_participants)
        _require(self.seed >= 0, "seed", "must be >= 0", self.seed)
        unknown = [key for key in self.scans if key not in CONTRASTS]
        _require(bool(self.scans) and not unknown, "scans", "must name known contrasts", unknown)
        missing = sorted(set(self.scans) - set(self.boundary_bias_mm))
        _require(not missing, "boundary_bias_mm", "lacks contrasts that are scanned", missing)
        for name in ("csa_sd_mm2", "boundary_bias_sd_mm", "boundary_error_sd_mm"):
            _require(getattr(self, name) >= 0, name, "must be >= 0", getattr(self, name))
        for name in ("motion_mm", "motion_deg", "bias_field", "signal_sd"):
            _require(getattr(self, name) >= 0, name, "must be >= 0", getattr(self, name))
        _require(self.csa_mean_mm2 > 2.5 * self.csa_sd_mm2, "csa_mean_mm2", "too small for its SD", self)

    @property
    def identity(self) -> str:
        """Hash of all that determines the dataset's bytes."""
        content = {"generator": GENERATOR_VERSION, **self.content}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def content(self) -> dict[str, Any]:
        """The settings as JSON-like values, without later additions that are not used.

        A setting that did not exist yet when a dataset was made, and has no effect, must not make it another.
        """
        scans = {key: _without(asdict(scan), _ADDED_LATER_TO_SCANS) for key, scan in self.scans.items()}
        return _without(asdict(self), _ADDED_LATER) | {"scans": scans}


def _without(content: dict[str, Any], unused: Mapping[str, object]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in unused or value != unused[key]}


def _require(holds: bool, name: str, rule: str, value: object) -> None:
    if not holds:
        raise ValueError(f"{name}: {rule}, got {value!r}")
