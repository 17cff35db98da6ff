"""Find out which file of a folder is the prediction of which image."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from softcord.data.bids import parse_path
from softcord.errors import DataError, UsageError
from softcord.io.names import is_nifti, nifti_stem
from softcord.remedies import Remedy

FIELDS = ("participant", "session", "contrast", "image")

# Participant, session and contrast.
ImageKey = tuple[str, str, str]
Find = Callable[[Path], Path | None]


@dataclass(frozen=True)
class Predictions:
    """A folder of predictions made elsewhere.

    ``name`` becomes the method's, ``path`` is the folder, ``pattern`` says how files are named
    (:func:`match_predictions`).
    """

    name: str = ""
    path: str = ""
    pattern: str | None = None

    def __post_init__(self) -> None:
        """Refuse a method without name or folder."""
        if not self.path:
            raise ValueError("path: must be the folder that holds the predictions")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise ValueError(f"name: must be letters, digits, dot, dash, underscore, got {self.name!r}")
        if self.name.startswith("GT_"):
            raise ValueError(f"name: GT_... is the ground truth's in every table, got {self.name!r}")

    @property
    def folder(self) -> Path:
        """Where the predictions are."""
        return Path(self.path)


@dataclass(frozen=True)
class Matched:
    """The predictions of a folder.

    ``of_image`` holds the files by the image they belong to, several where an image has more than one;
    ``orphans`` belong to no image of the dataset.
    """

    of_image: Mapping[Path, tuple[Path, ...]]
    orphans: tuple[Path, ...]


def match_predictions(folder: Path, images: Mapping[ImageKey, Path], pattern: str | None = None) -> Matched:
    """Assign the NIfTI files under ``folder`` to images.

    Without a pattern a prediction is named after its image, as in BIDS derivatives: the image's name without
    extension (``sub-01_T2w``), then nothing or ``_`` and anything (``sub-01_T2w_label-SC_softseg.nii.gz``).

    Args:
        folder: searched with its sub-folders.
        images: path of each image of the dataset by participant, session ("n/a" if none) and contrast.
        pattern: how a file is named, with ``{participant}`` (with or without ``sub-``), ``{session}``,
            ``{contrast}`` (T1w, MTon, or as in the image's name), ``{image}`` (the image's name without
            extension) and ``*`` for anything but ``/``; with a ``/`` it is the path below ``folder``. Files
            named otherwise are no predictions.

    Raises:
        DataError: the folder is missing or holds no NIfTI file.
        UsageError: a pattern that cannot tell images apart.
    """
    files = _nifti_files(folder)
    if pattern is None:
        find = _by_name(images.values())
    else:
        named = _named(folder, files, pattern)
        find = _by_pattern(images, pattern, named)
        files = list(named)
    of_image: dict[Path, list[Path]] = defaultdict(list)
    orphans = []
    for file in files:
        image = find(file)
        if image is None:
            orphans.append(file)
        else:
            of_image[image].append(file)
    return Matched({image: tuple(found) for image, found in of_image.items()}, tuple(orphans))


def _nifti_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(folder, "is not a folder", Remedy.FIND_PREDICTIONS)
    found = [Path(at) / name for at, _, names in os.walk(folder) for name in names]
    files = sorted(path for path in found if is_nifti(path) and path.name[0] != ".")
    if not files:
        raise DataError(folder, "holds no NIfTI file (.nii, .nii.gz)", Remedy.CHECK_PREDICTIONS)
    return files


def _by_name(images: Iterable[Path]) -> Find:
    of_stem = {nifti_stem(image): image for image in images}

    def find(file: Path) -> Path | None:
        words = nifti_stem(file).split("_")
        beginnings = ("_".join(words[:n]) for n in range(len(words), 0, -1))
        return next((of_stem[stem] for stem in beginnings if stem in of_stem), None)

    return find


def _named(folder: Path, files: Iterable[Path], pattern: str) -> dict[Path, re.Match[str]]:
    """Return the files whose names are as the pattern says."""
    expression, _ = _expression(pattern)
    where = {file: file.relative_to(folder).as_posix() if "/" in pattern else file.name for file in files}
    matches = {file: expression.fullmatch(name) for file, name in where.items()}
    return {file: match for file, match in matches.items() if match}


def _by_pattern(images: Mapping[ImageKey, Path], pattern: str, named: Mapping[Path, re.Match[str]]) -> Find:
    _, fields = _expression(pattern)
    of_values: dict[tuple[str, ...], Path] = {}
    for key, image in images.items():
        for values in _values(key, image, fields):
            if of_values.setdefault(values, image) != image:
                what = f"{pattern!r} cannot tell {of_values[values].name} and {image.name} apart"
                raise UsageError("pattern", what, f"Use more of {_in_braces(FIELDS)}")

    def find(file: Path) -> Path | None:
        return of_values.get(tuple(_plain(named[file][field]) for field in fields))

    return find


def _expression(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return the regular expression of a pattern and the fields in it."""
    fields: list[str] = []
    parts = []
    for part in re.split(r"(\{\w*\}|\*)", pattern):
        name = part[1:-1]
        if part == "*":
            parts.append("[^/]*")
        elif not part.startswith("{"):
            parts.append(re.escape(part))
        elif name not in FIELDS:
            raise UsageError("pattern", f"{part} is not a field", f"Use {_in_braces(FIELDS)}")
        elif name in fields:
            parts.append(f"(?P={name})")
        else:
            fields.append(name)
            parts.append(f"(?P<{name}>[^/]+?)")
    if not fields:
        raise UsageError("pattern", f"{pattern!r} names no image", f"Use {_in_braces(FIELDS)}")
    return re.compile("".join(parts)), tuple(fields)


def _values(key: ImageKey, image: Path, fields: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield what the fields may hold for one image: a contrast has two names."""
    participant, session, contrast = key
    parsed = parse_path(str(image))
    for name in {contrast, parsed.stem if parsed else contrast}:
        known = {"participant": participant, "session": session, "contrast": name, "image": nifti_stem(image)}
        yield tuple(_plain(known[field]) for field in fields)


def _plain(value: str) -> str:
    return value.removeprefix("sub-").removeprefix("ses-").lower()


def _in_braces(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
