"""What an uneven magnetic field does to echo-planar images: displacement along A-P and loss of signal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

Array = npt.NDArray[np.floating]

_REACH_MM = 260
_WIDTH_MM = 18.0  # how far from the spine the displacement reaches, standard deviation in plane
_CORRELATION_MM = 7.0  # along the spine: the field changes from vertebra to disc
_DROPOUT_MM = 9.0
_DROPOUT_FORWARD_MM = 4.0  # the signal is lost most towards the vertebral bodies


@dataclass(frozen=True)
class EpiField:
    """Displacement and loss by place in the body (x to the right, y forward, z up, mm).

    Tables have one value per millimetre of height: ``shift_mm`` in the midline, ``shear`` per millimetre
    to the right, ``lost`` the share of the signal that is lost (0..1).
    """

    shift_mm: Array
    shear: Array
    lost: Array

    def displacement_mm(self, x: Array, y: Array, z: Array) -> Array:
        """How far forward of its true place lies what is *seen* at (x, y, z)."""
        shift, shear = self._at(self.shift_mm, z), self._at(self.shear, z)
        displaced: Array = (shift + shear * x) * np.exp(-0.5 * (x * x + y * y) / _WIDTH_MM**2)
        return displaced.astype(np.float32)

    def seen_at_mm(self, x: float, y: float, z: float) -> float:
        """Where (y) a place of the body is seen: the inverse of what :meth:`displacement_mm` undoes."""
        seen = y
        for _ in range(30):  # a contraction: the stretch is below 1
            seen = y + float(self.displacement_mm(*(np.array([value]) for value in (x, seen, z)))[0])
        return seen

    def signal(self, x: Array, y: Array, z: Array) -> npt.NDArray[np.float32]:
        """Factor of the signal seen at a place: piled up where tissue is squeezed, lost where it dephases."""
        step = 0.5
        ahead, behind = (self.displacement_mm(x, y + side * step, z) for side in (1, -1))
        density = 1 - (ahead - behind) / (2 * step)
        distance = (x * x + (y - _DROPOUT_FORWARD_MM) ** 2) / _DROPOUT_MM**2
        kept = 1 - self._at(self.lost, z) * np.exp(-0.5 * distance)
        return np.asarray(np.maximum(density, 0) * kept, dtype=np.float32)

    @property
    def reach_mm(self) -> float:
        """Largest displacement near the cord."""
        return float(np.abs(self.shift_mm).max() + 10 * np.abs(self.shear).max())

    @property
    def largest_stretch(self) -> float:
        """How much farther apart two places can be in the body than they are seen, at most."""
        return 1 + 0.61 * self.reach_mm / _WIDTH_MM

    @property
    def slope(self) -> float:
        """Largest change of the displacement near the cord, per mm of height."""
        return float(np.abs(np.diff(self.shift_mm)).max() + 10 * np.abs(np.diff(self.shear)).max())

    def _at(self, table: Array, z: Array) -> Array:
        return np.asarray(np.interp(z, np.arange(-_REACH_MM, _REACH_MM), table))


def draw_epi_field(rng: np.random.Generator, distortion_mm: float, dropout: float) -> EpiField:
    """Draw one image's field: displacement of that standard deviation, losses of up to ``dropout``."""
    profiles = gaussian_filter1d(rng.standard_normal((2 * _REACH_MM, 3)), _CORRELATION_MM, axis=0)
    shift, shear, loss = np.clip(profiles / profiles.std(axis=0), -2.5, 2.5).T
    return EpiField(
        shift_mm=distortion_mm * shift,
        shear=0.04 * distortion_mm * shear,
        # Most slices keep their signal, some lose most of it.
        lost=dropout * np.clip(loss - 0.2, 0, 1),
    )
