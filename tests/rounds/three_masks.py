"""A dataset of three images with masks of which two are wrong."""

from pathlib import Path

import numpy as np

import softcord
from softcord.review.masks import ReviewMask, find_review_masks


def write_three_masks(root: Path) -> Path:
    """Write three images whose predictions are the truth, one without its upper half, and one shifted."""
    drawn = softcord.phantom_participant(contrasts=["T1w", "T2w", "T2star"])
    for contrast, image in drawn.images.items():
        stem, truth = f"sub-001/anat/sub-001_{contrast}", drawn.truth_softsegs[contrast]
        softcord.write_volume(root / f"{stem}.nii.gz", image.data.astype(np.int16), image.affine)
        softcord.write_volume(
            root / f"derivatives/truth/{stem}_label-SC_truth.nii.gz", truth.data, truth.affine
        )
        mask = truth.data.copy()
        if contrast == "T2star":
            mask[:, :, mask.shape[2] // 2 :] = 0
        if contrast == "T1w":
            mask = np.roll(mask, 2, 0)
        path = root / f"derivatives/softcord-m/{stem}_label-SC_softseg.nii.gz"
        softcord.write_volume(path, mask, truth.affine)
    return root


def mask_of(root: Path, contrast: str = "T2w") -> ReviewMask:
    """Return a contrast's image with its newest mask."""
    return next(one for one in find_review_masks(root) if one.contrast == contrast)
