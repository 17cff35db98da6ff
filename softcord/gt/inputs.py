"""Read one participant's masks, disc labels and image headers, naming everything that cannot be read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from softcord.errors import DataError
from softcord.gt.check import Finding, check_participant
from softcord.gt.grid import Grid
from softcord.io.header import open_nifti
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume

Value = TypeVar("Value")


@dataclass(frozen=True)
class ImageFiles:
    """The files of one contrast of a participant; None where there is none."""

    contrast: str
    image: str
    hard_seg: str | None
    discs: str | None


@dataclass(frozen=True)
class Inputs:
    """What was read, by contrast, and what is wrong with it."""

    hard_segs: dict[str, Volume]
    discs: dict[str, Volume]
    spaces: dict[str, Grid]
    findings: tuple[Finding, ...]


def read_inputs(files: Sequence[ImageFiles], reference: str) -> Inputs:
    """Read and check all files of a participant; problems become findings, never an exception."""
    findings: list[Finding] = []

    def attempt(read: Callable[[str], Value], path: str | None, contrast: str) -> dict[str, Value]:
        if path is None:
            return {}
        try:
            return {contrast: read(path)}
        except DataError as error:
            findings.append(Finding(contrast, f"{Path(path).name} {error.what}", error.hint))
            return {}

    hard_segs: dict[str, Volume] = {}
    discs: dict[str, Volume] = {}
    spaces: dict[str, Grid] = {}
    for row in files:
        hard_segs |= attempt(read_mask, row.hard_seg, row.contrast)
        discs |= attempt(read_mask, row.discs, row.contrast)
        spaces |= attempt(native_grid, row.image, row.contrast)
    if not findings:
        names = {row.contrast: Path(row.hard_seg).name for row in files if row.hard_seg}
        findings += [_naming(one, names) for one in check_participant(hard_segs, spaces, discs, reference)]
    return Inputs(hard_segs, discs, spaces, tuple(findings))


def _naming(finding: Finding, masks: dict[str, str]) -> Finding:
    """Return a finding about a mask with its file's name."""
    named = f"the mask {masks[finding.contrast]}" if finding.contrast in masks else "the mask"
    return replace(finding, what=finding.what.replace("the mask", named, 1))


def native_grid(path: str) -> Grid:
    """Read the grid of an image from its header alone.

    Raises:
        DataError: missing, not downloaded, unreadable or not one 3-D volume.
    """
    image = open_nifti(Path(path))
    image.check_content()
    return Grid(image.volume_shape, image.affine, image.space)
