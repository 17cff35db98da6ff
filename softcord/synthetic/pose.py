"""Where the cord runs through a patch: each voxel's place relative to it."""

from dataclasses import dataclass
from math import tau

import numpy as np
from scipy.spatial.transform import Rotation

from softcord.phantom.anatomy import Centreline
from softcord.synthetic.lattice import Float32, Lattice
from softcord.synthetic.settings import SyntheticSettings

_ANY_TILT_MM = 5.0  # thinner slices are laid at any angle


@dataclass(frozen=True)
class Frame:
    """Each voxel's offset from the cord to the right (u) and forward (v), and height on it (s), mm."""

    u: Float32
    v: Float32
    s: Float32


def draw_frame(
    rng: np.random.Generator, lattice: Lattice, settings: SyntheticSettings, slice_mm: float = 1.0
) -> Frame:
    """Draw a bent, tilted, displaced and slightly deformed cord and return the frame around it.

    Axial slices of ``slice_mm`` that are thick are laid across the cord: the thicker, the less it is tilted.
    """
    centreline = _draw_centreline(rng, settings)
    limit = settings.tilt_deg * min(1.0, _ANY_TILT_MM / slice_mm)
    angles = np.clip(rng.normal(0, limit / 2.5, 3), -limit, limit)
    rotation = Rotation.from_euler("xyz", angles * (1.0, 0.6, 0.5), degrees=True).as_matrix()
    # Most cords lie near the middle, as in windows that are centred on one; some are cut by the edge.
    spread = settings.offset_mm * (0.5 if rng.uniform() < 0.6 else 1.2)
    offset = np.array([*rng.uniform(-spread, spread, 2), rng.uniform(-30, 30)])
    place = [
        axis + settings.deformation_mm * rng.uniform() * lattice.smooth_noise(rng, 22.0)
        for axis in lattice.coarse_points()
    ]
    x, y, z = (
        (row[0] * (place[0] - offset[0]) + row[1] * (place[1] - offset[1]) + row[2] * place[2]).astype(
            np.float32
        )
        for row in rotation
    )
    u, v, s = centreline.frame(x, y, z)
    return Frame(lattice.fine(u), lattice.fine(v), lattice.fine(s + np.float32(offset[2])))


def _draw_centreline(rng: np.random.Generator, settings: SyntheticSettings) -> Centreline:
    radius_mm = float(np.exp(rng.uniform(*np.log(settings.bend_radius_mm))))
    period_mm = float(rng.uniform(120, 300))
    return Centreline(
        tilt=0.0,
        lordosis_mm=float(rng.choice([-1, 1])) * (period_mm / tau) ** 2 / radius_mm,
        lordosis_period_mm=period_mm,
        apex_mm=float(rng.uniform(-30, 30)),
        lateral_mm=float(rng.normal(0, 1.2)),
        lateral_period_mm=float(rng.uniform(80, 200)),
        lateral_phase=float(rng.uniform(0, tau)),
    )
