"""Cords whose area and direction are known exactly, drawn on any voxel grid."""

from collections.abc import Callable
from dataclasses import dataclass

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.io.nifti import Volume

Floats = npt.NDArray[np.float64]
Curve = Callable[[Floats], Floats]

SEMI_AXES_MM = (6.5, 4.0)
AREA_MM2 = float(np.pi * np.prod(SEMI_AXES_MM))
# The voxel sizes of the public contrasts, and two that no multiple of 0.1 mm meets.
VOXELS_MM = (
    (1.0, 1.0, 1.0),
    (0.8, 0.8, 0.8),
    (0.5, 0.5, 5.0),
    (0.9, 0.9, 5.0),
    (0.703, 0.703, 3.0),
    (0.351, 0.351, 2.0),
)


@dataclass(frozen=True)
class Cord:
    """A drawn cord: its soft mask (RPI), its true area and its true slopes (x, y per z) at each slice."""

    softseg: Volume
    area_mm2: float
    slopes: Floats

    @property
    def angles_deg(self) -> tuple[Floats, Floats]:
        ap, rl = np.degrees(np.arctan(self.slopes)).T
        return ap, rl


def rpi_affine(spacing_mm: tuple[float, float, float]) -> Floats:
    """Indices growing to left, anterior, superior in RAS+ millimetres."""
    return np.diag([-spacing_mm[0], *spacing_mm[1:], 1.0])


def straight(slope_x: float, slope_y: float) -> tuple[Curve, Curve]:
    """A line through the middle, and its slope."""
    slope = np.array([slope_x, slope_y])
    return lambda z: np.multiply.outer(z, slope), lambda z: np.broadcast_to(slope, (len(z), 2))


def arc(radius_mm: float) -> tuple[Curve, Curve]:
    """A circle in the sagittal plane, upright in the middle: the lordosis of a neck."""

    def place(z: Floats) -> Floats:
        return np.stack([np.zeros_like(z), np.sqrt(radius_mm**2 - z**2) - radius_mm], axis=1)

    def slope(z: Floats) -> Floats:
        return np.stack([np.zeros_like(z), -z / np.sqrt(radius_mm**2 - z**2)], axis=1)

    return place, slope


def helix(radius_mm: float, pitch_mm: float) -> tuple[Curve, Curve]:
    """A screw: leans by the same angle everywhere, each time to another side."""
    k = 2 * np.pi / pitch_mm

    def place(z: Floats) -> Floats:
        return radius_mm * np.stack([np.cos(k * z), np.sin(k * z)], axis=1)

    def slope(z: Floats) -> Floats:
        return radius_mm * k * np.stack([-np.sin(k * z), np.cos(k * z)], axis=1)

    return place, slope


def draw_cord(
    curve: tuple[Curve, Curve],
    spacing_mm: tuple[float, float, float],
    *,
    length_mm: float = 50.0,
    jitter_mm: Floats | None = None,
) -> Cord:
    """Draw an elliptic tube around a curve: each voxel holds the share of its middle plane inside the tube.

    A point is inside where the ellipse perpendicular to the nearest point of the curve holds it.
    ``jitter_mm`` (slices, 2) moves whole slices, as motion does, without tilting the cord.
    """
    place, slope = curve
    fine = max(4, round(spacing_mm[0] / 0.12))
    nz = max(3, round(length_mm / spacing_mm[2]))
    z_mm = (np.arange(nz) - (nz - 1) / 2) * spacing_mm[2]
    middles = place(z_mm)
    reach = np.abs(middles).max(axis=0) + np.array(SEMI_AXES_MM) * 1.6 + 2
    nx, ny = (int(np.ceil(2 * reach[a] / spacing_mm[a])) for a in (0, 1))
    x_mm = (np.arange(nx * fine) - (nx * fine - 1) / 2) * spacing_mm[0] / fine + 0.123
    y_mm = (np.arange(ny * fine) - (ny * fine - 1) / 2) * spacing_mm[1] / fine - 0.077
    data = np.zeros((nx, ny, nz), dtype=np.float32)
    for k in range(nz):
        moved = np.zeros(2) if jitter_mm is None else jitter_mm[k]
        # Only around the cord: a tilt stretches it, by no more than this.
        near_x, near_y = (
            np.abs(grid - middle) < 1.7 * SEMI_AXES_MM[0]
            for grid, middle in zip((x_mm, y_mm), middles[k] + moved, strict=True)
        )
        inside = np.zeros((nx * fine, ny * fine), dtype=np.bool_)
        inside[np.ix_(near_x, near_y)] = _inside(
            place, slope, x_mm[near_x] - moved[0], y_mm[near_y] - moved[1], z_mm[k]
        )
        data[:, :, k] = inside.reshape(nx, fine, ny, fine).mean(axis=(1, 3))
    return Cord(Volume(data, rpi_affine(spacing_mm)), AREA_MM2, np.array(slope(z_mm)))


