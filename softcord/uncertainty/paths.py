"""Where the map of how sure a mask is lies: beside it."""

from pathlib import Path

from softcord.io.names import nifti_stem

ENDING = "desc-uncertainty"


def uncertainty_path(mask: Path) -> Path:
    """Return where a mask's uncertainty lies.

    >>> uncertainty_path(Path("anat/sub-01_T2w_label-SC_softseg.nii.gz")).name
    'sub-01_T2w_label-SC_desc-uncertainty.nii.gz'
    >>> uncertainty_path(Path("t2_seg.nii.gz")).name
    't2_desc-uncertainty.nii.gz'
    """
    stem = nifti_stem(mask)
    for ending in ("_softseg", "_seg"):
        stem = stem.removesuffix(ending)
    return mask.with_name(f"{stem}_{ENDING}.nii.gz")
