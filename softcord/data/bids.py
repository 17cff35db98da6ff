"""BIDS file names of images and labels: read them, and list those under a dataset's folders."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from softcord.contrasts import CONTRASTS
from softcord.io.names import NIFTI_EXTENSIONS
from softcord.io.pointer import read_pointer

NO_SESSION = "n/a"
IMAGE_EXTENSIONS = NIFTI_EXTENSIONS

_NAME = re.compile(r"(?P<participant>sub-[A-Za-z0-9]+)(_(?P<session>ses-[A-Za-z0-9]+))?_(?P<rest>.+)")


@dataclass(frozen=True, slots=True)
class BidsFile:
    """A file under ``sub-XX[/ses-YY]/datatype``.

    ``stem`` is what follows ``sub-XX[_ses-YY]_`` in the name, without the extension (``T2w_label-SC_seg``).
    ``state`` is "present", "not_downloaded" (a pointer of git-annex or git LFS) or "broken" (an empty file or
    a dangling link); ``pointer`` is what :func:`softcord.io.pointer.read_pointer` read.
    """

    path: str
    participant_id: str
    session_id: str
    datatype: str
    stem: str
    extension: str
    state: str = "present"
    pointer: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return os.path.basename(self.path)

    @property
    def who(self) -> tuple[str, str]:
        """The participant and session."""
        return self.participant_id, self.session_id


@dataclass(frozen=True)
class LabelKind:
    """One kind of label: its column in the index, its folder under derivatives, and its name endings."""

    column: str
    folder: str
    endings: tuple[str, ...]
    old_endings: tuple[str, ...] = ()


# Names of spine-generic/data-multi-subject from r20250310 on, and (old) up to r20231212.
LABEL_KINDS: dict[str, LabelKind] = {
    kind.column: kind
    for kind in (
        LabelKind("hard_seg", "labels", ("label-SC_seg",), ("seg-manual",)),
        LabelKind("soft_seg", "labels_softseg", ("label-SC_softseg",), ("softseg",)),
        LabelKind("soft_bin_seg", "labels_softseg_bin", ("desc-softseg_label-SC_seg",)),
        LabelKind(
            "discs",
            "labels",
            ("label-discs_dlabel", "label-discs_desc-warp_dlabel"),
            ("labels-disc-manual", "discs"),
        ),
        LabelKind("levels", "labels", ("label-vertebrae_dseg",)),
        LabelKind("truth_softseg", "truth", ("label-SC_truth",)),
        # Only phantoms have them: everything that an image shows, for training on drawn images.
        LabelKind("tissues", "truth", ("label-tissue_dseg",)),
    )
}


def bids_stem(participant_id: str, session_id: str, rest: str) -> str:
    """Build a file's name without extension: ``sub-XX[_ses-YY]_rest``."""
    session = "" if session_id == NO_SESSION else f"_{session_id}"
    return f"{participant_id}{session}_{rest}"


def label_path(folder: str, image: BidsFile, ending: str) -> str:
    """Where the label of ``image`` lies in a derivatives folder: ``anat/sub-01_T2w_label-SC_seg.nii.gz``."""
    session = () if image.session_id == NO_SESSION else (image.session_id,)
    stem = bids_stem(image.participant_id, image.session_id, image.stem)
    return os.path.join(folder, image.participant_id, *session, image.datatype, f"{stem}_{ending}.nii.gz")


def parse_path(path: str) -> BidsFile | None:
    """Read participant, session, datatype, stem and extension from a path; None if the name is not BIDS."""
    folder, name = os.path.split(path)
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    stem, extension = split_extension(match["rest"])
    return BidsFile(
        path,
        match["participant"],
        match["session"] or NO_SESSION,
        os.path.basename(folder),
        stem,
        extension,
    )


def split_extension(name: str) -> tuple[str, str]:
    """Split at the first dot: ``T1w.nii.gz`` gives ``("T1w", ".nii.gz")``."""
    stem, dot, extension = name.partition(".")
    return stem, dot + extension


@dataclass
class Listing:
    """What a walk found.

    ``files`` have BIDS names, ``misnamed`` none; ``participants`` are the folders sub-*, by name;
    ``unreadable`` are folders that may not be read, ``repeated`` links to a folder that was read already.
    """

    files: list[BidsFile] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    participants: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


def list_files(root: str) -> Listing:
    """List every file under ``root/sub-*``, sorted by path, with the state of the NIfTI files."""
    listing = Listing()
    real_root = os.path.realpath(root)
    seen = {real_root}
    for entry in _entries(root, listing):
        if entry.name.startswith("sub-") and _is_folder(entry):
            listing.participants.append(entry.name)
            _walk(entry, real_root, listing, seen)
    return listing


def _walk(folder: "os.DirEntry[str]", real_parent: str, listing: Listing, seen: set[str]) -> None:
    """List a folder's files; a link is not followed to where the walk has been, or it would never end."""
    real = os.path.realpath(folder.path) if folder.is_symlink() else f"{real_parent}/{folder.name}"
    if folder.is_symlink() and real in seen:
        listing.repeated.append(folder.path)
        return
    seen.add(real)
    for entry in _entries(folder.path, listing):
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            _walk(entry, real, listing, seen)
            continue
        parsed = parse_path(entry.path)
        if parsed is None:
            listing.misnamed.append(entry.path)
        elif parsed.extension in IMAGE_EXTENSIONS:
            pointer = read_pointer(entry.path)
            listing.files.append(replace(parsed, state=_state(entry.path, pointer), pointer=pointer))
        else:
            listing.files.append(parsed)


def _entries(folder: str, listing: Listing) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        listing.unreadable.append(folder)
        return
    yield from found


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def file_state(path: str) -> str:
    """Return "present", "not_downloaded" (a pointer of git-annex or git LFS) or "broken"."""
    return _state(path, read_pointer(path))


def _state(path: str, pointer: str) -> str:
    if pointer:
        return "not_downloaded"
    try:
        return "present" if os.stat(path).st_size else "broken"
    except OSError:
        return "broken"


def contrast_stems(image_names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Map image stems to contrast keys; ``image_names`` adds a dataset's own stems by contrast key."""
    stems = {row.stem: row.key for row in CONTRASTS.values()}
    stems |= {old: row.key for row in CONTRASTS.values() for old in row.old_stems}
    return stems | {stem: key for key, stem in (image_names or {}).items()}


def old_stems() -> frozenset[str]:
    """Image stems that only earlier releases use."""
    return frozenset(old for row in CONTRASTS.values() for old in row.old_stems)