def _inside(place: Curve, slope: Curve, x_mm: Floats, y_mm: Floats, z_mm: float) -> npt.NDArray[np.bool_]:
    x, y = (grid.ravel() for grid in np.meshgrid(x_mm, y_mm, indexing="ij"))
    near = np.full_like(x, z_mm)
    ahead = np.ones(1)
    while np.abs(ahead).max() > 1e-6:  # walk to the point whose perpendicular plane holds (x, y, z)
        centre, lean = place(near), slope(near)
        ahead = (x - centre[:, 0]) * lean[:, 0] + (y - centre[:, 1]) * lean[:, 1] + (z_mm - near)
        near = near + ahead / (1 + (lean**2).sum(axis=1))
    centre, lean = place(near), slope(near)
    tangent = np.stack([lean[:, 0], lean[:, 1], np.ones_like(x)], axis=1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    right = np.array([1.0, 0.0, 0.0]) - tangent[:, :1] * tangent
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    front = np.cross(tangent, right)
    offset = np.stack([x - centre[:, 0], y - centre[:, 1], z_mm - near], axis=1)
    a = (offset * right).sum(axis=1) / SEMI_AXES_MM[0]
    b = (offset * front).sum(axis=1) / SEMI_AXES_MM[1]
    return (a**2 + b**2 <= 1).reshape(len(x_mm), len(y_mm))


def tilted(angle_ap_deg: float, angle_rl_deg: float) -> tuple[Curve, Curve]:
    """A line with the given rotations about the AP and RL axes."""
    return straight(float(np.tan(np.radians(angle_ap_deg))), float(np.tan(np.radians(angle_rl_deg))))


@dataclass(frozen=True)
class SctPhantom:
    """One of the phantoms that SCT tests itself with: what it is made from, and what it should measure."""

    name: str
    shape: str
    semi_axes: tuple[int, int]
    size: tuple[int, int, int]
    area_mm2: float
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    turn_is_deg: float = 0.0
    turn_rl_deg: float = 0.0
    turn_ap_deg: float = 0.0
    angles_deg: tuple[float, float] | None = None
    dtype: type = np.float32
    empty_slice: int | None = None


SCT_PHANTOMS = (
    SctPhantom("rectangle", "rectangle", (5, 3), (32, 32, 5), 77),
    SctPhantom("anisotropic", "rectangle", (5, 3), (32, 32, 25), 77, spacing_mm=(0.5, 1, 5)),
    SctPhantom("turned", "rectangle", (5, 3), (32, 32, 25), 77, spacing_mm=(1, 1, 5), turn_is_deg=15),
    SctPhantom("ellipse", "ellipse", (13, 5), (64, 64, 5), 237),
    SctPhantom("int16", "rectangle", (13, 5), (64, 320, 5), 297, dtype=np.int16),
    SctPhantom("RL -30", "ellipse", (13, 5), (64, 64, 50), 237, turn_rl_deg=-30, angles_deg=(0, -30)),
    SctPhantom("AP 20", "ellipse", (13, 5), (96, 64, 50), 237, turn_ap_deg=20, angles_deg=(20, 0)),
    SctPhantom(
        "RL -10 AP 15",
        "ellipse",
        (13, 5),
        (96, 64, 50),
        237,
        turn_rl_deg=-10,
        turn_ap_deg=15,
        angles_deg=(15, -10.35),
    ),
    SctPhantom(
        "RL -10 AP 30",
        "ellipse",
        (13, 5),
        (96, 64, 50),
        237,
        turn_rl_deg=-10,
        turn_ap_deg=30,
        angles_deg=(30, -11.51),
    ),
    # SCT expects 4908 here, counted before its resampling; 4841 is what the mask then holds.
    SctPhantom("large ellipse", "ellipse", (50, 30), (128, 128, 5), 4841),
    SctPhantom("gap", "rectangle", (5, 3), (32, 32, 5), 77, empty_slice=2),
)


def draw_sct_phantom(phantom: SctPhantom) -> Volume:
    """A shape on a 1 mm grid, tall, turned about IS, RL and AP by linear interpolation, then resampled."""
    nx, ny, nz = phantom.size
    x, y = np.mgrid[:nx, :ny] - np.array([nx // 2, ny // 2])[:, None, None]
    a, b = phantom.semi_axes
    if phantom.shape == "rectangle":
        section = (abs(x) <= a) & (abs(y) <= b)
    else:
        section = (x / (a + 0.5)) ** 2 + (y / (b + 0.5)) ** 2 <= 1
    margin = 40 if phantom.angles_deg else 0
    data = np.repeat(section[:, :, None].astype(np.float64), nz + 2 * margin, axis=2)
    for degrees, plane in (
        (phantom.turn_is_deg, (0, 1)),
        (phantom.turn_rl_deg, (1, 2)),
        (phantom.turn_ap_deg, (0, 2)),
    ):
        if degrees:
            data = ndimage.rotate(data, -degrees, axes=plane, reshape=False, order=1)
    data = data[:, :, margin : margin + nz]
    factors = 1 / np.array(phantom.spacing_mm)
    data = ndimage.zoom(data, factors, order=1, grid_mode=True, mode="grid-constant")
    if phantom.empty_slice is not None:
        data[:, :, phantom.empty_slice] = 0
    return Volume(data.astype(phantom.dtype).astype(np.float32), rpi_affine(phantom.spacing_mm))


def turn(volume: Volume, axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Volume:
    """The same volume stored with its axes permuted and flipped."""
    orientation = np.array([[axis, -1 if flip else 1] for axis, flip in zip(axes, flips, strict=True)])
    data = nib.apply_orientation(volume.data, orientation)
    return Volume(data, volume.affine @ nib.orientations.inv_ornt_aff(orientation, volume.data.shape))
