"""From any image to a soft cord mask in the image's own space."""

import numpy as np
import numpy.typing as npt

from softcord.data.resample import from_grid, to_grid
from softcord.nifti import Volume
from softcord.predict.clean import keep_cord
from softcord.predict.infer import predict_grid
from softcord.predict.package import Model


def predict_volume(model: Model, image: Volume, *, bfloat16: bool = False) -> Volume:
    """Return the soft mask, float32 in [0, 1], of an image of any orientation and voxel size.

    It has the image's shape and affine. ``bfloat16`` computes in that precision.
    """
    description = model.description
    grid_image, grid = to_grid(image, description.spacing_mm, description.interpolation)
    scaled = (grid_image - grid_image.min()) / max(float(grid_image.std()), 1e-6)
    return Volume(from_grid(softseg_on_grid(model, scaled, bfloat16=bfloat16), grid), image.affine)


def softseg_on_grid(
    model: Model, image_rpi: npt.NDArray[np.floating], *, bfloat16: bool = False
) -> npt.NDArray[np.float32]:
    """Return the soft mask of an image on the model's RPI grid: the net's, cleaned of what is not cord."""
    description = model.description
    softseg = predict_grid(
        model.net,
        image_rpi,
        window=description.window_voxels,
        activation=description.activation,
        bfloat16=bfloat16,
    )
    if description.rim_mm is None:
        return softseg
    return keep_cord(softseg, rim_mm=description.rim_mm, spacing_mm=description.spacing_mm)
