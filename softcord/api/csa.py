"""Cross-sectional area of the cord, as a table."""

from collections.abc import Sequence

import numpy.typing as npt
import pandas as pd

from softcord.api.volume import Image, as_mask, as_volume, is_array
from softcord.errors import UsageError
from softcord.measure.csa import Mode
from softcord.measure.files import MeasureSettings, measure_voxels
from softcord.measure.levels import levels_from_discs
from softcord.measure.slices import cord_voxels, slice_voxels

FIRST_COLUMNS = ("mode", "level", "slice", "area_mm2")


def csa(
    mask: Image,
    *,
    affine: npt.ArrayLike | None = None,
    spacing_mm: Sequence[float] | None = None,
    discs: Image | None = None,
    levels: Sequence[int] | None = None,
    per_level: bool = False,
    per_slice: bool = False,
    modes: Sequence[Mode] = ("soft", "bin"),
) -> pd.DataFrame:
    """Measure the cord's area perpendicular to its centreline, soft and binarised (> 0.5) side by side.

    Args:
        mask: values 0..1, in any orientation; a file, a volume, an image of nibabel, or an array.
        affine: of the array, shape (4, 4), voxel indices to scanner millimetres (RAS+).
        spacing_mm: sides of the array's voxels, if its axes run R-L, P-A, I-S.
        discs: disc labels on the same grid; an array has the mask's geometry.
        levels: vertebral levels to average over, 2 and 3 being C2 and C3; needs ``discs``. None: all slices.
        per_level: a row per level; needs ``discs``.
        per_slice: a row per slice.
        modes: ``soft`` sums partial volumes, ``bin`` counts voxels above 0.5, ``sct`` is SCT's definition.

    Returns:
        A row per mode and group of slices: mode, level ("2:3", or "all"), slice (numbered from inferior,
        "0:9"), area_mm2 and its SD over slices, angles, shape, length_mm and findings, as the table of
        `softcord measure` (docs/measure.md).

    Raises:
        DataError: the mask or the discs cannot be used, or do not belong together.
        UsageError: an array without its geometry, or levels without discs.

    >>> import numpy as np, softcord
    >>> softseg = np.zeros((20, 20, 10))
    >>> softseg[6:14, 6:14] = 1
    >>> softseg[14, 6:14] = 0.5  # half of these voxels is cord
    >>> table = softcord.csa(softseg, spacing_mm=(1, 1, 5))
    >>> table[["mode", "level", "slice", "area_mm2"]].round(1)
       mode level slice  area_mm2
    0  soft   all   0:9      68.0
    1   bin   all   0:9      64.0
    """
    if (levels is not None or per_level) and discs is None:
        raise UsageError("levels", "cannot be told without disc labels", "Give discs=")
    volume = as_mask(mask, affine=affine, spacing_mm=spacing_mm)
    voxels = cord_voxels(volume)
    found = None
    if discs is not None:
        labels = as_volume(discs, affine=volume.affine if is_array(discs) else None, name="discs")
        found = levels_from_discs(voxels, labels)
    settings = MeasureSettings(
        tuple(modes), None if levels is None else tuple(levels), None, per_level, per_slice
    )
    table = measure_voxels(voxels, found, settings, slice_voxels(volume))
    return table[[*FIRST_COLUMNS, *(name for name in table.columns if name not in FIRST_COLUMNS)]]
