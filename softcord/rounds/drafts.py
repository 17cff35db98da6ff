"""Drafts: copies of predictions that are opened in an editor, and what an editor made of them.

A draft lies under ``derivatives/labels`` with a name that nothing takes for a label, so that no training
meets a mask that nobody has looked at. What comes back becomes a soft label (``derivatives/labels_softseg``).
"""

import glob
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from softcord.data.filehash import checksum
from softcord.errors import DataError
from softcord.io.files import write_json
from softcord.io.masks import read_mask
from softcord.io.names import sidecar_of
from softcord.io.nifti import Volume, read_volume, space_of, write_like
from softcord.io.sidecar import read_sidecar, said_by_maker
from softcord.io.space import misfit
from softcord.measure.csa import csa_per_slice
from softcord.measure.overlap import dice
from softcord.measure.slices import cord_voxels
from softcord.predict.write import generated_by
from softcord.review.masks import ReviewMask, find_images
from softcord.review.ratings import now
from softcord.rounds.soften import soft_again

DRAFT, LABEL = "label-SC_desc-draft_softseg", "label-SC_softseg"
MADE_IN = "SoftcordRound"  # in a label's sidecar: softcord's loop wrote it and may write it anew
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Correction:
    """What became of a mask: how it was ``taken`` (accepted, corrected, softened), and how far it changed.

    ``changed_voxels`` crossed 0.5. ``dice`` (binarised) is of prediction and correction, ``csa_mm2`` the mean
    soft area over the slices of each.
    """

    taken: str
    changed_voxels: int
    dice: float
    csa_predicted_mm2: float
    csa_corrected_mm2: float

    def written(self) -> dict[str, str]:
        """Return the numbers as the ledger of rounds keeps them."""
        return {
            "changed_voxels": str(self.changed_voxels),
            "dice": f"{self.dice:.4f}",
            "csa_predicted_mm2": f"{self.csa_predicted_mm2:.2f}",
            "csa_corrected_mm2": f"{self.csa_corrected_mm2:.2f}",
        }


def correction_of(taken: str, predicted: Volume, corrected: Float32) -> Correction:
    """Return how far a mask was from what it became, on one grid; ``taken`` says how it became that."""
    return Correction(
        taken,
        int(((corrected > 0.5) != (predicted.data > 0.5)).sum()),
        dice(corrected > 0.5, predicted.data > 0.5),
        _mean_csa_mm2(predicted.data, predicted.affine),
        _mean_csa_mm2(corrected, predicted.affine),
    )


def draft_path(root: Path, one: ReviewMask) -> Path:
    """Return where the draft of a mask lies."""
    return _beside(root, one, "labels", DRAFT)


def label_path(root: Path, one: ReviewMask) -> Path:
    """Return where the soft label lies that a mask becomes."""
    return _beside(root, one, "labels_softseg", LABEL)


def _beside(root: Path, one: ReviewMask, folder: str, ending: str) -> Path:
    inside = one.image.parent.relative_to(Path(root).absolute())
    return Path(root) / "derivatives" / folder / inside / f"{one.name}_{ending}.nii.gz"


def write_draft(root: Path, one: ReviewMask, *, is_hard: bool = False) -> Path:
    """Write a mask as a draft, with who made it; a draft that is there is kept, somebody may be at it.

    But one that nobody changed goes when it is of another mask than this (a later model's is better), or not
    as soft or hard as is asked for. ``is_hard`` writes 0 and 1, for editors that cut off what is below 1.

    The sidecar is written before the draft has its name: a draft without one would look like a changed one.
    """
    path = draft_path(root, one)
    if path.exists() and not is_outdated(root, one):
        was_hard = bool(read_sidecar(path).get("Binarised"))
        if is_changed(path) or was_hard == is_hard:
            return path
    path.unlink(missing_ok=True)
    values = read_mask(one.mask).data
    new = path.with_name(f".new-{path.name}")
    try:
        write_like(new, (values > 0.5).astype(np.uint8) if is_hard else values, one.image)
        made = {"Draft": True, "Sources": [one.image.name, one.mask.name], "MaskSha256": checksum(one.mask)}
        how = {"Binarised": is_hard, "DraftSha256": checksum(new), "Written": now()}
        write_json(sidecar_of(path), {**made, **how})
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return path


def is_changed(draft: Path) -> bool:
    """Whether a draft is no longer as it was written."""
    return checksum(draft) != read_sidecar(draft).get("DraftSha256")


def is_outdated(root: Path, one: ReviewMask) -> bool:
    """Whether an image's draft is of another mask than this, and nobody has changed it."""
    draft = draft_path(root, one)
    return not is_changed(draft) and _made_of(draft) != checksum(one.mask)


