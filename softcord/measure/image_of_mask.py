"""The image that a mask was drawn on, found by its name."""

from pathlib import Path

from softcord.io.names import NIFTI_EXTENSIONS, nifti_stem
from softcord.measure.tidy import image_stem


def image_of_mask(mask: Path) -> Path | None:
    """Return a mask's image: beside it, or where BIDS has it if the mask lies among derivatives; else None.

    ``t2_softseg`` is of ``t2``; ``my-bids/derivatives/NAME/sub-01/anat/sub-01_T2w_label-SC_seg`` of
    ``my-bids/sub-01/anat/sub-01_T2w``.

    >>> image_of_mask(Path("nowhere/t2_softseg.nii.gz")) is None
    True
    """
    stem = image_stem(nifti_stem(mask))
    if stem == nifti_stem(mask):
        return None  # named like an image: nothing says what it was drawn on
    for folder in (mask.parent, *_raw_folders(mask.parent)):
        for extension in NIFTI_EXTENSIONS:
            image = folder / f"{stem}{extension}"
            if image.is_file():
                return image
    return None


def _raw_folders(folder: Path) -> list[Path]:
    """Where the images of ``ROOT/derivatives/NAME/REST`` lie: ``ROOT/REST``."""
    parts = folder.absolute().parts
    if "derivatives" not in parts:
        return []
    place = len(parts) - 1 - parts[::-1].index("derivatives")
    return [Path(*parts[:place], *parts[place + 2 :])]
