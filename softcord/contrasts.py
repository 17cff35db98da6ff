"""The MRI contrasts softcord knows: the only module with their BIDS names.

A new contrast of softcord's is one row; one of somebody's own is added (:func:`add_contrasts`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from softcord.errors import UsageError
from softcord.hints import did_you_mean


@dataclass(frozen=True)
class Contrast:
    """One contrast and how its files are named.

    ``stem`` is what follows ``sub-XX[_ses-YY]_`` in an image's name; ``old_stems`` are earlier names of the
    same image in spine-generic/data-multi-subject. ``like`` is the contrast of the paper's six whose model
    stands for this one's, where there is one model per contrast (section 3.4).
    """

    key: str
    datatype: str
    stem: str
    label: str
    old_stems: tuple[str, ...] = ()
    like: str | None = None

    def __post_init__(self) -> None:
        """Refuse words that cannot be in a BIDS name."""
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", self.key):
            raise ValueError(f"key: {self.key!r} is not of letters and digits")
        if not re.fullmatch(r"[a-z]+", self.datatype):
            raise ValueError(f"datatype: must be a folder of BIDS such as anat, got {self.datatype!r}")
        for stem in (self.stem, *self.old_stems):
            if not re.fullmatch(r"[A-Za-z0-9-]+(_[A-Za-z0-9-]+)*", stem):
                what = "must be what follows sub-XX_ in the name, without extension, such as acq-x_T1w"
                raise ValueError(f"stem: {what}, got {stem!r}")


_ROWS = (
    Contrast("T1w", "anat", "T1w", "T1w"),
    Contrast("T2w", "anat", "T2w", "T2w"),
    Contrast("T2star", "anat", "T2star", "T2*w"),
    Contrast("MTon", "anat", "flip-1_mt-on_MTS", "MT-on", ("acq-MTon_MTS",)),
    Contrast("GREt1w", "anat", "flip-2_mt-off_MTS", "GRE-T1w", ("acq-T1w_MTS",)),
    Contrast("dwi", "dwi", "rec-average_dwi", "DWI"),
    Contrast("MToff", "anat", "flip-1_mt-off_MTS", "MT-off", ("acq-MToff_MTS",)),
    # Contrasts of the paper's external datasets (section 2.4.4, supplement S2): tested on, never trained on.
    Contrast("UNIT1", "anat", "UNIT1", "MP2RAGE UNI", like="T1w"),
    Contrast("EPI", "func", "task-rest_rec-average_bold", "GRE-EPI", like="T2star"),
    Contrast("FLAIR", "anat", "FLAIR", "FLAIR", like="T1w"),
)
CONTRASTS: dict[str, Contrast] = {row.key: row for row in _ROWS}
_OURS = frozenset(CONTRASTS)

PAPER_SIX = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
NAMED_SETS: dict[int, tuple[str, ...]] = {
    2: ("T1w", "T2w"),
    4: ("T1w", "T2w", "dwi", "T2star"),
    6: PAPER_SIX,
}
# The paper's figures keep this order on their axis.
FIGURE_ORDER = ("dwi", "MTon", "GREt1w", "T1w", "T2star", "T2w", "MToff")


def add_contrasts(rows: Iterable[Contrast]) -> None:
    """Let softcord know contrasts of somebody's own, in this process.

    Raises:
        UsageError: a contrast, or a name of images, that softcord has already.
    """
    for row in rows:
        if row.key in _OURS:
            hint = "Give it another name; to read other file names as this contrast, map its image names"
            raise UsageError(f"contrast {row.key}", "is one of softcord's own", hint)
        others = [one for key, one in CONTRASTS.items() if key != row.key]
        taken = {stem: one.key for one in others for stem in (one.stem, *one.old_stems)}
        for stem in (row.stem, *row.old_stems):
            if stem in taken:
                raise UsageError(
                    f"contrast {row.key}", f"{stem} names images of {taken[stem]}", "Choose another stem"
                )
        CONTRASTS[row.key] = row


def contrast_label(key: object) -> str:
    """Write a contrast as figures and sentences do.

    >>> contrast_label("T2star"), contrast_label("of others")
    ('T2*w', 'of others')
    """
    return CONTRASTS[str(key)].label if str(key) in CONTRASTS else str(key)


def added_contrasts() -> tuple[Contrast, ...]:
    """Return the contrasts that are not softcord's own."""
    return tuple(row for key, row in CONTRASTS.items() if key not in _OURS)


def contrast_set(value: int | str | Iterable[str]) -> tuple[str, ...]:
    """Resolve ``2``, ``4``, ``6``, one contrast's name or a list of names to contrast keys.

    Raises:
        UsageError: for an empty list, an unknown name (the nearest one is suggested) or a repeated one.
    """
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        if int(value) not in NAMED_SETS:
            raise UsageError(
                "contrasts", f"there is no set of {value}", "Use 2, 4, 6, a name or a list of names"
            )
        return NAMED_SETS[int(value)]
    if not isinstance(value, str | list | tuple):
        raise UsageError("contrasts", f"{value!r} is not a list of names", "Use 2, 4, 6, a name or a list")
    names = (value,) if isinstance(value, str) else tuple(value)
    if not names:
        raise UsageError("contrasts", "the list is empty", f"Name at least one of {', '.join(CONTRASTS)}")
    keys = tuple(_key(name) for name in names)
    if len(set(keys)) < len(keys):
        raise UsageError("contrasts", f"a contrast is named twice in {', '.join(keys)}", "Name each once")
    return keys


def _key(name: str) -> str:
    by_lower = {key.lower(): key for key in CONTRASTS}
    if str(name).lower() in by_lower:
        return by_lower[str(name).lower()]
    hint = did_you_mean(str(name), CONTRASTS, cutoff=0.4)
    raise UsageError("contrasts", f"unknown contrast {name!r}", hint)
