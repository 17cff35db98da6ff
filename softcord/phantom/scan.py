"""Image one participant with one contrast: grid, motion, partial volume, signal, noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from softcord.io.nifti import RPI_AXCODES
from softcord.phantom.acquire import clipped_normal
from softcord.phantom.anatomy import Anatomy, Array
from softcord.phantom.epi import EpiField, draw_epi_field
from softcord.phantom.settings import ScanSettings
from softcord.phantom.thoracolumbar import Thoracolumbar
from softcord.phantom.tissues import (
    Points,
    Tissue,
    amplitude,
    ellipse_distance,
    grey_matter_distance,
    neck_layers,
)
from softcord.phantom.trunk import trunk_layers

Float32 = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Indices = npt.NDArray[np.integer] | npt.NDArray[np.floating]

_SLAB_POINTS = 30_000  # arrays of this size stay in the processor's cache
_IN_PLANE_SUBSAMPLES = 3
_SUBSLICE_MM = 0.7
# In-plane point spread beyond the voxel itself, standard deviation in voxels: echo-planar images are blurred.
_BLUR_VOXELS = {"dwi": 0.55, "EPI": 0.5}
_TEXTURE = 0.08


@dataclass(frozen=True)
class Scan:
    """Where each voxel of one image lies in the participant.

    Arrays are in RPI order. ``rotation`` and ``shift_mm`` are the head's position relative to the
    participant's frame, ``jitter_mm`` (S-I, 2) each slice's in-plane displacement: all three are motion,
    unknown to the file's header. Participant to scanner: q = rotation @ p + shift + jitter of q's slice.
    ``field``, if there is one, further displaces what an echo-planar image shows.
    """

    contrast: str
    settings: ScanSettings
    origin_mm: npt.NDArray[np.float64]
    rotation: Matrix
    shift_mm: npt.NDArray[np.float64]
    jitter_mm: npt.NDArray[np.float64]
    field: EpiField | None = None

    @property
    def affine_rpi(self) -> Matrix:
        """Voxel indices of the RPI array to scanner millimetres."""
        vx, vy, vz = self.settings.voxel_mm
        affine = np.diag([-vx, vy, vz, 1.0])
        affine[:3, :3] = self.tilt @ affine[:3, :3]
        affine[:3, 3] = self.tilt @ (self.origin_mm - self.centre_mm) + self.centre_mm
        return affine

    @cached_property
    def tilt(self) -> Matrix:
        """The turn of the stack, known to its header, about the middle of the field of view."""
        turn = Rotation.from_euler("xy", self.settings.tilt_deg, degrees=True)
        return np.asarray(turn.as_matrix(), dtype=np.float64)

    @property
    def centre_mm(self) -> npt.NDArray[np.float64]:
        """The middle of the field of view; tilting leaves it where it is."""
        half = 0.5 * (np.array(self.settings.matrix) - 1) * self.settings.voxel_mm
        return np.asarray(self.origin_mm + half * np.array([-1, 1, 1]), dtype=np.float64)

    @property
    def tilt_slope(self) -> float:
        """How far the stack's normal moves in-plane, mm per mm along the scanner's axis."""
        return float(np.hypot(self.tilt[0, 2], self.tilt[1, 2]) / self.tilt[2, 2])

    @property
    def affine_native(self) -> Matrix:
        """Voxel indices of the stored array to scanner millimetres."""
        rpi = nib.orientations.axcodes2ornt(RPI_AXCODES)
        native = nib.orientations.axcodes2ornt(tuple(self.settings.axcodes))
        turned = nib.orientations.ornt_transform(rpi, native)
        affine: Matrix = self.affine_rpi @ nib.orientations.inv_ornt_aff(turned, self.settings.matrix)
        return affine

    def points(self, anatomy: Anatomy, i: Indices, j: Indices, k: Indices) -> Points:
        """Return the places of (fractional) RPI indices; the arrays are broadcast against each other."""
        vx, vy, vz = self.settings.voxel_mm
        slice_index = np.clip(np.rint(k).astype(int), 0, self.settings.matrix[2] - 1)
        moved_x, moved_y = (self.jitter_mm[slice_index, axis] + self.shift_mm[axis] for axis in (0, 1))
        qx = (self.origin_mm[0] - vx * i - moved_x).astype(np.float32)
        qy = (self.origin_mm[1] + vy * j - moved_y).astype(np.float32)
        qz = (self.origin_mm[2] + vz * k - self.shift_mm[2]).astype(np.float32)
        if self.tilt_slope > 0:
            qx, qy, qz = self.tilted(qx, qy, qz)
        if self.field is not None:
            qy = qy - self.field.displacement_mm(qx, qy, qz)
        back = self.rotation.T.astype(np.float32)
        x, y, z = (row[0] * qx + row[1] * qy + row[2] * qz for row in back)
        return Points(x, y, z, *anatomy.cord_frame(x, y, z))

    def tilted(self, *q: Array) -> tuple[Array, Array, Array]:
        """Turn places, less the head's shift, with the stack."""
        pivot = (self.centre_mm - self.shift_mm).astype(np.float32)
        away = [one - middle for one, middle in zip(q, pivot, strict=True)]
        turn = self.tilt.astype(np.float32)
        x, y, z = (sum(f * one for f, one in zip(turn[a], away, strict=True)) + pivot[a] for a in range(3))
        return x, y, z

    def untilted(self, q: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return where scanner points (3, ...) would lie if the stack were not tilted."""
        pivot = self.centre_mm.reshape(3, *[1] * (q.ndim - 1))
        return np.asarray(np.tensordot(self.tilt.T, q - pivot, 1) + pivot, dtype=np.float64)

    def index_of(self, point_mm: npt.NDArray[np.float64]) -> tuple[int, int, int] | None:
        """Return the RPI voxel that images a place in the participant, or None outside the field of view."""
        q = self.rotation @ point_mm + self.shift_mm
        if self.field is not None:
            body = self.rotation @ point_mm
            q[1] += self.field.seen_at_mm(*body) - body[1]
        q = self.untilted(q)
        k = round((q[2] - self.origin_mm[2]) / self.settings.voxel_mm[2])
        if not 0 <= k < self.settings.matrix[2]:
            return None
        i = round((self.origin_mm[0] - q[0] - self.jitter_mm[k, 0]) / self.settings.voxel_mm[0])
        j = round((q[1] + self.jitter_mm[k, 1] - self.origin_mm[1]) / self.settings.voxel_mm[1])
        inside = 0 <= i < self.settings.matrix[0] and 0 <= j < self.settings.matrix[1]
        return (i, j, k) if inside else None


def draw_scan(
    rng: np.random.Generator, contrast: str, settings: ScanSettings, motion_mm: float, motion_deg: float
) -> Scan:
    """Draw one scan's placement, motion and slice jitter."""
    nx, ny, nz = settings.matrix
    vx, vy, vz = settings.voxel_mm
    placed = np.array([0.0, settings.centre_mm[0], settings.centre_mm[1]]) + clipped_normal(rng, (3,), 1.0)
    half = 0.5 * np.array([-(nx - 1) * vx, (ny - 1) * vy, (nz - 1) * vz])
    # Along the cord motion is small: the head cannot slide out of the coil.
    shift = clipped_normal(rng, (3,), motion_mm) * np.array([1.0, 1.0, 0.5])
    rotation = Rotation.from_euler("xyz", clipped_normal(rng, (3,), motion_deg), degrees=True).as_matrix()
    jitter = clipped_normal(rng, (nz, 2), settings.slice_jitter_mm)
    is_uneven = settings.distortion_mm > 0 or settings.dropout > 0
    field = draw_epi_field(rng, settings.distortion_mm, settings.dropout) if is_uneven else None
    return Scan(contrast, settings, placed - half, rotation, shift, jitter, field)


@dataclass(frozen=True)
class CordSamples:
    """Sub-voxel samples at the cord's border, from which any mask near that border is summed up.

    ``inside`` is 1 in voxels deep in the cord, 0 elsewhere; ``voxels`` are the flat indices of the border
    voxels, ``distance_mm`` (voxels, samples) the signed distance to the true border, ``angle`` and ``s_mm``
    the position around and along the cord; ``width_mm`` is a sample's own width.
    """

    inside: Float32
    voxels: npt.NDArray[np.intp]
    distance_mm: Float32
    angle: Float32
    s_mm: Float32
    width_mm: float

    def partial_volume(self, offset_mm: Float32 | float = 0.0) -> Float32:
        """Fraction of each voxel within the border moved outwards by ``offset_mm`` (RPI array, 0..1)."""
        filled = coverage(self.distance_mm - offset_mm, self.width_mm).mean(axis=1)
        volume = self.inside.copy()
        volume.reshape(-1)[self.voxels] = filled
        return volume


def coverage(distance_mm: Array, width_mm: float) -> Array:
    """Fraction of a sample of that width on the inner side of a border at that signed distance."""
    covered: Array = np.clip(0.5 - distance_mm * (1 / width_mm), 0, 1)
    return covered


def cord_samples(scan: Scan, anatomy: Anatomy, reach_mm: float) -> CordSamples:
    """Sample the voxels that the cord's border, moved by up to ``reach_mm``, may cross."""
    vx, vy, vz = scan.settings.voxel_mm
    # Half a voxel's diagonal; along the slice normal the border moves by the cord's tilt and taper only.
    slope = anatomy.slope + scan.tilt_slope + (0.0 if scan.field is None else scan.field.slope)
    margin = reach_mm + 0.5 * float(np.hypot(vx, vy)) + 0.5 * slope * vz
    if scan.field is not None:
        margin *= scan.field.largest_stretch
    window = _cord_window(scan, anatomy, margin)
    centre = np.full(scan.settings.matrix, np.inf, np.float32)
    for slab, at in _slabs(scan, anatomy, window=window):
        centre[*window, slab] = _cord_distance(anatomy, at)
    i, j, k = np.nonzero(np.abs(centre) < margin)
    di, dj, dk = _offsets(vz)
    at = scan.points(anatomy, i[:, None] + di, j[:, None] + dj, k[:, None] + dk)
    return CordSamples(
        inside=(centre <= -margin).astype(np.float32),
        voxels=np.ravel_multi_index((i, j, k), centre.shape),
        distance_mm=_cord_distance(anatomy, at).astype(np.float32),
        angle=np.arctan2(at.v, at.u).astype(np.float32),
        s_mm=at.s.astype(np.float32),
        width_mm=max(vx, vy) / _IN_PLANE_SUBSAMPLES,
    )


def render(
    rng: np.random.Generator, scan: Scan, anatomy: Anatomy, cord: Float32, signal: dict[Tissue, float]
) -> Float32:
    """Return the noise-free image (RPI): painted tissues, with ``cord`` (partial volume) laid over them."""
    image = _paint(scan, anatomy, signal)
    image *= 1 + _TEXTURE * _smooth_noise(rng, image.shape)
    image += cord * (_cord_signal(scan, anatomy, cord, signal) - image)
    if scan.field is not None:
        image *= _field_effect(scan, scan.field)
    blur = _BLUR_VOXELS.get(scan.contrast, 0.0)
    if blur:
        image = gaussian_filter(image, (blur, blur, 0))
    return image


def tissue_map(scan: Scan, anatomy: Anatomy, cord: Float32) -> npt.NDArray[np.uint8]:
    """Return the tissue at each voxel's centre (RPI), with the cord where it fills half the voxel."""
    labels = np.zeros(scan.settings.matrix, np.uint8)
    for slab, at in _slabs(scan, anatomy):
        for tissue, distance in _layers(anatomy, at):
            labels[:, :, slab][distance < 0] = tissue
        inside = cord[:, :, slab] > 0.5
        grey = inside & (grey_matter_distance(anatomy, at) < 0)
        labels[:, :, slab][inside] = Tissue.WHITE_MATTER
        labels[:, :, slab][grey] = Tissue.GREY_MATTER
    return labels


def render_amplitude(scan: Scan, anatomy: Anatomy, cord: Float32) -> Float32:
    """Return the strength of the signal (RPI) in the images whose ratio a contrast is."""
    strength = amplitude(scan.contrast)
    image = _paint(scan, anatomy, strength)
    return image + cord * (strength[Tissue.WHITE_MATTER] - image)


def _layers(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    """Yield what surrounds the cord, back to front."""
    return trunk_layers(anatomy, at) if isinstance(anatomy, Thoracolumbar) else neck_layers(anatomy, at)


def _field_effect(scan: Scan, field: EpiField) -> Float32:
    """Return what an uneven field makes of the signal of each voxel (RPI), as a factor."""
    nx, ny, nz = scan.settings.matrix
    vx, vy, vz = scan.settings.voxel_mm
    i, j, k = np.arange(nx)[:, None, None], np.arange(ny)[None, :, None], np.arange(nz)[None, None, :]
    x = scan.origin_mm[0] - vx * i - scan.jitter_mm[:, 0] - scan.shift_mm[0]
    y = scan.origin_mm[1] + vy * j - scan.jitter_mm[:, 1] - scan.shift_mm[1]
    z = scan.origin_mm[2] + vz * k - scan.shift_mm[2]
    return field.signal(*(scan.tilted(x, y, z) if scan.tilt_slope > 0 else (x, y, z)))


def _paint(scan: Scan, anatomy: Anatomy, signal: dict[Tissue, float]) -> Float32:
    """Paint the tissues around the cord; thick slices average several planes."""
    image = np.zeros(scan.settings.matrix, np.float32)
    width = max(scan.settings.voxel_mm[:2])
    planes = _subslices(scan.settings.voxel_mm[2], 1.25)
    for plane in planes:
        for slab, at in _slabs(scan, anatomy, float(plane)):
            canvas = np.full(at.x.shape, signal[Tissue.AIR], np.float32)
            for tissue, distance in _layers(anatomy, at):
                if distance.min() < width:  # else it covers nothing here
                    canvas += coverage(distance, width) * (signal[tissue] - canvas)
            image[:, :, slab] += canvas
    return image / np.float32(len(planes))


def _cord_signal(scan: Scan, anatomy: Anatomy, cord: Float32, signal: dict[Tissue, float]) -> Float32:
    i, j, k = np.nonzero(cord)
    planes = _subslices(scan.settings.voxel_mm[2], 1.25)
    at = scan.points(anatomy, i[:, None], j[:, None], k[:, None] + planes)
    grey = coverage(grey_matter_distance(anatomy, at), max(scan.settings.voxel_mm[:2])).mean(axis=1)
    white, difference = signal[Tissue.WHITE_MATTER], signal[Tissue.GREY_MATTER] - signal[Tissue.WHITE_MATTER]
    image = np.zeros(cord.shape, np.float32)
    image[i, j, k] = white + grey * difference
    a, b = at.semi_axes_mm(anatomy)
    for lesion in anatomy.pathology.lesions:
        share = lesion.share(at.u / a, at.v / b, at.s).mean(axis=1)
        image[i, j, k] += share * (lesion.signal * white - image[i, j, k])
    return image


def _cord_distance(anatomy: Anatomy, at: Points) -> Array:
    side = ellipse_distance(at.u, at.v, *at.semi_axes_mm(anatomy))
    distance: Array = np.maximum(side, at.s - anatomy.cord_top_mm)
    return np.maximum(distance, anatomy.cord_bottom_mm - at.s) if anatomy.cord_bottom_mm > -inf else distance


def _cord_window(scan: Scan, anatomy: Anatomy, margin_mm: float) -> tuple[slice, slice]:
    """In-plane index ranges (R-L, A-P) that hold the cord in all slices, with a margin."""
    nx, ny, nz = scan.settings.matrix
    vx, vy, vz = scan.settings.voxel_mm
    bottom = scan.origin_mm[2] - scan.shift_mm[2]
    s = np.linspace(bottom - 10, bottom + nz * vz + 10, 200)
    x, y, _, _ = anatomy.centreline.at(s)
    q = scan.untilted(scan.rotation @ np.array([x, y, s]) + scan.shift_mm[:, None])
    reach = float(anatomy.semi_axes_mm(s)[0].max()) + float(np.abs(scan.jitter_mm).max()) + margin_mm + 1
    reach += scan.field.reach_mm if scan.field is not None else 0.0
    i, j = (scan.origin_mm[0] - q[0]) / vx, (q[1] - scan.origin_mm[1]) / vy
    return _range(i, reach / vx, nx), _range(j, reach / vy, ny)


def _range(index: Array, reach: float, n: int) -> slice:
    return slice(max(0, int(index.min() - reach)), min(n, int(index.max() + reach) + 2))


_WHOLE = (slice(None), slice(None))


def _slabs(
    scan: Scan, anatomy: Anatomy, plane: float = 0.0, window: tuple[slice, slice] = _WHOLE
) -> Iterator[tuple[slice, Points]]:
    """Yield consecutive slices with their voxels' places; ``plane`` is an offset in slices."""
    nx, ny, nz = scan.settings.matrix
    i, j = np.arange(nx)[window[0], None, None], np.arange(ny)[None, window[1], None]
    step = max(1, _SLAB_POINTS // max(1, i.size * j.size))
    for first in range(0, nz, step):
        k = np.arange(first, min(first + step, nz))[None, None, :] + plane
        yield slice(first, first + step), scan.points(anatomy, i, j, k)


def _offsets(thickness_mm: float) -> tuple[Float32, Float32, Float32]:
    """Offsets of a voxel's sub-samples, in voxels, as three flat arrays."""
    n = _IN_PLANE_SUBSAMPLES
    plane = ((np.arange(n) + 0.5) / n - 0.5).astype(np.float32)
    grid = np.meshgrid(plane, plane, _subslices(thickness_mm, _SUBSLICE_MM), indexing="ij")
    return grid[0].ravel(), grid[1].ravel(), grid[2].ravel()


def _subslices(thickness_mm: float, step_mm: float) -> Float32:
    n = ceil(thickness_mm / step_mm)
    return ((np.arange(n) + 0.5) / n - 0.5).astype(np.float32)


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Float32:
    noise = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), 1.0, truncate=2.5)
    return np.asarray(noise / noise.std(), dtype=np.float32)
