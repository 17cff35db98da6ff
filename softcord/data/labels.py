"""Which file is an image's label, for the ground truth that is asked for."""

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args

from softcord.data.bids import file_state
from softcord.errors import DataError, UsageError
from softcord.hints import counted, listed
from softcord.io.pointer import read_pointer, way_to_download
from softcord.io.sidecar import makers, read_sidecar
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")

HARD_MASK_HINT = Remedy.MASKS_OF_A_MODEL

Gt = Literal["soft", "hard", "soft_bin"]
LABEL_OF_GT: dict[Gt, str] = {"soft": "soft_seg", "hard": "hard_seg", "soft_bin": "soft_bin_seg"}

_WAY_OUT: dict[Gt, str] = {
    "soft": Remedy.BUILD_SOFT_LABELS,
    "hard": Remedy.ADD_HARD_LABELS,
    "soft_bin": Remedy.BUILD_BINARISED_LABELS,
}


def choose_labels(
    table: "pd.DataFrame",
    gt: Gt,
    *,
    missing: Literal["error", "skip"] = "error",
) -> "pd.DataFrame":
    """Add the column ``label``: the path of each image's label file.

    Args:
        table: rows of :func:`softcord.data.index.index_dataset`.
        gt: "soft" (0..1), "hard" (0 or 1, drawn by hand) or "soft_bin" (the soft label, binarised).
        missing: whether an image without label stops everything or is left out.

    Raises:
        UsageError: an unknown gt.
        DataError: images without label (named), no label at all, or labels not downloaded.
    """
    if gt not in get_args(Gt):
        raise UsageError("gt", f"unknown ground truth {gt!r}", f"Use one of {', '.join(get_args(Gt))}")
    labelled = table.assign(label=table[LABEL_OF_GT[gt]])
    has_label = labelled["label"].notna()
    if not has_label.all() and (missing == "error" or not has_label.any()):
        lacking = labelled[~has_label]
        what = (
            f"{len(lacking)} of {counted(len(labelled), 'image')} have no {gt} label: {name_images(lacking)}"
        )
        raise DataError("labels", what, _WAY_OUT[gt])
    labelled = labelled[has_label].reset_index(drop=True)
    for path in labelled["label"]:
        if (state := file_state(path)) != "present":
            raise DataError(
                path, f"the label is {state.replace('_', ' ')}", way_to_download(read_pointer(path))
            )
    return labelled


def labelled_participants(table: "pd.DataFrame", gt: Gt, *, or_masks: bool) -> list[str]:
    """Return the participants of an index who have a label of a ground truth.

    ``or_masks``: or a hard mask, of which a missing label will be built.
    """
    has_label = table[LABEL_OF_GT[gt]].notna()
    if or_masks:
        has_label |= table["hard_seg"].notna()
    return list(dict.fromkeys(table.loc[has_label, "participant_id"]))


def warn_of_model_masks(dataset: str, hard_segs: Iterable[str]) -> None:
    """Log a warning where masks that should be drawn by hand are predictions, as their sidecars say.

    Since release r20250314 of the public dataset that is so for the T2w hard masks of 203 participants.
    """
    made = sorted({mask for mask in hard_segs if is_model_made(read_sidecar(mask))})
    if made:
        logger.warning(
            "%s: %d hard masks are a network's predictions (%s%s). %s",
            dataset,
            len(made),
            os.path.basename(made[0]),
            ", ..." if len(made) > 1 else "",
            HARD_MASK_HINT,
        )


def warn_of_unused(dataset: str, table: "pd.DataFrame") -> None:
    """Log a warning where two files compete for one place: which one lost, so that nobody has to guess.

    The order is fixed: the dataset's own name, the current name, an older one; .nii.gz before .nii.
    """
    lost = table.dropna(subset=["findings"])
    if len(lost):
        first = lost.iloc[0]
        logger.warning(
            "%s: %d images have two files for one place (%s %s: %s%s). Remove or rename one of the two",
            dataset,
            len(lost),
            first["participant_id"],
            first["contrast"],
            first["findings"],
            ", ..." if len(lost) > 1 else "",
        )


def is_model_made(sidecar: object) -> bool:
    """Whether a label's sidecar says that a network made it (its GeneratedBy names a model or ModelURL)."""
    return any(
        "ModelURL" in maker or "agnostic" in str(maker.get("Name")).lower() for maker in makers(sidecar)
    )


def name_images(table: "pd.DataFrame", at_most: int = 4) -> str:
    """Name the first images of a table in a few words: ``sub-01 T2w, sub-02 ses-01 dwi and 7 more``."""
    sessions = (f" {row.session_id}" if row.session_id != "n/a" else "" for row in table.itertuples())
    rows = zip(table["participant_id"], sessions, table["contrast"], strict=True)
    names = [f"{participant}{session} {contrast}" for participant, session, contrast in rows]
    return listed(names, at_most)
