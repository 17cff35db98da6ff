"""Move image and mask together: one interpolation, whatever the number of transforms."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from softcord.augment.affine import Matrix


def warp(
    image: Tensor,
    softseg: Tensor,
    matrix: Matrix | None,
    displacement: Tensor | None,
    *,
    nearest: bool = False,
) -> tuple[Tensor, Tensor]:
    """Sample image and soft mask at ``matrix @ (voxel + displacement)``, linear, mirrored at the border.

    Args:
        image: shape (R-L, A-P, S-I).
        softseg: soft mask of the same shape; stays in [0, 1].
        matrix: 3 x 4, in voxels from the centre of the patch; None is the identity.
        displacement: voxels, shape (3, ...) on a grid with the patch's corners; None is none.
        nearest: take the nearest value of ``image``, which is a label map; the mask stays linear.

    The paper interpolates the image twice (an order-2 spline, then linear); once, linear, is as sharp and
    several times faster.
    """
    if matrix is None and displacement is None:
        return image, softseg
    matrix = np.eye(3, 4) if matrix is None else matrix
    # PyTorch counts from -1 to 1 between the centres of the first and the last voxel, last axis first.
    half = np.maximum(np.array(image.shape) - 1, 1)[::-1] / 2
    linear, shift = matrix[::-1, 2::-1], matrix[::-1, 3]
    normalised = np.column_stack([linear * half[None, :] / half[:, None], shift / half])
    theta = torch.tensor(normalised, dtype=torch.float32, device=image.device)
    grid = affine_grid(theta[None], [1, 1, *image.shape], align_corners=True)
    if displacement is not None:
        # Turned while it is coarse; turning and interpolating commute.
        scaled = torch.tensor(matrix[::-1, :3] / half[:, None], dtype=torch.float32, device=image.device)
        turned = torch.einsum("ij,jxyz->ixyz", scaled, displacement)
        fine = interpolate(turned[None], size=image.shape, mode="trilinear", align_corners=True)
        grid = grid + fine.permute(0, 2, 3, 4, 1)
    if nearest:
        return _sample(image[None], grid, "nearest")[0], _sample(softseg[None], grid)[0].clamp(0.0, 1.0)
    moved = _sample(torch.stack([image, softseg]), grid)
    return moved[0], moved[1].clamp(0.0, 1.0)


def _sample(volumes: Tensor, grid: Tensor, mode: str = "bilinear") -> Tensor:
    return grid_sample(volumes[None], grid, mode=mode, padding_mode="reflection", align_corners=True)[0]
