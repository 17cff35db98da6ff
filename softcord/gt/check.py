"""Find what makes a participant's masks and disc labels unfit for a ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from softcord.gt.discs import check_discs, disc_points
from softcord.gt.grid import CordMask, Grid, cord_mask
from softcord.io.nifti import Volume, space_of
from softcord.io.space import Space, misfit
from softcord.remedies import Remedy


@dataclass(frozen=True)
class Finding:
    """Something wrong with one contrast of a participant, and the way out."""

    contrast: str
    what: str
    hint: str


def check_participant(
    hard_segs: Mapping[str, Volume],
    spaces: Mapping[str, Grid],
    discs: Mapping[str, Volume],
    reference: str,
) -> list[Finding]:
    """Check a participant's masks and discs; an empty list means that a ground truth can be built.

    Args:
        hard_segs: hard masks by contrast, in any orientation.
        spaces: the images' own grids by contrast.
        discs: disc labels by contrast.
        reference: contrast that the others are aligned to.
    """
    findings = []
    if reference not in hard_segs:
        what = "the reference contrast has no hard mask"
        findings.append(Finding(reference, what, Remedy.OTHER_REFERENCE))
    for contrast, mask in hard_segs.items():
        findings += [Finding(contrast, *told) for told in check_mask(mask)]
        if contrast in spaces:
            findings += [Finding(contrast, *told) for told in check_space(mask, spaces[contrast])]
    if not findings:
        for contrast, labels in discs.items():
            cord = hard_segs.get(contrast)
            told = _check_discs(labels, None if cord is None else cord_mask(cord))
            findings += [Finding(contrast, *told)] if told else []
    return findings


def check_mask(mask: Volume) -> list[tuple[str, str]]:
    """Return what is wrong with a hard mask, as pairs of problem and hint."""
    data = mask.data
    if not np.isfinite(data).all():
        return [("the mask holds NaN or infinite values", "Replace them by 0")]
    if not data.any():
        return [("the mask is empty", "Segment the cord, or exclude the image")]
    if not ((data == 0) | (data == 1)).all():
        low, high = float(data.min()), float(data.max())
        what = f"a hard mask is expected, but its values are not only 0 and 1 (from {low:g} to {high:g})"
        return [(what, "Give the hard mask, or threshold this one")]
    values = cord_mask(mask).values > 0
    told = []
    components = int(ndimage.label(values, structure=np.ones((3, 3, 3)))[1])
    if components > 1:
        told.append((f"the mask has {components} components", "Keep the cord only, without gaps"))
    with_holes = _slices_with_holes(values)
    if with_holes:
        told.append((f"the mask has holes in {with_holes} axial slices", "Fill them"))
    return told


def _slices_with_holes(values: "np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]") -> int:
    within_slices = np.zeros((3, 3, 3))
    within_slices[:, 1, 1] = within_slices[1, :, 1] = 1
    filled = ndimage.binary_fill_holes(values, structure=within_slices)
    return int((filled & ~values).any(axis=(0, 1)).sum())


def check_space(mask: Volume, image: Grid) -> list[tuple[str, str]]:
    """Return what is wrong between a mask's grid and its image's."""
    space = image.space or Space(image.shape, image.affine, "affine")
    found = misfit(space, space_of(mask))
    if found is None or found.fits_as_used:
        return []
    return [(f"the mask {found.what}", "Resample the mask to its image")]


def _check_discs(labels: Volume, cord: CordMask | None) -> tuple[str, str] | None:
    try:
        points = disc_points(labels)
        if not points:
            return "the disc label image holds no disc", "Label the discs, or remove the file"
        if cord is not None:
            check_discs(points, cord)
    except ValueError as error:
        return str(error), "Correct the disc labels"
    return None