def drafted_from(root: Path, one: ReviewMask) -> ReviewMask:
    """Return the mask that an image's draft was made of: that of a model before, if a later one has come.

    Raises:
        DataError: that mask is gone, so that nobody can tell what was corrected; the draft stays.
    """
    draft = draft_path(root, one)
    wanted, (*_, name) = _made_of(draft), read_sidecar(draft).get("Sources") or [one.mask.name]
    inside = one.image.parent.relative_to(Path(root).absolute())
    others = sorted((Path(root) / "derivatives").glob(f"*/{glob.escape(f'{inside}/{name}')}"))
    for path in (one.mask, *others):
        if path.exists() and checksum(path) == wanted:
            return replace(one, mask=path)
    raise DataError(draft, "was made of a mask that is gone", "Predict again with the model that made it")


def drafted_elsewhere(root: Path, masks: Sequence[ReviewMask]) -> list[ReviewMask]:
    """Return the images that have a draft and none of these masks, as where another folder is the newest.

    The mask of each is that of its draft, where it is there (:func:`drafted_from`), else the draft itself.
    """
    known = {one.name for one in masks}
    found = []
    for image in find_images(root):
        one = replace(image, mask=draft_path(root, image))
        if one.name not in known and one.mask.exists():
            with suppress(DataError):
                one = drafted_from(root, one)
            found.append(one)
    return found


def _made_of(draft: Path) -> str:
    return str(read_sidecar(draft).get("MaskSha256", ""))


def take_back(root: Path, one: ReviewMask, by: str) -> Correction:
    """Take a draft that was edited as the image's soft label; return what changed. The draft goes.

    A mask that came back binarised is made soft again where nobody drew (:mod:`softcord.rounds.soften`).

    Raises:
        DataError: it lies on another grid, or holds what is no share of a voxel; the draft stays. Or a label
            that this loop did not make is there.
    """
    draft = draft_path(root, one)
    image, edited, predicted = read_volume(one.image), read_mask(draft), read_mask(one.mask)
    off = misfit(space_of(image), space_of(edited))
    if off is not None and not off.fits_as_used:
        what = off.what.replace("its image", f"{one.image.name}")
        raise DataError(draft, what, "Save it on the image's own grid; the draft was left as it is")
    values, how = _taken(draft, edited, predicted)
    correction = _write_label(root, one, values, how, by)
    for path in (draft, sidecar_of(draft)):
        path.unlink(missing_ok=True)
    return correction


def is_from_round(label: Path) -> bool:
    """Whether a label is a mask that somebody corrected or passed."""
    return MADE_IN in read_sidecar(label)


def taken_of(root: Path, one: ReviewMask) -> str:
    """Return how this very mask became the image's label (accepted, corrected, softened), "" if not."""
    label = label_path(root, one)
    known = read_sidecar(label) if label.exists() else {}
    if MADE_IN not in known or said_by_maker(known, "MaskSha256") != checksum(one.mask):
        return ""
    return str(known[MADE_IN])


def withdraw(root: Path, one: ReviewMask) -> bool:
    """Remove the label that a mask became by being passed, now that it is judged otherwise; say if it was.

    What somebody corrected by hand stays.
    """
    if taken_of(root, one) != "accepted":
        return False
    label = label_path(root, one)
    for path in (label, sidecar_of(label)):
        path.unlink(missing_ok=True)
    return True


def accept(root: Path, one: ReviewMask, by: str) -> Correction:
    """Take a prediction that somebody passed as the image's soft label, as it is."""
    return _write_label(root, one, read_mask(one.mask).data, "accepted", by)


def _write_label(root: Path, one: ReviewMask, values: Float32, how: str, by: str) -> Correction:
    path = label_path(root, one)
    known = read_sidecar(path)
    if path.exists() and MADE_IN not in known:
        raise DataError(path, "is a label that was there before", "Move it away to replace it")
    correction = correction_of(how, read_mask(one.mask), values)
    made = {
        "Author": by,
        "Date": now(),
        "ChangedVoxels": correction.changed_voxels,
        "Dice": round(correction.dice, 4),
    }
    sidecar = {
        "SpatialReference": "orig",
        "GeneratedBy": [generated_by({MADE_IN: how, **made, "MaskSha256": checksum(one.mask)})],
        "Sources": [one.image.name, one.mask.name],
        MADE_IN: how,
    }
    # In this order: a label without its sidecar would be somebody else's, and never replaced.
    write_json(sidecar_of(path), sidecar)
    write_like(path, values, one.image)
    return correction


def _taken(draft: Path, edited: Volume, predicted: Volume) -> tuple[Float32, str]:
    low, high = float(edited.data.min()), float(edited.data.max())
    if low < 0 or high > 1:
        what = f"holds values from {low:g} to {high:g}, and shares of a voxel are 0 to 1"
        raise DataError(draft, what, "Save cord as 1; the draft was left as it is")
    if not _is_hard(edited.data) or _is_hard(predicted.data):
        return edited.data, "corrected"
    return soft_again(edited.data, predicted.data, predicted.spacing_mm), "softened"


def _is_hard(values: Float32) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _mean_csa_mm2(values: Float32, affine: npt.NDArray[np.float64]) -> float:
    if not (values > 0.5).any():
        return 0.0
    return float(csa_per_slice(cord_voxels(Volume(values, affine)))["area_mm2"].mean())
