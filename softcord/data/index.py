"""Index a BIDS dataset: one table row per image, with its labels beside it."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.data.bids import (
    IMAGE_EXTENSIONS,
    LABEL_KINDS,
    BidsFile,
    LabelKind,
    Listing,
    contrast_stems,
    list_files,
    old_stems,
)
from softcord.data.exclude import NOTHING, Exclusion
from softcord.errors import DataError
from softcord.hints import listed
from softcord.processes.collector import collector_paused
from softcord.remedies import Remedy

INDEX_COLUMNS = (
    "participant_id",
    "session_id",
    "contrast",
    "image",
    "image_state",
    *LABEL_KINDS,
    "naming",
    "findings",
)

# participant, session, contrast
ImageKey = tuple[str, str, str]


@dataclass(frozen=True)
class Label:
    """A label file, the contrast of its image and whether its name is of the earlier generation."""

    file: BidsFile
    contrast: str
    kind: str
    is_old: bool

    @property
    def key(self) -> ImageKey:
        """Participant, session and contrast of the labelled image."""
        return *self.file.who, self.contrast


@dataclass(frozen=True)
class Scan:
    """Every file of a dataset that softcord looks at, before it is brought into a table.

    ``images`` and ``labels`` hold known contrasts and label kinds only, preferred name first where
    two files compete; ``listings`` hold all the rest, by folder ("" is the dataset's root), and ``stems``
    are the names that were looked for there.
    """

    root: str
    derivatives: str
    stems: dict[str, set[str]]
    images: dict[ImageKey, list[BidsFile]]
    labels: dict[tuple[ImageKey, str], list[Label]]
    listings: dict[str, Listing]

    @property
    def unreadable(self) -> list[str]:
        """Folders that may not be read."""
        return [folder for listing in self.listings.values() for folder in listing.unreadable]

    def place(self, folder: str) -> str:
        """Return where the folder of a listing lies."""
        return os.path.join(self.derivatives, folder) if folder else self.root


@collector_paused()
def index_dataset(
    root: Path | str,
    *,
    derivatives: Path | str | None = None,
    exclude: Exclusion = NOTHING,
    image_names: Mapping[str, str] | None = None,
    label_names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """List the images of the known contrasts under a BIDS root, one row each, sorted.

    Columns are ``INDEX_COLUMNS``: absolute paths as text, None where there is no file; ``image_state`` is
    "present", "not_downloaded" or "broken"; ``naming`` is "old" where a file has a name from before 2025;
    ``findings`` names files that lost against another one for the same place.

    Args:
        root: folder that holds ``sub-*``.
        derivatives: folder that holds ``labels``, ``labels_softseg``, …; ``root/derivatives`` if None.
        exclude: participants and images to leave out.
        image_names: a dataset's own image names by contrast key, e.g. ``{"T2w": "acq-sag_T2w"}``.
        label_names: a dataset's own label endings by column, e.g. ``{"hard_seg": "seg"}``.

    Raises:
        DataError: the root is missing, holds no image of a known contrast, or a folder may not be read (its
            participant can be excluded).
    """
    root = existing_root(root)
    scan = scan_dataset(root, derivatives=derivatives, image_names=image_names, label_names=label_names)
    for folder in scan.unreadable:
        if exclude.entry_for_folder(folder) is None:
            raise DataError(folder, "cannot be read", Remedy.MAY_NOT_READ)
    if not scan.images:
        raise DataError(root, *_what_is_there(scan.listings[""]))
    table = table_of(scan, exclude)
    if table.empty:
        raise DataError(root, "every image is excluded", Remedy.CHECK_EXCLUSIONS)
    return table


def unlisted_images(root: Path | str) -> list[str]:
    """Name the images that :func:`index_dataset` does not list: no known contrast, or second of one."""
    scan = scan_dataset(root)
    used = {files[0].path for files in scan.images.values()}
    files = (file for file in scan.listings[""].files if file.extension in IMAGE_EXTENSIONS)
    return sorted(file.name for file in files if file.path not in used)


def existing_root(root: Path | str) -> Path:
    """Return the absolute path of a dataset's folder.

    Raises:
        DataError: there is no such folder.
    """
    root = Path(os.path.abspath(root))
    if not root.is_dir():
        raise DataError(root, "is not a folder", Remedy.FIND_ROOT)
    return root


def scan_dataset(
    root: Path | str,
    *,
    derivatives: Path | str | None = None,
    image_names: Mapping[str, str] | None = None,
    label_names: Mapping[str, str] | None = None,
) -> Scan:
    """Walk a dataset once and sort its files into images and labels; arguments as `index_dataset`."""
    root = os.path.abspath(root)
    derivatives = os.path.join(root, "derivatives") if derivatives is None else os.path.abspath(derivatives)
    contrasts = contrast_stems(image_names)
    kinds = [_with_own_name(kind, label_names or {}) for kind in LABEL_KINDS.values()]
    listings, stems = {"": list_files(root)}, {"": set(contrasts)}
    labels: dict[tuple[ImageKey, str], list[Label]] = {}
    for kind in kinds:
        if not os.path.isdir(folder := os.path.join(derivatives, kind.folder)):
            continue
        if kind.folder not in listings:
            listings[kind.folder] = list_files(folder)
        endings = _label_stems(kind, contrasts)
        stems.setdefault(kind.folder, set()).update(endings)
        labels |= _labels(listings[kind.folder], kind.column, endings)
    return Scan(root, derivatives, stems, _images(listings[""], contrasts), labels, listings)


def _with_own_name(kind: LabelKind, label_names: Mapping[str, str]) -> LabelKind:
    own = label_names.get(kind.column)
    return kind if own is None else replace(kind, endings=(own, *kind.endings))


def _images(listing: Listing, stems: Mapping[str, str]) -> dict[ImageKey, list[BidsFile]]:
    images = defaultdict(list)
    for file in listing.files:
        contrast = stems.get(file.stem)
        if contrast is not None and file.extension in IMAGE_EXTENSIONS:
            images[(*file.who, contrast)].append(file)
    for files in images.values():
        files.sort(key=lambda file: (file.stem in old_stems(), file.extension, file.path))
    return dict(images)


def _label_stems(kind: LabelKind, contrasts: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    """Map label stems (``T2w_label-SC_seg``) to the contrast and whether the name is an old one.

    Preferred ones come first.
    """
    stems: dict[str, tuple[str, bool]] = {}
    for ending in (*kind.endings, *kind.old_endings):
        for stem, contrast in contrasts.items():
            stems.setdefault(f"{stem}_{ending}", (contrast, ending in kind.old_endings))
    return stems


def _labels(
    listing: Listing, kind: str, stems: Mapping[str, tuple[str, bool]]
) -> dict[tuple[ImageKey, str], list[Label]]:
    labels = defaultdict(list)
    for file in listing.files:
        if file.stem in stems and file.extension in IMAGE_EXTENSIONS:
            label = Label(file, stems[file.stem][0], kind, stems[file.stem][1])
            labels[label.key, kind].append(label)
    order = {stem: place for place, stem in enumerate(stems)}
    for found in labels.values():
        found.sort(key=lambda one: (order[one.file.stem], one.file.extension != ".nii.gz", one.file.path))
    return dict(labels)


def table_of(scan: Scan, exclude: Exclusion = NOTHING) -> pd.DataFrame:
    """Bring a scan into the table that `index_dataset` describes (possibly without rows)."""
    # pandas is slow to import, and `softcord -h` has to answer at once

    order = {key: place for place, key in enumerate(CONTRASTS)}
    keys = sorted(scan.images, key=lambda key: (key[0], key[1], order[key[2]]))
    rows = [_row(scan, key) for key in keys if not exclude.drops(scan.images[key][0])]
    return pd.DataFrame(rows, columns=list(INDEX_COLUMNS), dtype=object)


def _row(scan: Scan, key: ImageKey) -> dict[str, str | None]:
    files = scan.images[key]
    labels = {kind: scan.labels.get((key, kind), []) for kind in LABEL_KINDS}
    lost = [(file, files[0]) for file in files[1:]]
    lost += [(label.file, found[0].file) for found in labels.values() for label in found[1:]]
    losers = [_against(loser, winner) for loser, winner in lost]
    is_old = files[0].stem in old_stems() or any(found and found[0].is_old for found in labels.values())
    return {
        "participant_id": key[0],
        "session_id": key[1],
        "contrast": key[2],
        "image": files[0].path,
        "image_state": files[0].state,
        **{kind: found[0].file.path if found else None for kind, found in labels.items()},
        "naming": "old" if is_old else "new",
        "findings": f"not used: {', '.join(losers)}" if losers else None,
    }


def _against(loser: BidsFile, winner: BidsFile) -> str:
    """Name the file that is not used and the one that is; by their folders where the names are the same."""
    if loser.name == winner.name:
        return f"{loser.path} ({winner.path} is used)"
    return f"{loser.name} ({winner.name} is used)"


def _what_is_there(listing: Listing) -> tuple[str, str]:
    """Say that no known image is there, and what else there is, and what to do."""
    what = "holds no image of a known contrast"
    stems = sorted({file.stem for file in listing.files if file.extension in IMAGE_EXTENSIONS})
    if not stems:
        return what, "Expected sub-XX/anat/sub-XX_T2w.nii.gz and the like"
    return f"{what}, but {listed(stems)}", Remedy.SAY_IMAGE_NAMES
