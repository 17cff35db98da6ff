"""Distances between the surfaces of two hard masks, in millimetres for anisotropic voxels.

The surface of a mask are its voxels of which one of the six face neighbours is not in the mask; what lies
outside the volume is not in the mask. Distances run between voxel centres, from each surface voxel of one
mask to the nearest of the other.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, distance_transform_edt
from scipy.spatial import cKDTree

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
# Voxel sizes; or, where axes are not at right angles, the sides of a voxel as the columns of a (3, 3) array.
Spacing = tuple[float, float, float] | Floats


def surface_distances(pred_seg: Bools, reference_seg: Bools, spacing_mm: Spacing) -> tuple[Floats, Floats]:
    """Distances in mm of each surface voxel of one mask to the other's surface, and the other way round.

    Both masks must hold something; shapes are those of the two surfaces, in Fortran order of the voxels.
    """
    # Nothing outside this box is surface, so distances stay exact.
    box = smallest_box(pred_seg | reference_seg)
    pred, reference = (_surface(mask[box]) for mask in (pred_seg, reference_seg))
    if isinstance(spacing_mm, np.ndarray):
        ours, theirs = (np.argwhere(surface.T)[:, ::-1] @ spacing_mm.T for surface in (pred, reference))
        return cKDTree(theirs).query(ours)[0], cKDTree(ours).query(theirs)[0]
    to_reference, to_pred = (
        distance_transform_edt(~surface, sampling=spacing_mm) for surface in (reference, pred)
    )
    return to_reference.T[pred.T], to_pred.T[reference.T]


def asd_mm(pred_seg: Bools, reference_seg: Bools, spacing_mm: Spacing) -> float:
    """Average symmetric surface distance: the mean over the voxels of both surfaces.

    Both empty: 0. One empty: the diagonal of the volume, so that a missed cord counts, and counts as bad.
    """
    if (distance := _if_empty(pred_seg, reference_seg, spacing_mm)) is not None:
        return distance
    return float(np.concatenate(surface_distances(pred_seg, reference_seg, spacing_mm)).mean())


def hd95_mm(pred_seg: Bools, reference_seg: Bools, spacing_mm: Spacing) -> float:
    """Hausdorff distance at 95 %: the larger of both directions' 95th percentiles (linear interpolation).

    Both empty: 0. One empty: the diagonal of the volume.
    """
    if (distance := _if_empty(pred_seg, reference_seg, spacing_mm)) is not None:
        return distance
    there, back = surface_distances(pred_seg, reference_seg, spacing_mm)
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def asd_anima_compat(pred_seg: Bools, reference_seg: Bools, spacing: Spacing = (1.0, 1.0, 1.0)) -> float:
    """ASD with the fault that is in the published numbers; never use it to judge a segmentation.

    Anima keeps the smallest distance seen so far when it goes on to the next contour voxel, so that each
    voxel gets the minimum over all before it, too. The paper's volumes had lost their voxel size, hence the
    default spacing of 1 voxel. Empty masks as in :func:`asd_mm`.
    """
    if (distance := _if_empty(pred_seg, reference_seg, spacing)) is not None:
        return distance
    both = surface_distances(pred_seg, reference_seg, spacing)
    return float(np.concatenate([np.minimum.accumulate(distances) for distances in both]).mean())


def _if_empty(pred_seg: Bools, reference_seg: Bools, spacing: Spacing) -> float | None:
    has_pred, has_reference = bool(pred_seg.any()), bool(reference_seg.any())
    if has_pred and has_reference:
        return None
    if not has_pred and not has_reference:
        return 0.0
    if isinstance(spacing, np.ndarray):
        return float(np.linalg.norm(spacing @ pred_seg.shape))
    return float(np.linalg.norm(np.multiply(pred_seg.shape, spacing)))


def _surface(mask: Bools) -> Bools:
    surface: Bools = mask & ~binary_erosion(mask)
    return surface


def smallest_box(mask: Bools, margin: Sequence[int] = (0, 0, 0)) -> tuple[slice, ...]:
    """Find the smallest box around a mask that is not empty, widened by some voxels within the volume."""
    box = []
    for axis, extra in enumerate(margin):
        filled = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        box.append(slice(max(0, int(filled[0]) - extra), int(filled[-1]) + 1 + extra))
    return tuple(box)
