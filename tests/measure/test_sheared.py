"""Sheared axes: what is measured is true, because it is measured where the voxels are."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from softcord.io.nifti import Volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.files import MaskFiles, MeasureSettings, measure_file
from softcord.measure.image import compare_masks, measure_image
from softcord.measure.levels import levels_from_discs
from softcord.measure.shape import shape_per_slice
from tests.io.nifti_files import write_nifti

Floats = npt.NDArray[np.float64]
SEMI_AXES_MM = (6.5, 4.0)
AREA_MM2 = float(np.pi * np.prod(SEMI_AXES_MM))
# x with y, x with z, y with z: in degrees.
SHEARS = [(0, 0, 0), (5, 0, 0), (0, 10, 0), (0, 0, -8), (4, -6, 7), (-10, 10, 10)]


def affine_of(shear_deg: tuple[float, float, float]) -> Floats:
    xy, xz, yz = np.tan(np.radians(shear_deg))
    sheared = np.array([[1, xy, xz], [0, 1, yz], [0, 0, 1]]) @ np.diag([0.6, 0.7, 3.0])
    affine = np.eye(4)
    # Turned in the scanner, too, and first to the left.
    turn = np.array([[0.96, 0.0, 0.28], [0.0, 1.0, 0.0], [-0.28, 0.0, 0.96]])
    affine[:3, :3] = np.diag([-1, 1, 1]) @ turn @ sheared
    return affine


def tube(affine: Floats, lean: tuple[float, float], fine: int = 12) -> Volume:
    """A tube of known section that leans in millimetres, each voxel the share of its middle plane inside."""
    shape = np.array([64, 56, 15])
    local = np.linalg.inv(np.diag([-1, 1, 1]) @ np.array([[0.96, 0, 0.28], [0, 1, 0], [-0.28, 0, 0.96]]))
    steps = (np.arange(fine) + 0.5) / fine - 0.5
    i, j, k = np.meshgrid(*(np.arange(n, dtype=float) for n in shape), indexing="ij")
    direction = np.array([*lean, 1.0]) / np.linalg.norm([*lean, 1.0])
    right = np.array([1.0, 0, 0]) - direction[0] * direction
    right /= np.linalg.norm(right)
    front = np.cross(direction, right)
    data = np.zeros(shape)
    for di in steps:
        for dj in steps:
            index = np.stack([i + di, j + dj, k]) - ((shape - 1) / 2 + [0.21, -0.13, 0])[:, None, None, None]
            place = np.einsum("ab,b...->a...", local @ affine[:3, :3], index)
            a, b = (np.einsum("a,a...->...", axis, place) for axis in (right, front))
            data += (a / SEMI_AXES_MM[0]) ** 2 + (b / SEMI_AXES_MM[1]) ** 2 <= 1
    return Volume((data / fine**2).astype(np.float32), affine)


@pytest.mark.parametrize("shear_deg", SHEARS)
@pytest.mark.parametrize("lean", [(0.0, 0.0), (0.1, 0.2)])
def test_area_and_angles_are_true_on_sheared_axes(
    shear_deg: tuple[float, float, float], lean: tuple[float, float]
) -> None:
    measured = csa_per_slice(tube(affine_of(shear_deg), lean))
    # A slice is drawn to 0.3 %, with right angles, too; those of an upright tube are all alike.
    assert measured["area_mm2"].to_numpy() == pytest.approx(AREA_MM2, rel=3e-3)
    assert measured["area_mm2"].mean() == pytest.approx(AREA_MM2, rel=5e-4)
    assert measured["angle_ap_deg"].mean() == pytest.approx(np.degrees(np.arctan(lean[0])), abs=0.1)
    assert measured["angle_rl_deg"].mean() == pytest.approx(np.degrees(np.arctan(lean[1])), abs=0.1)
    hard = csa_per_slice(tube(affine_of(shear_deg), lean), mode="bin")
    # Upright slices are all binarised alike, here to 1.5 % too little, with right angles, too.
    assert hard["area_mm2"].mean() == pytest.approx(AREA_MM2, rel=2e-2)


@pytest.mark.parametrize("shear_deg", SHEARS)
def test_diameters_are_true_on_sheared_axes(shear_deg: tuple[float, float, float]) -> None:
    shape = shape_per_slice(tube(affine_of(shear_deg), (0.1, 0.2)))
    assert shape["diameter_rl_mm"].mean() == pytest.approx(2 * SEMI_AXES_MM[0], rel=5e-3)
    assert shape["diameter_ap_ellipse_mm"].mean() == pytest.approx(2 * SEMI_AXES_MM[1], rel=5e-3)


def test_volume_distance_and_levels_are_true_on_sheared_axes() -> None:
    affine = affine_of((8, 6, -7))
    mask = tube(affine, (0.1, 0.2), fine=6)  # no share is small enough to be taken for a tail
    (volume,) = (one.value for one in measure_image(mask) if one.metric == "volume_mm3")
    assert volume == pytest.approx(float(mask.data.sum()) * abs(np.linalg.det(affine[:3, :3])))
    one, other = np.zeros((2, 9, 9, 9), dtype=np.float32)
    one[2, 2, 2], other[5, 3, 4] = 1, 1
    found = {m.metric: m.value for m in compare_masks(Volume(one, affine), Volume(other, affine))}
    apart_mm = float(np.linalg.norm(affine[:3, :3] @ [3, 1, 2]))
    assert (found["asd_mm"], found["hd95_mm"]) == (pytest.approx(apart_mm), pytest.approx(apart_mm))
    discs = np.zeros_like(mask.data)
    middle = (mask.data[:, :, 7] * np.indices((64, 56))).sum(axis=(1, 2)) / mask.data[:, :, 7].sum()
    discs[round(float(middle[0])), round(float(middle[1])), 7] = 3
    assert levels_from_discs(mask, Volume(discs, affine)).slices_of([3]).max() == 7


def test_shear_is_a_finding_of_the_measured_file(tmp_path: Path) -> None:
    affine = affine_of((0, 5, 0))
    path = write_nifti(tmp_path / "mask.nii.gz", tube(affine, (0, 0)).data, sform=affine, qform=None)
    measured = measure_file(MaskFiles(path), MeasureSettings())
    assert "sheared axes" in measured.groups["findings"][0]
    assert measured.groups["area_mm2"][0] == pytest.approx(AREA_MM2, rel=1e-3)
