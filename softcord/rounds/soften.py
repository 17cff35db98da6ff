"""Make a mask that an editor binarised soft again where nobody drew."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.measure.surface import smallest_box

Float32 = npt.NDArray[np.float32]


def soft_again(edited: Float32, predicted: Float32, spacing_mm: Sequence[float]) -> Float32:
    """Return the soft values of a prediction that came back as 0 and 1, but for what was drawn.

    A voxel that crossed 0.5 is 0 or 1, as drawn. So is one whose nearest voxel across the prediction's 0.5
    was drawn on: the faint rim of what was erased goes with it. All others keep the prediction's value.

    Args:
        edited: hard, 0 or 1.
        predicted: soft, 0 to 1, of the same shape.
        spacing_mm: sides of the voxels.

    >>> predicted = np.array([[[0, 0.3, 0.9, 1, 0.8, 0.2, 0]]], np.float32)
    >>> erased = np.array([[[0, 0, 1, 1, 0, 0, 0]]], np.float32)  # the fifth voxel, and its rim goes, too
    >>> soft_again(erased, predicted, (1, 1, 1)).round(1).tolist()
    [[[0.0, 0.30000001192092896, 0.8999999761581421, 1.0, 0.0, 0.0, 0.0]]]
    """
    drawn = (edited > 0.5) != (predicted > 0.5)
    near = drawn.copy()
    box = smallest_box((predicted > 0) | (edited > 0), (1, 1, 1))
    cord = predicted[box] > 0.5
    for side in (cord, ~cord):
        if side.any() and not side.all():
            across = ndimage.distance_transform_edt(
                ~side, sampling=spacing_mm, return_distances=False, return_indices=True
            )
            near[box] |= ~side & drawn[box][tuple(across)]
    return np.where(near, edited, predicted).astype(np.float32)
