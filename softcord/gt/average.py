"""The soft mask: the mean of aligned hard masks, weighted by whose field of view covers a voxel."""

from collections.abc import Mapping

import numpy as np

from softcord.gt.resample import Covered
from softcord.gt.settings import GtSettings


def soft_average(masks: Mapping[str, Covered], settings: GtSettings) -> Covered:
    """Average masks that lie on one grid.

    soft(v) = sum of w_c * mask_c(v) / sum of w_c * fov_c(v) over contrasts c (paper section 2.2), with
    w_c = 1 unless ``weighting=user``. With ``weighting=equal`` the denominator is the number of contrasts
    wherever any of them covers the voxel. A voxel that none covers is unknown: 0 in values and in ``fov``.

    Args:
        masks: values and field of view by contrast, 0..1, all of one shape.
        settings: weighting and weights.

    Raises:
        ValueError: no contrast, or none with a weight above 0.
    """
    weights = {contrast: settings.weights.get(contrast, 1.0) for contrast in masks}
    if sum(weights.values()) <= 0:
        raise ValueError("no contrast with a weight above 0 enters the average")
    total = np.sum([weights[c] * masks[c].values for c in masks], axis=0)
    cover = np.sum([weights[c] * masks[c].fov for c in masks], axis=0)
    is_known = cover > 1e-9
    if settings.weighting == "equal":
        cover = np.full_like(cover, len(masks))
    soft = np.where(is_known, total / np.where(is_known, cover, 1), 0.0)
    return Covered(np.clip(soft, 0, 1), is_known.astype(float))
