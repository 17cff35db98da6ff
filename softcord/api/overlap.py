"""How well a mask agrees with a reference: overlap and distance."""

from collections.abc import Sequence

import numpy.typing as npt

from softcord.api.volume import Image, as_mask, is_array
from softcord.measure.image import compare_masks

OVERLAP = ("dice", "dice_soft", "rve_pct", "rve_soft_pct")
DISTANCE = ("asd_mm", "hd95_mm")


def overlap(
    mask: Image,
    reference: Image,
    *,
    affine: npt.ArrayLike | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> dict[str, float]:
    """Return Dice and relative volume error of a mask to its reference, hard (> 0.5) and soft.

    Args:
        mask: values 0..1; a file, a volume, an image of nibabel, or an array.
        reference: likewise, on the same voxel grid.
        affine: of both, if they are arrays, shape (4, 4).
        spacing_mm: of both, if they are arrays whose axes run R-L, P-A, I-S.

    Returns:
        ``dice`` and ``dice_soft`` in 0..1, ``rve_pct`` and ``rve_soft_pct`` in percent, signed: above 0 where
        the mask is larger. The definitions are those of :mod:`softcord.measure.overlap`.

    Raises:
        DataError: a mask cannot be used, or they lie on different grids.
        UsageError: an array without its geometry.

    >>> import numpy as np, softcord
    >>> reference_softseg = np.zeros((12, 12, 4))
    >>> reference_softseg[4:8, 4:8] = 1
    >>> softseg = reference_softseg.copy()
    >>> softseg[8, 4:8] = 0.4  # a rim of partial volume
    >>> found = softcord.overlap(softseg, reference_softseg, spacing_mm=(0.8, 0.8, 3))
    >>> {metric: round(value, 3) for metric, value in found.items()}
    {'dice': 1.0, 'dice_soft': 0.98, 'rve_pct': 0.0, 'rve_soft_pct': 10.0}
    """
    return _measured(mask, reference, affine, spacing_mm, OVERLAP)


def distance(
    mask: Image,
    reference: Image,
    *,
    affine: npt.ArrayLike | None = None,
    spacing_mm: Sequence[float] | None = None,
) -> dict[str, float]:
    """Return the distances in mm between the surfaces of a mask and its reference, both binarised at 0.5.

    Arguments and errors are :func:`overlap`'s.

    Returns:
        ``asd_mm``, the average symmetric surface distance, and ``hd95_mm``, the Hausdorff distance at 95 %;
        0 if both masks are empty, the diagonal of the volume if one is.

    >>> import numpy as np, softcord
    >>> reference_seg = np.zeros((12, 12, 4))
    >>> reference_seg[4:8, 4:8] = 1
    >>> seg = np.roll(reference_seg, 1, axis=2)
    >>> softcord.distance(seg, reference_seg, spacing_mm=(1, 1, 1))["hd95_mm"]
    0.0
    """
    return _measured(mask, reference, affine, spacing_mm, DISTANCE)


def _measured(
    mask: Image,
    reference: Image,
    affine: npt.ArrayLike | None,
    spacing_mm: Sequence[float] | None,
    metrics: tuple[str, ...],
) -> dict[str, float]:
    pred, expected = (
        # The geometry is for arrays; the other may be a file that has its own.
        as_mask(one, affine=affine, spacing_mm=spacing_mm, name=name)
        if is_array(one) or not (is_array(mask) or is_array(reference))
        else as_mask(one, name=name)
        for one, name in ((mask, "mask"), (reference, "reference"))
    )
    measured = {one.metric: one.value for one in compare_masks(pred, expected)}
    return {metric: measured[metric] for metric in metrics}
