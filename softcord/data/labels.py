"""Which file is an image's label, for the ground truth that is asked for."""

from typing import TYPE_CHECKING, Literal, get_args

from softcord.data.bids import file_state
from softcord.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

Gt = Literal["soft", "hard", "soft_bin"]
LABEL_OF_GT: dict[Gt, str] = {"soft": "soft_seg", "hard": "hard_seg", "soft_bin": "soft_bin_seg"}

_WAY_OUT: dict[Gt, str] = {
    "soft": "Build soft labels with `softcord prepare`, or set gt=hard",
    "hard": "Add the masks under derivatives/labels, or name the images in data.exclude",
    "soft_bin": "Build them with `softcord prepare`, or set gt=soft",
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
        what = f"{len(lacking)} of {len(labelled)} images have no {gt} label: {name_images(lacking)}"
        raise DataError(f"gt={gt}", what, _WAY_OUT[gt])
    labelled = labelled[has_label].reset_index(drop=True)
    for path in labelled["label"]:
        if (state := file_state(path)) != "present":
            raise DataError(path, f"the label is {state.replace('_', ' ')}", "Fetch it with `softcord fetch`")
    return labelled


def name_images(table: "pd.DataFrame", at_most: int = 4) -> str:
    """Name the first images of a table in a few words: ``sub-01 T2w, sub-02 ses-01 dwi and 7 more``."""
    sessions = (f" {row.session_id}" if row.session_id != "n/a" else "" for row in table.itertuples())
    rows = zip(table["participant_id"], sessions, table["contrast"], strict=True)
    names = [f"{participant}{session} {contrast}" for participant, session, contrast in rows]
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more
